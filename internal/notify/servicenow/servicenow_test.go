package servicenow_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/servicenow"
)

// now is the clock of the suite.
var now = channeltest.Now

func start(t *testing.T) (*channeltest.Far, *instance) {
	t.Helper()
	d := &instance{t: t}
	s := channeltest.Serve(t, d)
	return &channeltest.Far{
		Settings: channeltest.Settings("instance", s.URL, "user", user, "password", password, "assignmentGroup", group, "resolvedState", "6", "closeCode", "Solution provided"),
		Env:      s.Env(), Secrets: []string{password, base64.StdEncoding.EncodeToString([]byte(user + ":" + password))},
		Shown: d.shown, Break: s.Break, Requests: s.Requests,
	}, d
}

func TestIncidents(t *testing.T) {
	channeltest.Run(t, servicenow.Kind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		far, _ := start(t)
		return far
	})
}

func TestEvents(t *testing.T) {
	channeltest.Run(t, servicenow.Events, func(t *testing.T) *channeltest.Far {
		t.Helper()
		far, _ := start(t)
		return far
	})
}

func TestPictures(t *testing.T) {
	for _, kind := range []notify.Kind{servicenow.Kind, servicenow.Events} {
		far, d := start(t)
		channeltest.Picture(t, "testdata/"+kind.Name+".txtar", kind, far, d.taken)
	}
}

// life is a channel and what it was told.
type life struct {
	*channeltest.Script
	t *testing.T
	d *instance
}

func begin(t *testing.T) *life {
	t.Helper()
	far, d := start(t)
	return &life{channeltest.Play(t, servicenow.Kind, far), t, d}
}

// is holds the incidents' states and urgencies, the oldest first: 2/1 is in progress and urgent.
func (l *life) is(want string) {
	l.t.Helper()
	var got []string
	for _, row := range l.d.incidents {
		got = append(got, row["state"]+"/"+row["urgency"])
	}
	if text := strings.Join(got, " "); text != want {
		l.t.Errorf("the incidents are %s, want %s", text, want)
	}
}

func TestReopenedIncidentGoesOn(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("1/1")
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("6/1")
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("2/1")
	if notes := l.d.incidents[0]["work_notes"]; !strings.HasPrefix(notes, "Open again.\n") {
		t.Errorf("the note does not say that it is open again:\n%s", notes)
	}
}

// A closed incident cannot be changed: what is open after that gets another, what is resolved needs none.
func TestClosedIncidentStaysAsItIs(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.d.incidents[0]["state"] = "7"
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("7/1")
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("7/1 1/1")
	if l.Ref != l.d.incidents[1]["sys_id"] {
		t.Errorf("the ref is %s", l.Ref)
	}
}

// What a person set stays: the urgency while the severity is the same, and the resolution of whoever was first.
func TestPeoplesWorkStays(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	row := l.d.incidents[0]
	row["urgency"] = "3"
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("1/3")
	row["state"], row["close_notes"] = "6", "I started it by hand."
	l.Tell(t, channeltest.Started(), notify.Resolved)
	if row["close_notes"] != "I started it by hand." || !strings.Contains(row["work_notes"], "17 m 37 s") {
		t.Errorf("the resolution is %q, the notes are:\n%s", row["close_notes"], row["work_notes"])
	}
}

// Two incidents of one finding: the oldest that is open is gone on with, whatever cairn remembers.
func TestOldestOpenIncident(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	copied := maps.Clone(l.d.incidents[0])
	copied["sys_id"] = id(7)
	l.d.incidents = append(l.d.incidents, copied)
	l.Ref = copied["sys_id"]
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("6/1 1/1")
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("6/1 1/1")
	if l.Ref != copied["sys_id"] {
		t.Errorf("the ref is %s, of one that is resolved", l.Ref)
	}
}

// What was deleted is opened anew; what lost its correlation is found by its sys_id.
func TestRefIsWhatIsLeft(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.d.incidents[0]["correlation_id"] = "mine"
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("1/1")
	l.d.incidents = nil
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("1/1")
}

