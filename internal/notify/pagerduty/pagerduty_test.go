package pagerduty_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/pagerduty"
)

const routingKey = "0123456789abcdef0123456789abcdef"

// double is the Events API with one service behind it. It holds events to what PagerDuty documents.
type double struct {
	t      *testing.T
	mu     sync.Mutex
	alerts []*alert
	sent   []string // bodies, the routing key taken out
}

// alert keeps the summary of its first trigger; what comes later stands in its log.
type alert struct {
	key  string
	log  []string
	open bool
}

type event struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	Client     string `json:"client"`
	Payload    *struct {
		Summary   string         `json:"summary"`
		Source    string         `json:"source"`
		Severity  string         `json:"severity"`
		Timestamp time.Time      `json:"timestamp"`
		Component string         `json:"component"`
		Group     string         `json:"group"`
		Class     string         `json:"class"`
		Details   map[string]any `json:"custom_details"`
	} `json:"payload"`
	Links []struct {
		Href string `json:"href"`
		Text string `json:"text"`
	} `json:"links"`
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	e, err := d.read(r, body)
	if err != nil {
		d.t.Errorf("PagerDuty refuses: %v\n%s", err, notify.Cut(string(body), 2000))
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"status":"invalid event","message":"Event object is invalid","errors":[%q]}`, err)
		return
	}
	d.sent = append(d.sent, pretty(body))
	d.take(e)
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"status":"success","message":"Event processed","dedup_key":%q}`, e.DedupKey)
}

// read holds an event to the schema and the limits.
func (d *double) read(r *http.Request, body []byte) (event, error) {
	var e event
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return e, err
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v2/enqueue" || r.Header.Get("Content-Type") != "application/json" {
		return e, fmt.Errorf("%s %s of %s", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	switch p := e.Payload; {
	case e.RoutingKey != routingKey:
		return e, errors.New("routing_key is wrong")
	case len(body) > 512_000:
		return e, fmt.Errorf("%d bytes", len(body))
	case !slices.Contains([]string{"trigger", "resolve"}, e.Action):
		return e, fmt.Errorf("event_action %q", e.Action)
	case e.DedupKey == "" || len(e.DedupKey) > 255:
		return e, fmt.Errorf("dedup_key %q", e.DedupKey)
	case p == nil || p.Summary == "" || utf8.RuneCountInString(p.Summary) > 1024:
		return e, errors.New("payload.summary is missing or too long")
	case p.Source == "" || !slices.Contains([]string{"critical", "error", "warning", "info"}, p.Severity):
		return e, fmt.Errorf("source %q, severity %q", p.Source, p.Severity)
	case p.Timestamp.IsZero():
		return e, errors.New("no timestamp")
	}
	for _, l := range e.Links {
		if !strings.HasPrefix(l.Href, "https://") || strings.ContainsAny(l.Href, " <>\"") {
			return e, fmt.Errorf("link %q", l.Href)
		}
	}
	return e, nil
}

func (d *double) take(e event) {
	i := slices.IndexFunc(d.alerts, func(a *alert) bool { return a.key == e.DedupKey && a.open })
	switch {
	case i < 0 && e.Action == "resolve":
		return // dropped
	case i < 0:
		i, d.alerts = len(d.alerts), append(d.alerts, &alert{key: e.DedupKey, open: true})
	}
	text := e.Payload.Summary
	for name, value := range e.Payload.Details {
		text += fmt.Sprintf("\n%s: %v", name, value)
	}
	for _, l := range e.Links {
		text += "\n[" + l.Text + "](" + l.Href + ")"
	}
	d.alerts[i].log = append(d.alerts[i].log, text)
	d.alerts[i].open = e.Action == "trigger"
}

func (d *double) shown() []channeltest.Shown {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []channeltest.Shown
	for _, a := range d.alerts {
		out = append(out, channeltest.Shown{Text: strings.Join(a.log, "\n\n"), Open: a.open})
	}
	return out
}

func (d *double) taken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := strings.Join(d.sent, "")
	d.sent = nil
	return out
}

func pretty(body []byte) string {
	var b bytes.Buffer
	_ = json.Indent(&b, bytes.ReplaceAll(body, []byte(routingKey), []byte("(routing key)")), "", "  ")
	return b.String() + "\n"
}

func start(t *testing.T) (*channeltest.Far, *double) {
	t.Helper()
	d := &double{t: t}
	s := channeltest.Serve(t, d)
	return &channeltest.Far{
		Settings: channeltest.Settings("routingKey", routingKey, "url", s.URL), Env: s.Env(), Secrets: []string{routingKey},
		Shown: d.shown, Break: s.Break, Requests: s.Requests,
	}, d
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, pagerduty.Kind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		far, _ := start(t)
		return far
	})
}

