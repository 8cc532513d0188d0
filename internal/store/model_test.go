package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/pgtest"
	"cairn.example/internal/store"
)

// wanted is what the table of life.go says of a finding: written a second time, as simply as can be.
type wanted struct {
	state     store.State
	count     int
	severity  model.Severity
	lines     []model.Finding // that were told and not taken back, in the order of their events
	momentary bool
	quiet     time.Time
	version   int64
}

// machine drives a store by what may happen, in any order, and a far end by what it is owed.
type machine struct {
	*store.Store
	raw     *sql.DB // the same database
	now     time.Time
	excused map[string]bool
	want    map[string]*wanted
	shown   map[[2]string]notify.Notice // by channel and finding
	held    map[[2]string]notify.Lease  // who leased what last, and did not give it back
	slow    []notify.Delivery           // what workers leased and have not brought yet
	events  int
}

var channels = map[string]notify.Kind{"desk": {Name: "desk", Keyed: true, Edits: true}, "mail": {Name: "mail"}}

func TestLivesAsTheTableSays(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(tb testing.TB) string { tb.Helper(); return filepath.Join(tb.TempDir(), "cairn.db") },
		"postgres": func(tb testing.TB) string { tb.Helper(); return pgtest.URL(tb) },
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{excused: map[string]bool{}}
			routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: channels}
			where := address(t)
			s, err := store.Open(t.Context(), where, store.Options{
				Now: func() time.Time { return m.now }, Routes: routes,
				Excused: func(f model.Finding, _ time.Time) string {
					if m.excused[f.Resource.ID] {
						return "accepted"
					}
					return ""
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			m.Store = s
			if m.raw, err = sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[name], where); err != nil {
				t.Fatal(err)
			}
			defer m.raw.Close()
			run := 0
			rapid.Check(t, func(t *rapid.T) {
				run++
				m.begin()
				ids := []string{fmt.Sprintf("r%d-a", run), fmt.Sprintf("r%d-b", run)}
				pick := rapid.SampledFrom(ids)
				t.Repeat(map[string]func(*rapid.T){
					"event":    func(t *rapid.T) { m.event(t, pick.Draw(t, "finding")) },
					"replay":   func(t *rapid.T) { m.replay(t) },
					"mend":     func(t *rapid.T) { m.mend(t, pick.Draw(t, "finding")) },
					"takeBack": func(t *rapid.T) { m.takeBack(t, pick.Draw(t, "finding")) },
					"accept":   func(t *rapid.T) { m.accept(t, pick.Draw(t, "finding"), rapid.Bool().Draw(t, "accepted")) },
					"wait":     func(t *rapid.T) { m.wait(t, time.Duration(rapid.IntRange(1, 80).Draw(t, "hours"))*time.Hour) },
					"deliver": func(t *rapid.T) {
						m.deliver(t, rapid.SampledFrom(slices.Sorted(maps.Keys(channels))).Draw(t, "channel"), rapid.IntRange(1, 3).Draw(t, "n"))
					},
					"lease":  func(t *rapid.T) { m.lease(t, rapid.SampledFrom([]string{"me", "you"}).Draw(t, "worker")) },
					"stall":  func(*rapid.T) { m.now = m.now.Add(2 * time.Minute) },
					"finish": m.finish,
					"":       m.check,
				})
				m.drain(t)
			})
		})
	}
}

func (m *machine) begin() {
	m.now = time.Date(2026, time.November, 22, 9, 41, 10, 0, time.UTC)
	clear(m.excused)
	m.want, m.shown, m.held, m.slow = map[string]*wanted{}, map[[2]string]notify.Notice{}, map[[2]string]notify.Lease{}, nil
}

func (m *machine) of(name string) *wanted {
	if m.want[name] == nil {
		m.want[name] = &wanted{}
	}
	return m.want[name]
}

// line is what a detection says of an event.
func (m *machine) line(name string, severity model.Severity, event string) model.Finding {
	f := channeltest.Stopped()
	f.Resource.ID, f.Severity = name, severity
	f.ID = model.FindingID(f.Account, f.Rule, f.Resource)
	rt, c := *f.RealTime, *f.Cause
	c.EventID, c.EventTime = event, m.now
	rt.Cause = &c
	f.RealTime = &rt
	return f
}

