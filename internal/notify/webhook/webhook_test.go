package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/webhook"
	"cairn.example/internal/schematest"
)

const (
	secret = "5f0c7d1ab94e4b0f8f8f8d5b0a2c3e4f"
	path   = "/hooks/T0K3N"
)

// now is the double's clock, and that of the suite.
var now = channeltest.Now

// receiver is what somebody builds who reads the guide: it verifies, knows repeats by Cairn-Id, and shows of each key the
// newest version.
type receiver struct {
	t      *testing.T
	schema *jsonschema.Schema
	now    func() time.Time
	mu     sync.Mutex
	seen   map[string]bool
	order  []string
	newest map[string]message
	sent   []string
}

type message struct {
	ID      string `json:"id"`
	Key     string `json:"key"`
	Version int64  `json:"version"`
	State   string `json:"state"`
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
}

func (d *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	m, err := d.read(r, body)
	if err != nil {
		d.t.Errorf("the receiver refuses: %v\n%s", err, notify.Cut(string(body), 2000))
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.sent = append(d.sent, picture(r, body))
	if old, known := d.newest[m.Key]; !known {
		d.order = append(d.order, m.Key)
	} else if d.seen[m.ID] || m.Version < old.Version {
		return
	}
	d.seen[m.ID], d.newest[m.Key] = true, m
}

func (d *receiver) read(r *http.Request, body []byte) (message, error) {
	var m message
	if r.Method != http.MethodPost || r.URL.Path != path || r.Header.Get("Content-Type") != "application/json" {
		return m, fmt.Errorf("%s %s of %q", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	if err := verify(r.Header, body, secret, d.now()); err != nil {
		return m, err
	}
	if len(body) > 256_000 {
		return m, fmt.Errorf("%d bytes", len(body))
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return m, err
	}
	if err := d.schema.Validate(v); err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, err
	}
	if id := r.Header.Get("Cairn-Id"); id != m.ID || !strings.HasPrefix(id, m.Key+"-") {
		return m, fmt.Errorf("Cairn-Id %q, id %q, key %q", id, m.ID, m.Key)
	}
	return m, nil
}

func (d *receiver) shown() []channeltest.Shown {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []channeltest.Shown
	for _, key := range d.order {
		m := d.newest[key]
		out = append(out, channeltest.Shown{Text: m.Message.Text, Open: m.State == "open"})
	}
	return out
}

func (d *receiver) taken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := strings.Join(d.sent, "")
	d.sent = nil
	return out
}

// picture is a request as a person reads it; the signature changes with each byte of the body, and says nothing to anybody.
func picture(r *http.Request, body []byte) string {
	var b bytes.Buffer
	_ = json.Indent(&b, body, "", "  ")
	signature := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(r.Header.Get("Cairn-Signature"), "(64 hex digits)")
	return fmt.Sprintf("Cairn-Id: %s\nCairn-Timestamp: %s\nCairn-Signature: %s\n\n%s\n", r.Header.Get("Cairn-Id"), r.Header.Get("Cairn-Timestamp"), signature, b.String())
}

func start(t *testing.T) (*channeltest.Far, *receiver) {
	t.Helper()
	d := &receiver{t: t, schema: schematest.Compiled(t, schemaFile, true), now: func() time.Time { return now }, seen: map[string]bool{}, newest: map[string]message{}}
	s := channeltest.Serve(t, d)
	return &channeltest.Far{
		Settings: channeltest.Settings("url", s.URL+path, "secret", secret, "insecure", "true", "allowPrivate", "true"),
		Env:      s.Env(), Secrets: []string{secret, path}, Shown: d.shown, Break: s.Break, Requests: s.Requests,
	}, d
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, webhook.Kind, func(t *testing.T) *channeltest.Far {
		t.Helper()
		far, _ := start(t)
		return far
	})
}

func TestPicture(t *testing.T) {
	far, d := start(t)
	channeltest.Picture(t, "testdata/sent.txtar", webhook.Kind, far, d.taken)
}

// What an answer repeats of an address, whole, in part or decoded, no error tells.
func TestTokensOfTheAddress(t *testing.T) {
	s := channeltest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "Cannot POST %s (%s), key %s, %q", r.URL.Path, r.URL.RawQuery, r.URL.Query().Get("key"), strings.Split(r.URL.Path, "/"))
	}))
	far := channeltest.Settings("url", s.URL+"/hooks/T0K3N-AB/T0K3N-AB-S3CR3T/T0K3N%2BPATH?key=T0K3N%2BQUERY", "secret", secret, "insecure", "true", "allowPrivate", "true")
	c, err := webhook.Kind.New(far, s.Env())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	if err == nil || strings.Contains(err.Error(), "T0K3N") || strings.Contains(err.Error(), "S3CR3T") || !strings.Contains(err.Error(), "Cannot POST") {
		t.Errorf("it tells a secret, or not what came back: %v", err)
	}
}

