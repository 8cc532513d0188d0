package soak_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/app"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
	"cairn.example/rules/all"
)

// wanted are findings as one detector makes them of all records at once.
type wanted struct {
	lines map[string]map[string]model.Finding // by finding and event
	last  map[string]model.Finding            // what is said after the last event
	over  map[string]bool
}

func (s *stage) wanted() wanted {
	s.t.Helper()
	detections, err := app.Detections()
	if err != nil {
		s.t.Fatal(err)
	}
	d, _, err := detect.New(detect.Options{Detections: detections, Rules: all.Rules(), Snapshot: s.org.Snapshot, Dedup: true})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := d.Read("all", bytes.NewReader(bytes.Join(s.records, []byte("\n")))); err != nil {
		s.t.Fatal(err)
	}
	w := wanted{map[string]map[string]model.Finding{}, map[string]model.Finding{}, map[string]bool{}}
	for _, f := range d.Tell() {
		if w.lines[f.ID] == nil {
			w.lines[f.ID] = map[string]model.Finding{}
		}
		w.lines[f.ID][f.Cause.EventID] = f
		w.last[f.ID] = f
	}
	for id, stands := range d.Standing() {
		w.over[id] = !stands
	}
	for id, f := range w.last { // nothing more was seen of it for long
		if _, lasts := d.Standing()[id]; !lasts && f.Cause.EventTime.Add(notify.DefaultQuiet).Before(time.Now()) {
			w.over[id] = true
		}
	}
	return w
}