// A change that was made by an attempt whose answer was lost is not told twice; one that only the note tells may be.
func TestLostAnswerIsNoSecondNote(t *testing.T) {
	l := begin(t)
	first := channeltest.Stopped()
	first.Severity = model.High
	l.Tell(t, first, notify.Open)
	before := l.Notice
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.Notice = before
	l.Tell(t, channeltest.Stopped(), notify.Open)
	if notes := l.d.incidents[0]["work_notes"]; strings.Count(notes, "Now EXTREME, it was HIGH.") != 1 {
		t.Errorf("the notes are:\n%s", notes)
	}
}

// What opened and ended in the same second is an alert that ended: the instance goes by the times of the events.
func TestEventsOfOneMoment(t *testing.T) {
	far, d := start(t)
	c, err := servicenow.Events.New(far.Settings, far.Env)
	if err != nil {
		t.Fatal(err)
	}
	n := notify.Notice{Finding: channeltest.Started(), State: notify.Resolved, Opened: now, Changed: now, Resolved: now}
	if _, err := notify.Show(t.Context(), c, notify.Compose(n, now), "", channeltest.Forget); err != nil {
		t.Fatal(err)
	}
	if shown := d.shown(); len(shown) != 1 || shown[0].Open {
		t.Errorf("it shows %+v", shown)
	}
}

// What had ended before cairn heard that it began is an alert that ended: both are told by when cairn came to know of them.
func TestEventsThatCameLate(t *testing.T) {
	far, d := start(t)
	c, err := servicenow.Events.New(far.Settings, far.Env)
	if err != nil {
		t.Fatal(err)
	}
	stopped, started := channeltest.Stopped(), channeltest.Started()
	heard := started.Cause.EventTime.Add(time.Minute)
	n := notify.Notice{Finding: stopped, State: notify.Open, Version: 1, Opened: stopped.Cause.EventTime, Changed: heard}
	ref, err := notify.Show(t.Context(), c, notify.Compose(n, heard), "", channeltest.Forget)
	if err != nil {
		t.Fatal(err)
	}
	n.Finding, n.State, n.Version, n.Before, n.Was = started, notify.Resolved, 2, notify.Open, stopped.Severity
	n.Changed, n.Resolved = heard.Add(time.Minute), started.Cause.EventTime
	if _, err := notify.Show(t.Context(), c, notify.Compose(n, n.Changed), ref, channeltest.Forget); err != nil {
		t.Fatal(err)
	}
	if shown := d.shown(); len(shown) != 1 || shown[0].Open {
		t.Errorf("it shows %+v", shown)
	}
}

