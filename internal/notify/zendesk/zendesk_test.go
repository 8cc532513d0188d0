package zendesk_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/zendesk"
)

// now is the clock of the suite.
var now = channeltest.Now

func start(t *testing.T) (*channeltest.Far, *support) {
	t.Helper()
	d := &support{t: t, keys: map[string]use{}}
	s := channeltest.Serve(t, d)
	return &channeltest.Far{
		Settings: channeltest.Settings("subdomain", s.URL, "email", email, "token", token, "groupId", "360001234567", "tags", "cairn", "tags", "cloudtrail", "customFields", "360012345678=cloud"),
		Env:      s.Env(), Secrets: []string{token, base64.StdEncoding.EncodeToString([]byte(email + "/token:" + token))},
		Shown: d.shown, Break: s.Break, Requests: s.Requests,
	}, d
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, zendesk.Kind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		far, _ := start(t)
		return far
	})
}

func TestPicture(t *testing.T) {
	far, d := start(t)
	channeltest.Picture(t, "testdata/sent.txtar", zendesk.Kind, far, d.taken)
}

// life is a channel and what it was told.
type life struct {
	*channeltest.Script
	t *testing.T
	d *support
}

func begin(t *testing.T) *life {
	t.Helper()
	far, d := start(t)
	return &life{channeltest.Play(t, zendesk.Kind, far), t, d}
}

// is holds the tickets' statuses and priorities, the oldest first: 0 open urgent, 1 closed low.
func (l *life) is(want string) {
	l.t.Helper()
	var got []string
	for i, t := range l.d.tickets {
		got = append(got, fmt.Sprintf("%d %s %s", i, t.Status, t.Priority))
	}
	if text := strings.Join(got, ", "); text != want {
		l.t.Errorf("the tickets are %s, want %s", text, want)
	}
}

func TestReopenedTicketGoesOn(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 new urgent")
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("0 solved urgent")
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 open urgent")
}

// A closed ticket cannot be changed: what is open after that is its follow-up, what is resolved needs none.
func TestClosedTicketGetsAFollowUp(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.d.tickets[0].Status = "closed"
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("0 closed urgent")
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 closed urgent, 1 new urgent")
	if of := l.d.tickets[1].FollowUpOf; of != l.d.tickets[0].ID {
		t.Errorf("it is a follow-up of %d", of)
	}
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("0 closed urgent, 1 solved urgent")
}

// What a person set stays: the priority while the severity is the same, a status that waits for somebody, and the tags.
func TestPeoplesWorkStays(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.d.tickets[0].Priority, l.d.tickets[0].Status, l.d.tickets[0].Tags = "low", "pending", []string{"mine"}
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 pending low")
	if tags := l.d.tickets[0].Tags; len(tags) != 1 || tags[0] != "mine" {
		t.Errorf("the tags are %q", tags)
	}
}

// Zendesk takes several tickets of one external_id: the oldest that is open is gone on with.
func TestOldestOpenTicket(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	first := l.d.tickets[0]
	for i, status := range []string{"open", "solved", "closed", "hold"} {
		copied := *first
		copied.ID, copied.Status = first.ID+int64(i)+1, status
		l.d.tickets = append(l.d.tickets, &copied)
	}
	first.Status = "closed"
	l.Tell(t, channeltest.Started(), notify.Resolved)
	l.is("0 closed urgent, 1 solved urgent, 2 solved urgent, 3 closed urgent, 4 hold urgent")
	l.d.tickets[4].Status = "closed"
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 closed urgent, 1 solved urgent, 2 open urgent, 3 closed urgent, 4 closed urgent")
}

// What lost its external_id is found by its number, and what was deleted is opened anew.
func TestRefIsWhatIsLeft(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.d.tickets[0].ExternalID = "mine"
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 new urgent")
	l.d.tickets, l.d.keys = nil, map[string]use{}
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.is("0 new urgent")
}

// A key that was used for another text means that an attempt made a ticket whose answer was lost. It may be seen, or it
// was deleted.
func TestUsedKeyIsATicketThatThereIs(t *testing.T) {
	l := begin(t)
	hidden := "9999999999999999"
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.Again()
	key := l.d.tickets[0].ExternalID
	l.d.tickets[0].ExternalID = hidden
	l.Now = now.Add(time.Minute)
	err := l.Try(t.Context(), channeltest.Stopped(), notify.Open)
	if e := notify.FailureOf(err); err == nil || e.Failure != notify.Later || e.After != time.Minute || !e.Unsure {
		t.Errorf("%v: %+v", err, e)
	}
	l.d.tickets[0].ExternalID = key
	if err := l.Try(t.Context(), channeltest.Stopped(), notify.Open); err != nil {
		t.Error(err)
	}
	l.is("0 new urgent")
}