// check compares what is left with what is wanted.
func (s *stage) check(kept *store.Store) {
	s.t.Helper()
	want := s.wanted()
	got := map[string]store.Kept{}
	all, err := kept.Findings(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	told := 0
	for _, k := range all {
		got[k.Finding.ID] = k
		if k.Finding.RealTime != nil && want.lines[k.Finding.ID] == nil {
			s.t.Errorf("nobody expects %s %s", k.Finding.ID, k.Finding.Message)
		}
	}
	lines := s.lines()
	for id, f := range want.last {
		told++
		s.compare(id, f, want, got[id], lines[id])
	}
	s.t.Logf("%d findings of %d events", told, len(s.records))
	s.farEnds(got)
	s.late()
	for _, wrong := range s.far.Wrong() {
		s.t.Error(wrong)
	}
	if bad, err := kept.Poisons(s.t.Context(), 10); err != nil || len(bad) > 0 {
		s.t.Errorf("poison: %+v, %v", bad, err)
	}
}

// late holds what the webhook heard late to the one reason that there is: a process looks whether a delivery is still its
// own, and stands still before the request is out. Nobody can call that back; but it says by its version that it is old,
// and afterwards the finding was posted again as it stands, which farEnds checks. A process has four requests under way.
func (s *stage) late() {
	s.t.Helper()
	late := s.far.Late()
	for _, l := range late {
		stalled := slices.ContainsFunc(s.stalls, func(one stall) bool {
			return l.Signed.After(one.began.Add(-10*time.Second)) && l.Signed.Before(one.ended.Add(time.Second)) && l.Came.After(one.ended.Add(-time.Second)) && l.Came.Before(one.ended.Add(time.Minute))
		})
		if !stalled {
			s.t.Errorf("the webhook heard version %d of %s after %d, signed %v and come %v, and no process stood still in between: %v", l.Version, l.Key, l.Newest, l.Signed, l.Came, s.stalls)
		}
	}
	if len(late) > 4*len(s.stalls) {
		s.t.Errorf("after %d stalls the webhook heard %+v", len(s.stalls), late)
	}
	s.t.Logf("the webhook: %d late after %d stalls", len(late), len(s.stalls))
}

func (s *stage) compare(id string, f model.Finding, want wanted, k store.Kept, lines map[string]model.Finding) {
	s.t.Helper()
	state := store.StateOpen
	if want.over[id] {
		state = store.StateResolved
	}
	if k.State != state || k.Count != len(want.lines[id]) || k.Finding.Severity != f.Severity || k.Finding.Message != f.Message {
		s.t.Errorf("%s is %s, seen %d times, %s, %q; want %s, %d, %s, %q", id, k.State, k.Count, k.Finding.Severity, k.Finding.Message, state, len(want.lines[id]), f.Severity, f.Message)
	}
	for event, line := range want.lines[id] {
		if got := lines[event]; got.Message != line.Message || got.Severity != line.Severity {
			s.t.Errorf("%s of event %s says %s %q, want %s %q", id, event, got.Severity, got.Message, line.Severity, line.Message)
		}
	}
	if len(lines) != len(want.lines[id]) {
		s.t.Errorf("%s has lines of %v, want %v", id, slices.Sorted(maps.Keys(lines)), slices.Sorted(maps.Keys(want.lines[id])))
	}
}

// lines are what the store says of each event, by finding and event.
func (s *stage) lines() map[string]map[string]model.Finding {
	s.t.Helper()
	driver := "sqlite"
	if strings.Contains(s.program.Store, "://") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, s.program.Store)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	found, err := db.QueryContext(s.t.Context(), "SELECT finding, event, body FROM line")
	if err != nil {
		s.t.Fatal(err)
	}
	defer found.Close()
	out := map[string]map[string]model.Finding{}
	for found.Next() {
		var finding, event, body string
		var f model.Finding
		if err := found.Scan(&finding, &event, &body); err != nil {
			s.t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			s.t.Fatal(err)
		}
		if out[finding] == nil {
			out[finding] = map[string]model.Finding{}
		}
		out[finding][event] = f
	}
	if err := found.Err(); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// farEnds compares what the far ends show.
func (s *stage) farEnds(got map[string]store.Kept) {
	s.t.Helper()
	incidents, posts, threads := s.far.Incidents(), s.far.Posts(), s.far.Threads()
	repeats, twice := 0, 0
	for id, k := range got {
		over := k.State == store.StateResolved
		if posts[id].Key == "" || (posts[id].State == "resolved") != over || posts[id].Version != k.Version {
			s.t.Errorf("the webhook's %s is %+v, want version %d, %s", id, posts[id], k.Version, k.State)
		}
		if k.Finding.Rule != "CT-013" {
			continue
		}
		if n := len(incidents[id]); n == 0 || incidents[id][n-1].Open == over {
			s.t.Errorf("PagerDuty's %s is %v, want %s", id, incidents[id], k.State)
		}
		if n, most := len(incidents[id]), s.openings(id); n > most {
			s.t.Logf("PagerDuty has %d incidents of %s, which opened %d times", n, id, most)
			twice += n - most
		}
		if !slices.Contains(s.told, k.Finding.Account) {
			continue
		}
		t := threads[id]
		if t == nil || (t.Word == "RESOLVED") != over {
			s.t.Errorf("Slack's %s is %+v, want %s", id, t, k.State)
			continue
		}
		repeats += t.Repeats
	}
	if most := 4 * len(s.stalls); twice > most { // a trigger that a stalled process sends after another's resolve
		s.t.Errorf("PagerDuty has %d incidents too many, after %d stalls", twice, len(s.stalls))
	}
	s.t.Logf("Slack: %d repeats of %d crashes", repeats, s.kills)
	if repeats > s.kills {
		s.t.Errorf("Slack was told again %d times after %d crashes", repeats, s.kills)
	}
	for kind, keys := range map[string][]string{"PagerDuty": slices.Collect(maps.Keys(incidents)), "Slack": slices.Collect(maps.Keys(threads)), "the webhook": slices.Collect(maps.Keys(posts))} {
		for _, id := range keys {
			if _, ok := got[id]; !ok {
				s.t.Errorf("%s shows %s, which is no finding", kind, id)
			}
		}
	}
}

// openings is how often a finding opened.
func (s *stage) openings(id string) int {
	s.t.Helper()
	kept, err := store.Open(s.t.Context(), s.program.Store, store.Options{Now: time.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	defer kept.Close()
	n := 0
	all, err := kept.History(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range all {
		if e.Step == "opened" || e.Step == "reopened" {
			n++
		}
	}
	return n
}
