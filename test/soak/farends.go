package soak

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What cairn.yaml says of the far ends.
const (
	routingKey = "0123456789abcdef0123456789abcdef"
	secret     = "a secret of thirty-two characters or more"
	slackPath  = "/services/T000/B000/XXXX"
)

// FarEnds are PagerDuty, a receiver of signed webhooks and Slack. While they are unwell each now and then refuses, hangs up,
// or takes its time.
type FarEnds struct {
	// Heard is called with every webhook that is taken; it may be nil.
	Heard func(Posted)

	server *httptest.Server
	now    func() time.Time
	mu     sync.Mutex
	random *rand.Rand
	unwell bool
	wrong  []string
	late   []Late
	pager  map[string][]*Incident // by dedup_key
	posts  map[string]Posted      // by finding: the last
	newest map[string]int64       // by finding: the highest version that was posted
	slack  map[string]*Thread     // by finding
}

// Incident is one of PagerDuty.
type Incident struct{ Open bool }

// Posted is what a webhook said.
type Posted struct {
	Key     string `json:"key"`
	State   string `json:"state"`
	Version int64  `json:"version"`
	Count   int    `json:"count"`
	Finding struct {
		Rule  string `json:"rule"`
		Cause *struct {
			EventID string `json:"eventID"`
		} `json:"cause"`
	} `json:"finding"`
}

// Late is a webhook that told of what a finding had been before a webhook that came earlier. A receiver drops it, by its
// version.
type Late struct {
	Key             string
	Version, Newest int64
	Signed, Came    time.Time
}

// Thread is what Slack was told of a finding.
type Thread struct {
	Word    string // of the last post
	Posts   int
	Repeats int // posts that said nothing that the one before did not
}

// NewFarEnds starts them.
func NewFarEnds(seed uint64, now func() time.Time) *FarEnds {
	f := &FarEnds{now: now, random: rand.New(rand.NewPCG(seed, 4)), pager: map[string][]*Incident{}, posts: map[string]Posted{}, newest: map[string]int64{}, slack: map[string]*Thread{}}
	f.server = httptest.NewServer(f)
	return f
}

// URL is where they are.
func (f *FarEnds) URL() string { return f.server.URL }

// Close ends them.
func (f *FarEnds) Close() {
	f.server.CloseClientConnections()
	f.server.Close()
}

// Unwell makes them refuse and hang up now and then, or be well.
func (f *FarEnds) Unwell(now bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unwell = now
}

// Wrong is what they were told that nobody may tell them.
func (f *FarEnds) Wrong() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wrong
}

// Late are webhooks that came after newer ones.
func (f *FarEnds) Late() []Late {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.late
}

// Incidents are PagerDuty's, by finding.
func (f *FarEnds) Incidents() map[string][]*Incident {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pager
}

// Posts are the last webhooks, by finding.
func (f *FarEnds) Posts() map[string]Posted {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.posts
}

// Threads are what Slack was told, by finding.
func (f *FarEnds) Threads() map[string]*Thread {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slack
}

func (f *FarEnds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil { // who asked died
		return
	}
	before, after := f.mood()
	time.Sleep(before.wait)
	if before.status != 0 {
		before.answer(w)
		return
	}
	answer, status := "", http.StatusOK
	switch r.URL.Path {
	case "/v2/enqueue":
		answer, status = f.incident(body)
	case "/hook":
		f.hook(r, body)
	case slackPath:
		answer = f.post(string(body))
	default:
		f.complain("somebody asked for " + r.URL.Path)
		status = http.StatusNotFound
	}
	time.Sleep(after) // who asked may die between what was done and the answer
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

// mood is how a far end treats a request that it does not take.
type mood struct {
	wait   time.Duration
	status int // 0: it takes it; -1: it hangs up
}

// mood decides it, and how long the far end takes to answer.
func (f *FarEnds) mood() (m mood, after time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.unwell {
		return mood{}, 0
	}
	after = time.Duration(f.random.IntN(40)) * time.Millisecond
	if f.random.IntN(10) == 0 {
		after += 200 * time.Millisecond
	}
	m.wait = time.Duration(f.random.IntN(10)) * time.Millisecond
	switch f.random.IntN(90) {
	case 0:
		m.status = http.StatusInternalServerError
	case 1:
		m.status = http.StatusTooManyRequests
	case 2:
		m.status = -1
	}
	return m, after
}

func (m mood) answer(w http.ResponseWriter) {
	if m.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	if m.status > 0 {
		w.WriteHeader(m.status)
		return
	}
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
}

func (f *FarEnds) complain(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrong = append(f.wrong, what)
}

// incident is PagerDuty's Events API: a trigger opens an incident unless one of its key is open, a resolve closes it.
func (f *FarEnds) incident(body []byte) (answer string, status int) {
	var e struct {
		Key    string `json:"dedup_key"`
		Action string `json:"event_action"`
		Routes string `json:"routing_key"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Key == "" || e.Routes != routingKey {
		f.complain("PagerDuty: " + string(body))
		return "", http.StatusBadRequest
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.pager[e.Key]
	open := len(all) > 0 && all[len(all)-1].Open
	switch {
	case e.Action == "trigger" && !open:
		f.pager[e.Key] = append(all, &Incident{Open: true})
	case e.Action == "resolve" && open:
		all[len(all)-1].Open = false
	}
	return `{"status":"success","message":"Event processed","dedup_key":"` + e.Key + `"}`, http.StatusAccepted
}

func (f *FarEnds) hook(r *http.Request, body []byte) {
	at := r.Header.Get("Cairn-Timestamp")
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(at + "." + string(body)))
	var p Posted
	if err := json.Unmarshal(body, &p); err != nil || r.Header.Get("Cairn-Signature") != "v1="+hex.EncodeToString(h.Sum(nil)) || p.Key == "" {
		f.complain("webhook: " + string(body))
		return
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		f.complain("webhook: signed at " + at)
		return
	}
	f.mu.Lock()
	if newest := f.newest[p.Key]; p.Version < newest {
		f.late = append(f.late, Late{p.Key, p.Version, newest, time.Unix(seconds, 0), f.now()})
	} else {
		f.newest[p.Key] = p.Version
	}
	f.posts[p.Key] = p
	f.mu.Unlock()
	if f.Heard != nil {
		f.Heard(p)
	}
}

var (
	findingOf = regexp.MustCompile(`Finding: ([0-9a-f]{16})`)
	wordOf    = regexp.MustCompile(`"text":"([A-Z ]+)  `)
	words     = []string{"LOW", "MEDIUM", "HIGH", "VERY HIGH", "EXTREME"}
)

func (f *FarEnds) post(body string) string {
	id, word := findingOf.FindStringSubmatch(body), wordOf.FindStringSubmatch(body)
	if id == nil || word == nil {
		f.complain("Slack: a post that names no finding: " + body)
		return "ok"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.slack[id[1]]
	if t == nil {
		t = &Thread{}
		f.slack[id[1]] = t
	}
	if t.Posts > 0 && !news(t.Word, word[1]) {
		t.Repeats++
	}
	t.Word = word[1]
	t.Posts++
	return "ok"
}

// news tells whether a post says something to those who read the one before: that it is over, is there again, or is worse.
func news(before, now string) bool {
	over := func(word string) bool { return word == "RESOLVED" }
	if over(before) != over(now) {
		return true
	}
	rank := func(word string) int { return strings.Index(strings.Join(words, "|")+"|", word+"|") }
	return !over(now) && rank(now) > rank(before)
}