// A change that was made by an attempt whose answer was lost is not told twice.
func TestLostAnswerIsNoSecondComment(t *testing.T) {
	l := begin(t)
	first := channeltest.Stopped()
	first.Severity = model.High
	l.Tell(t, first, notify.Open)
	before := l.Notice
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.Notice = before
	l.Tell(t, channeltest.Stopped(), notify.Open)
	if n := len(l.d.tickets[0].Comments); n != 2 {
		t.Errorf("%d comments, want 2", n)
	}
	l.is("0 new urgent")
}

// The limit of one ticket does not hold up the others for as long as Zendesk says.
func TestLimitOfOneTicket(t *testing.T) {
	l := begin(t)
	l.Tell(t, channeltest.Stopped(), notify.Open)
	l.d.slow = l.Ref
	err := l.Try(t.Context(), channeltest.Started(), notify.Resolved)
	if e := notify.FailureOf(err); err == nil || e.Failure != notify.Later || e.After != 30*time.Second {
		t.Errorf("%v: %+v", err, e)
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   notify.Failure
	}{
		"closed meanwhile": {422, `{"error":"RecordInvalid","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}`, notify.Later},
		"required field":   {422, `{"error":"RecordInvalid","details":{"base":[{"description":"Type: is required when solving a ticket"}]}}`, notify.Refused},
		"key in flight":    {409, ``, notify.Later},
		"no number":        {201, `{"ticket":{}}`, notify.Later},
		"a page":           {200, `<html>` + token, notify.Later},
		"suspended":        {403, ``, notify.Closed},
		"no such account":  {404, `<html>`, notify.Closed},
	} {
		t.Run(name, func(t *testing.T) {
			s := channeltest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					fmt.Fprint(w, `{"tickets":[]}`)
					return
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			far, _ := start(t)
			far.Settings["subdomain"] = []string{s.URL}
			ch, err := zendesk.Kind.New(far.Settings, far.Env)
			if err != nil {
				t.Fatal(err)
			}
			_, err = ch.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
			if err == nil || notify.FailureOf(err).Failure != c.want || strings.Contains(err.Error(), token) {
				t.Errorf("%v: want %s", err, c.want)
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
		{[]string{"email", "a@example.com", "token", "t"}, ""},
		{[]string{"oauth", "t"}, ""},
		{[]string{"oauth", "t", "token", "t", "email", "a@example.com"}, "one of the two"},
		{[]string{"token", "t"}, "email and token, or oauth"},
		{nil, "email and token, or oauth"},
		{[]string{"oauth", "t", "priority", "high=soon=1", "groupId", "x"}, "groupId"},
		{[]string{"oauth", "t", "priority", "grave=high"}, "grave"},
		{[]string{"oauth", "t", "customFields", "x=y"}, "customFields"},
	} {
		_, err := zendesk.Kind.New(channeltest.Settings(append(c.pairs, "subdomain", "acme")...), far.Env)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.pairs, err)
		}
	}
	checks := map[string]func(string) error{}
	for _, s := range zendesk.Kind.Settings {
		checks[s.Name] = s.Check
	}
	for _, c := range []struct {
		setting, value string
		good           bool
	}{
		{"subdomain", "acme", true},
		{"subdomain", "acme.zendesk.com", false},
		{"subdomain", "https://support.example.com", true},
		{"email", "cairn@example.com", true},
		{"email", "cairn@example.com/token", false},
		{"priority", "high=urgent", true},
		{"priority", "high=soon", false},
		{"groupId", "360001234567", true},
		{"groupId", "Security", false},
		{"tags", "cloud trail", false},
		{"customFields", "360012345678=a=b", true},
		{"customFields", "cloud", false},
	} {
		if err := checks[c.setting](c.value); (err == nil) != c.good {
			t.Errorf("%s %q: %v", c.setting, c.value, err)
		}
	}
}

// Both ways to say who cairn is, and whose name an account has.
func TestAccess(t *testing.T) {
	var got []string
	catch := &http.Client{Transport: catcher{&got}}
	for _, s := range []notify.Settings{channeltest.Settings("subdomain", "acme", "oauth", "t0k3n"), channeltest.Settings("subdomain", "acme", "email", "a@b.example", "token", "t")} {
		c, err := zendesk.Kind.New(s, notify.Env{HTTP: catch, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	}
	want := "acme.zendesk.com Bearer t0k3n|acme.zendesk.com Basic " + base64.StdEncoding.EncodeToString([]byte("a@b.example/token:t"))
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
	channeltest.Lend(t, map[string]func(*testing.T) *channeltest.Far{
		"zendesk": func(t *testing.T) *channeltest.Far {
			t.Helper()
			far, _ := start(t)
			return far
		},
	})
}