func TestPicture(t *testing.T) {
	far, d := start(t)
	channeltest.Picture(t, "testdata/sent.txtar", pagerduty.Kind, far, d.taken)
}

// What was told resolves what is open and triggers nothing: somebody may have closed the alert by hand.
func TestResolveOfWhatWasToldTriggersNothing(t *testing.T) {
	far, d := start(t)
	c := channel(t, far)
	m := message(notify.Notice{Finding: channeltest.Started(), State: notify.Resolved, Before: notify.Open})
	for _, ref := range []string{"", m.Key} {
		if _, err := c.Show(t.Context(), m, ref); err != nil {
			t.Fatal(err)
		}
	}
	if shown := d.shown(); len(shown) != 0 {
		t.Errorf("an alert was opened: %+v", shown)
	}
}

// PagerDuty refuses what is larger than 512 KB, and so does its double.
func TestWhateverIsKnownFits(t *testing.T) {
	far, d := start(t)
	f := channeltest.Stopped()
	f.Cause.Lost[0].What, f.Reason, f.Fix = strings.Repeat("<\u00fc> ", 300_000), strings.Repeat("why ", 200_000), strings.Repeat("aws x\n", 100_000)
	if _, err := channel(t, far).Show(t.Context(), message(notify.Notice{Finding: f, State: notify.Open}), ""); err != nil {
		t.Fatal(err)
	}
	if text := d.shown()[0].Text; !strings.Contains(text, "aws x") || !strings.Contains(text, f.ID) {
		t.Errorf("the commands or the id are lost:\n%s", notify.Cut(text, 2000))
	}
}

// When the resolve after a trigger fails, the next attempt resolves alone.
func TestEndedIsTriggeredOnce(t *testing.T) {
	far, d := start(t)
	c := channel(t, far)
	m := message(notify.Notice{Finding: channeltest.Started(), State: notify.Resolved})
	half := &failing{after: 1, next: far.Env.HTTP.Transport}
	broken := far.Env
	broken.HTTP = &http.Client{Transport: half}
	first, err := pagerduty.Kind.New(far.Settings, broken)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := notify.Show(t.Context(), first, m, "", channeltest.Forget)
	if err == nil || ref != m.Key {
		t.Fatalf("ref %q, error %v", ref, err)
	}
	if _, err := c.Show(t.Context(), m, ref); err != nil {
		t.Fatal(err)
	}
	if shown := d.shown(); len(shown) != 1 || shown[0].Open || strings.Count(shown[0].Text, "Finding: ") != 2 {
		t.Errorf("want one trigger and one resolve: %+v", shown)
	}
}

type failing struct {
	after int
	next  http.RoundTripper
}

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.after == 0 {
		return nil, errors.New("cut")
	}
	f.after--
	return f.next.RoundTrip(r)
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   notify.Failure
	}{
		"unknown key":       {400, `{"status":"invalid event","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}`, notify.Closed},
		"bad event":         {400, `{"status":"invalid event","errors":["'payload.severity' is invalid"]}`, notify.Refused},
		"no success":        {202, `{"status":"throttled","message":"` + routingKey + `"}`, notify.Later},
		"a page of a proxy": {200, `<html>sign in</html>`, notify.Later},
		"too large":         {413, ``, notify.Refused},
		"moved":             {302, ``, notify.Closed},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer s.Close()
			far, _ := start(t)
			far.Settings["url"] = []string{s.URL}
			_, err := channel(t, far).Show(t.Context(), message(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}), "")
			if err == nil || notify.FailureOf(err).Failure != c.want || strings.Contains(err.Error(), routingKey) {
				t.Errorf("%v: want %s and no key", err, c.want)
			}
		})
	}
}

func TestKeyIsChecked(t *testing.T) {
	for key, good := range map[string]bool{routingKey: true, "": false, routingKey + "0": false} {
		if err := pagerduty.Kind.Settings[0].Check(key); (err == nil) != good {
			t.Errorf("%q: %v", key, err)
		} else if err != nil && key != "" && strings.Contains(err.Error(), key) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

func channel(t *testing.T, far *channeltest.Far) notify.Channel {
	t.Helper()
	c, err := pagerduty.Kind.New(far.Settings, far.Env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func message(n notify.Notice) notify.Message {
	n.Opened = time.Date(2026, time.November, 22, 9, 44, 7, 0, time.UTC)
	n.Resolved, n.Version = n.Opened, 1
	return notify.Compose(n, n.Opened)
}

func TestLend(t *testing.T) {
	channeltest.Lend(t, map[string]func(*testing.T) *channeltest.Far{
		"pagerduty": func(t *testing.T) *channeltest.Far {
			t.Helper()
			far, _ := start(t)
			return far
		},
	})
}