func (m *machine) news(t *rapid.T, n store.News) {
	if _, err := m.Tell(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// event is a new event, of what can be made good or not.
func (m *machine) event(t *rapid.T, name string) {
	w := m.of(name)
	severity := model.Severity(rapid.IntRange(int(model.Low), int(model.Extreme)).Draw(t, "severity"))
	momentary := rapid.Bool().Draw(t, "momentary")
	m.events++
	m.now = m.now.Add(time.Second)
	f := m.line(name, severity, fmt.Sprintf("%s-%d", name, m.events))
	standing := map[string]bool{}
	if !momentary {
		standing[f.ID] = true
	}
	m.news(t, store.News{Lines: []model.Finding{f}, Standing: standing})
	w.lines = append(w.lines, f)
	w.count++
	w.severity, w.momentary = severity, momentary
	if w.state != store.StateExcepted {
		w.state = store.StateOpen
	}
	w.quiet = m.now.Add(notify.DefaultQuiet)
	m.excuse(name)
}

// excuse is what becomes of a finding that is touched.
func (m *machine) excuse(name string) {
	w := m.of(name)
	switch {
	case m.excused[name] && w.state == store.StateOpen:
		w.state = store.StateExcepted
	case !m.excused[name] && w.state == store.StateExcepted:
		w.state = store.StateOpen
	}
}

// replay tells everything again, as after a crash.
func (m *machine) replay(t *rapid.T) {
	var n store.News
	n.Standing = map[string]bool{}
	for _, w := range m.want {
		n.Lines = append(n.Lines, w.lines...)
		if len(w.lines) > 0 && !w.momentary && w.state != store.StateResolved {
			n.Standing[w.lines[0].ID] = true
		}
	}
	before := m.versions(t)
	m.news(t, n)
	if after := m.versions(t); !maps.Equal(before, after) {
		t.Fatalf("a replay changed findings: %v, then %v", before, after)
	}
}

func (m *machine) versions(t *rapid.T) map[string]int64 {
	all, err := m.Findings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, k := range all {
		out[k.Finding.Resource.ID] = k.Version
	}
	return out
}

func (m *machine) mend(t *rapid.T, name string) {
	w := m.of(name)
	if len(w.lines) == 0 || w.momentary {
		t.Skip("nothing to make good")
	}
	m.news(t, store.News{Standing: map[string]bool{w.lines[0].ID: false}})
	if w.state == store.StateOpen || w.state == store.StateExcepted {
		w.state = store.StateResolved
	}
}

func (m *machine) takeBack(t *rapid.T, name string) {
	w := m.of(name)
	if len(w.lines) == 0 {
		t.Skip("nothing was told")
	}
	last := len(w.lines) - 1
	f := w.lines[last]
	f.Status = model.StatusPass
	m.news(t, store.News{Lines: []model.Finding{f}})
	w.lines = w.lines[:last]
	w.count--
	switch {
	case len(w.lines) == 0 && w.state != store.StateUnseen:
		w.state = store.StateResolved
	case len(w.lines) > 0:
		w.severity = w.lines[last-1].Severity
		m.excuse(name)
		m.quiet(name)
	}
}

// quiet is what becomes of a finding of which nothing more is seen.
func (m *machine) quiet(name string) {
	w := m.of(name)
	if lives := w.state == store.StateOpen || w.state == store.StateExcepted; lives && w.momentary && !w.quiet.After(m.now) {
		w.state = store.StateResolved
	}
}

func (m *machine) accept(t *rapid.T, name string, yes bool) {
	m.excused[name] = yes
	m.sweep(t)
}

func (m *machine) wait(t *rapid.T, d time.Duration) {
	m.now = m.now.Add(d)
	m.sweep(t)
}

func (m *machine) sweep(t *rapid.T) {
	if _, err := m.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range m.want {
		m.quiet(name)
		m.excuse(name)
	}
}

// deliver brings a channel something, and checks that it is worth telling.
func (m *machine) deliver(t *rapid.T, channel string, n int) int {
	due, err := m.Lease(t.Context(), channel, "me", n, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range due {
		key := [2]string{channel, d.Notice.Finding.Resource.ID}
		before, told := m.shown[key]
		if told && before.Version >= d.Notice.Version {
			t.Fatalf("%v: version %d after %d", key, d.Notice.Version, before.Version)
		}
		if w := m.want[key[1]]; w != nil && !told && w.state == store.StateExcepted { // nil: of an earlier run
			t.Fatalf("%v: somebody is told of what is accepted", key)
		}
		m.shown[key] = d.Notice
		delete(m.held, key)
		if err := m.Shown(t.Context(), d, "ref", "", notify.Routed{Channel: channel, Edits: channels[channel].Edits, Repeat: notify.DefaultRepeat}); err != nil {
			t.Fatal(err)
		}
	}
	return len(due)
}

// lease is a worker that takes something, and takes its time.
func (m *machine) lease(t *rapid.T, worker string) {
	for channel := range channels {
		due, err := m.Lease(t.Context(), channel, worker, 2, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range due {
			m.held[[2]string{channel, d.Notice.Finding.Resource.ID}] = d.Lease
			m.slow = append(m.slow, d)
		}
	}
}

// finish is a worker that says what became of a delivery, which may be another's by now: then it is told so, and nothing
// is written.
func (m *machine) finish(t *rapid.T) {
	if len(m.slow) == 0 {
		t.Skip("nobody has anything")
	}
	i := rapid.IntRange(0, len(m.slow)-1).Draw(t, "delivery")
	d, how := m.slow[i], rapid.SampledFrom([]string{"shown", "failed", "held", "noted"}).Draw(t, "how")
	m.slow = slices.Delete(m.slow, i, i+1)
	key := [2]string{d.Channel, d.Notice.Finding.Resource.ID}
	before, there := m.delivery(t, d)
	var err error
	switch how {
	case "shown":
		err = m.Shown(t.Context(), d, "ref", "", notify.Routed{Channel: d.Channel, Edits: channels[d.Channel].Edits, Repeat: notify.DefaultRepeat})
	case "failed":
		err = m.Failed(t.Context(), d, "ref", &notify.Error{Failure: notify.Later, Err: errors.New("hung up")}, m.now)
	case "held":
		err = m.Hold(t.Context(), d, m.now.Add(time.Minute))
	case "noted":
		err = m.Noted(t.Context(), d, "ref of "+d.Lease.Worker)
	}
	held := m.held[key] // who leased it twice in one moment, and lost it between, has it by either
	switch mine := there && held.Worker == d.Lease.Worker && held.Until.Equal(d.Lease.Until); {
	case mine && err != nil:
		t.Fatalf("%s: %s by who has the lease: %v", key, how, err)
	case !mine && !errors.Is(err, notify.ErrLost):
		t.Fatalf("%s: %s by who lost the lease: %v", key, how, err)
	case !mine:
		if after, _ := m.delivery(t, d); after != before {
			t.Fatalf("%s: %s by who lost the lease wrote %s, it was %s", key, how, after, before)
		}
	case how == "noted":
		m.slow = append(m.slow, d)
	default:
		delete(m.held, key)
	}
	if how != "shown" {
		return
	}
	m.shown[key] = d.Notice
	if err == nil || !there {
		return
	}
	if err := m.Late(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	late := d.Notice
	late.Version = 0 // whatever comes next, the far end does not show it
	m.shown[key] = late
}

// delivery is what the database has of one, as text.
func (m *machine) delivery(t *rapid.T, d notify.Delivery) (text string, there bool) {
	found, err := m.raw.QueryContext(t.Context(), `SELECT owed || ' ' || shown || ' ' || shown_state || ' ' || due || ' ' || attempts || ' ' || leased_until || ' ' || leased_by || ' ' || ref || ' ' || error
		FROM delivery WHERE finding = $1 AND channel = $2`, d.Notice.Finding.ID, d.Channel)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		there = true
		if err := found.Scan(&text); err != nil {
			t.Fatal(err)
		}
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return text, there
}

// check compares what the store has with what the table says.
func (m *machine) check(t *rapid.T) {
	all, err := m.Findings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]store.Kept{}
	for _, k := range all {
		got[k.Finding.Resource.ID] = k
	}
	for name, w := range m.want {
		k := got[name]
		if k.State != w.state || k.Count != w.count || w.state == store.StateOpen && k.Finding.Severity != w.severity {
			t.Fatalf("%s is %s, seen %d times, %s; want %s, %d, %s", name, k.State, k.Count, k.Finding.Severity, w.state, w.count, w.severity)
		}
		if k.Version < w.version {
			t.Fatalf("%s: version %d after %d", name, k.Version, w.version)
		}
		w.version = k.Version
	}
}

// drain brings all channels all that they are owed: then each shows every finding as it stands.
func (m *machine) drain(t *rapid.T) {
	for range 20 {
		m.now = m.now.Add(notify.DefaultRepeat)
		n := 0
		for channel := range channels {
			n += m.deliver(t, channel, 100)
		}
		if n == 0 {
			break
		}
	}
	for name, w := range m.want {
		for channel := range channels {
			n, told := m.shown[[2]string{channel, name}]
			switch {
			case w.state == store.StateOpen && (!told || n.State != notify.Open):
				t.Fatalf("%s is open, and %s shows %q", name, channel, n.State)
			case w.state == store.StateOpen && n.Finding.Severity < w.severity:
				t.Fatalf("%s is %s, and %s shows %s", name, w.severity, channel, n.Finding.Severity)
			case w.state == store.StateResolved && told && n.State != notify.Resolved:
				t.Fatalf("%s is over, and %s shows that it is open", name, channel)
			}
		}
	}
}