// While a receiver changes its secret, both are good.
func TestTwoSecrets(t *testing.T) {
	const second = "0123456789abcdef0123456789abcdef"
	far, _ := start(t)
	var got http.Header
	var body []byte
	s := channeltest.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	far.Settings["url"], far.Settings["secondSecret"] = []string{s.URL}, []string{second}
	show(t, far, notify.Notice{Finding: channeltest.Stopped(), State: notify.Open})
	for _, one := range []string{secret, second} {
		if err := verify(got, body, one, now); err != nil {
			t.Errorf("%s: %v", one, err)
		}
	}
	if err := verify(got, body, "another", now); err == nil {
		t.Error("a secret that did not sign is good")
	}
}

// A trial is no version of the finding that it shows, and each is another.
func TestTrialsHaveTheirOwnIDs(t *testing.T) {
	far, _ := start(t)
	n := notify.Notice{Finding: channeltest.Stopped(), State: notify.Open, Version: 1, Opened: now}
	ids := map[string]bool{show(t, far, n): true}
	n.Test = true
	ids[show(t, far, n)] = true
	n.Opened = n.Opened.Add(time.Second)
	ids[show(t, far, n)] = true
	n.State, n.Version = notify.Resolved, 2
	ids[show(t, far, n)] = true
	if len(ids) != 4 {
		t.Errorf("the ids are %v", ids)
	}
}

// Whatever is known, a message can be told, and says that it is cut.
func TestHugeFindings(t *testing.T) {
	far, d := start(t)
	f := channeltest.Stopped()
	f.Means, f.Fix = strings.Repeat("long ", 100_000), "aws a\n"+strings.Repeat("aws x "+strings.Repeat("y", 300)+"\n", 20)
	show(t, far, notify.Notice{Finding: f, State: notify.Open, Version: 1})
	if sent := d.taken(); !strings.Contains(sent, `"cut": true`) || !strings.Contains(sent, `"eventName": "StopLogging"`) || !strings.Contains(sent, `"fix": "aws a\naws x yy`) {
		t.Error("a long text costs more than itself")
	}
	many := map[string]any{}
	for i := range 20_000 {
		many[fmt.Sprintf("name %d", i)] = "some value"
	}
	f.Cause.Changes = []model.Edit{{Resource: f.Resource.ID, Attribute: "EventSelectors", After: many}}
	show(t, far, notify.Notice{Finding: f, State: notify.Open, Version: 2})
	if sent := d.taken(); !strings.Contains(sent, `"cut": true`) || strings.Contains(sent, `"cause"`) {
		t.Error("a finding without bounds is not reduced")
	}
	show(t, far, notify.Notice{Finding: channeltest.Started(), Began: &f, State: notify.Resolved, Before: notify.Open, Version: 3})
	if sent := d.taken(); !strings.Contains(sent, `"cut": true`) || !strings.Contains(sent, `"state": "resolved"`) {
		t.Error("the end of a finding without bounds is not reduced")
	}
	f.Cause.Changes = []model.Edit{}
	show(t, far, notify.Notice{Finding: channeltest.Started(), Began: &f, State: notify.Resolved, Before: notify.Open, Version: 4})
	if sent := d.taken(); !strings.Contains(sent, `"cut": true`) || !strings.Contains(sent, `"eventName": "StopLogging"`) {
		t.Error("what began what is over is lost, since a text of it is long")
	}
}

func TestSettings(t *testing.T) {
	far, _ := start(t)
	for _, c := range []struct{ url, insecure, private, want string }{
		{"https://example.com/x", "false", "false", ""},
		{"http://example.com/x", "false", "false", "https://"},
		{"http://example.com/x", "true", "false", ""},
		{"https://localhost/x", "false", "false", "allowPrivate"},
		{"https://LOCALHOST./x", "false", "false", "allowPrivate"},
		{"https://a.localhost/x", "false", "false", "allowPrivate"},
		{"https://localhost/x", "false", "true", ""},
		{"https://169.254.169.254/latest", "false", "false", "link-local"},
		{"https://[::ffff:10.0.0.1]/", "false", "false", "private"},
		{"https://[fd00:ec2::254]/", "false", "false", "not of the public Internet"},
	} {
		s := channeltest.Settings("url", c.url, "secret", secret, "insecure", c.insecure, "allowPrivate", c.private)
		_, err := webhook.Kind.New(s, far.Env)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for url, good := range map[string]bool{
		"https://example.com/x?a=b": true, "http://example.com": true, "https://u:p@example.com": false, "https://example.com/#x": false,
		"ftp://example.com": false, "example.com": false, "": false, "https://": false, "https:example.com": false,
	} {
		if err := webhook.Kind.Settings[0].Check(url); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
	if webhook.Kind.Settings[1].Check("short") == nil || webhook.Kind.Settings[1].Check(secret) != nil {
		t.Error("the length of secrets is not checked")
	}
}

func show(t *testing.T, far *channeltest.Far, n notify.Notice) string {
	t.Helper()
	c, err := webhook.Kind.New(far.Settings, far.Env)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := c.Show(t.Context(), notify.Compose(n, now), "")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestLend(t *testing.T) {
	channeltest.Lend(t, map[string]func(*testing.T) *channeltest.Far{
		"webhook": func(t *testing.T) *channeltest.Far {
			t.Helper()
			far, d := start(t)
			d.now = time.Now
			return far
		},
	})
}