func TestAnswers(t *testing.T) {
	in := strconv.FormatInt(now.Add(20*time.Minute).Unix(), 10)
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   notify.Failure
		after  time.Duration
	}{
		"data policy":      {403, nil, `{"error":{"message":"Operation Failed","detail":"Data Policy Exception: The following fields are mandatory: Caller"}}`, notify.Refused, 0},
		"business rule":    {403, nil, `{"error":{"detail":"Operation against file 'incident' was aborted by Business Rule 'x^0e5b'."}}`, notify.Refused, 0},
		"no right":         {403, nil, `{"error":{"message":"Insufficient rights to query records"}}`, notify.Closed, 0},
		"no plugin":        {400, nil, `{"error":{"message":"Invalid table em_event"}}`, notify.Closed, 0},
		"bad field":        {400, nil, `{"error":{"message":"bad"}}`, notify.Refused, 0},
		"rate limit":       {429, map[string]string{"X-RateLimit-Reset": in}, `{"error":{"message":"Rate limit exceeded"}}`, notify.Later, 20 * time.Minute},
		"both":             {429, map[string]string{"X-RateLimit-Reset": in, "Retry-After": "30"}, ``, notify.Later, 30 * time.Second},
		"reset long ago":   {429, map[string]string{"X-RateLimit-Reset": "1"}, ``, notify.Later, 0},
		"reset far away":   {429, map[string]string{"X-RateLimit-Reset": "99999999999"}, ``, notify.Later, time.Hour},
		"instance asleep":  {200, nil, `<html>Your instance is hibernating ` + password + `</html>`, notify.Later, 0},
		"no sys_id":        {201, nil, `{"result":{}}`, notify.Later, 0},
		"single sign-on":   {302, nil, ``, notify.Closed, 0},
		"no result at all": {200, nil, `{"result":"none"}`, notify.Later, 0},
	} {
		t.Run(name, func(t *testing.T) {
			far, _ := start(t)
			s := channeltest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && c.status < 300 {
					fmt.Fprint(w, `{"result":[]}`)
					return
				}
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			far.Settings["instance"] = []string{s.URL}
			ch, err := servicenow.Kind.New(far.Settings, far.Env)
			if err != nil {
				t.Fatal(err)
			}
			_, err = ch.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
			if err == nil {
				t.Fatal("no error")
			}
			if e := notify.FailureOf(err); e.Failure != c.want || e.After != c.after || strings.Contains(err.Error(), password) {
				t.Errorf("%v: %s after %s, want %s after %s", err, e.Failure, e.After, c.want, c.after)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	far, _ := start(t)
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"user", "u", "password", "p"}, ""},
		{[]string{"token", "t"}, ""},
		{[]string{"user", "u"}, "user and password, or token"},
		{[]string{"user", "u", "password", "p", "token", "t"}, "one of the two"},
		{nil, "user and password, or token"},
		{[]string{"token", "t", "urgency", "grave=1"}, "grave"},
	} {
		_, err := servicenow.Kind.New(channeltest.Settings(append(c.pairs, "instance", "acme")...), far.Env)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.pairs, err)
		}
	}
	checks := map[string]func(string) error{}
	for _, s := range servicenow.Kind.Settings {
		checks[s.Name] = s.Check
	}
	for _, c := range []struct {
		setting, value string
		good           bool
	}{
		{"instance", "acme", true},
		{"instance", "https://acme.servicenowservices.com", true},
		{"instance", "acme.evil.example/", false},
		{"instance", "http://acme.example", false},
		{"assignmentGroup", group, true},
		{"assignmentGroup", "Service Desk", false},
		{"assignmentGroup", group + "^ORactive=true", false},
		{"urgency", "high=1", true},
		{"urgency", "high=0", false},
		{"resolvedState", "6", true},
		{"resolvedState", "Resolved", false},
		{"closeNotes", strings.Repeat("x", 1001), false},
	} {
		if err := checks[c.setting](c.value); (err == nil) != c.good {
			t.Errorf("%s %q: %v", c.setting, c.value, err)
		}
	}
}

// Both ways to say who cairn is, and whose name an instance has.
func TestAccess(t *testing.T) {
	var got []string
	catch := &http.Client{Transport: catcher{&got}}
	for _, s := range []notify.Settings{channeltest.Settings("instance", "acme", "token", "t0k3n"), channeltest.Settings("instance", "acme", "user", "u", "password", "p")} {
		c, err := servicenow.Events.New(s, notify.Env{HTTP: catch, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	}
	want := "acme.service-now.com Bearer t0k3n|acme.service-now.com Basic dTpw"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("%s, want %s", text, want)
	}
}

type catcher struct{ got *[]string }

func (c catcher) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.got = append(*c.got, r.URL.Host+" "+r.Header.Get("Authorization"))
	return nil, http.ErrHandlerTimeout
}

func TestLend(t *testing.T) {
	begin := func(t *testing.T) *channeltest.Far {
		t.Helper()
		far, _ := start(t)
		return far
	}
	channeltest.Lend(t, map[string]func(*testing.T) *channeltest.Far{"servicenow": begin, "servicenow-events": begin})
}
