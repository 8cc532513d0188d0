package store_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/pgtest"
	"cairn.example/internal/store"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("CAIRN_SOAK") == "" {
		_ = flag.Set("rapid.checks", "25") // a sample of the hundreds of make soak
	} else {
		_ = flag.Set("rapid.checks", "2000")
	}
	os.Exit(pgtest.Run(m))
}

// world is a store of either kind with a clock.
type world struct {
	*store.Store
	now *time.Time
}

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, world)) {
	t.Helper()
	addresses := map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "cairn.db") },
		"postgres": func(t *testing.T) string { t.Helper(); return pgtest.URL(t) },
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, time.November, 22, 9, 41, 10, 0, time.UTC)
			w := world{now: &now}
			s, err := store.Open(t.Context(), address(t), store.Options{
				Now: func() time.Time { return *w.now },
				Routes: notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{
					"desk": {Name: "desk", Keyed: true, Edits: true}, "mail": {Name: "mail"},
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			w.Store = s
			test(t, w)
		})
	}
}

// tell tells lines, and gives what was new of them.
func (w world) tell(t *testing.T, standing map[string]bool, lines ...model.Finding) []string {
	t.Helper()
	told, err := w.Tell(t.Context(), store.News{Lines: lines, Standing: standing})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, one := range told {
		out = append(out, one.Step)
	}
	return out
}

// lease takes what a channel is owed, and gives versions and states.
func (w world) lease(t *testing.T, channel string) []notify.Delivery {
	t.Helper()
	due, err := w.Lease(t.Context(), channel, "me", 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func (w world) shown(t *testing.T, d notify.Delivery, ref string) {
	t.Helper()
	if err := w.Shown(t.Context(), d, ref, "", notify.Routed{Channel: d.Channel, Edits: d.Channel == "desk", Repeat: notify.DefaultRepeat}); err != nil {
		t.Fatal(err)
	}
}

func TestLifeOfAFinding(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		stopped, started := channeltest.Stopped(), channeltest.Started()
		id := stopped.ID
		if got := w.tell(t, map[string]bool{id: true}, stopped); len(got) != 1 || got[0] != "opened" {
			t.Fatalf("told %v", got)
		}
		if got := w.tell(t, map[string]bool{id: true}, stopped); got != nil {
			t.Fatalf("told again: %v", got)
		}
		due := w.lease(t, "mail")
		if len(due) != 1 || due[0].Notice.State != notify.Open || due[0].Notice.Finding.ID != id {
			t.Fatalf("owed: %+v", due)
		}
		if again := w.lease(t, "mail"); again != nil {
			t.Fatalf("leased twice: %+v", again)
		}
		w.shown(t, due[0], "m1")
		*w.now = w.now.Add(20 * time.Minute)
		if due := w.lease(t, "mail"); due != nil {
			t.Fatalf("owed after it was shown: %+v", due)
		}
		if got := w.tell(t, map[string]bool{id: false}, started); len(got) != 2 || got[1] != "resolved" {
			t.Fatalf("told %v", got)
		}
		due = w.lease(t, "mail")
		if len(due) != 1 || due[0].Notice.State != notify.Resolved || due[0].Ref != "m1" || !due[0].Notice.Resolved.Equal(started.Cause.EventTime) {
			t.Fatalf("owed: %+v", due)
		}
		w.shown(t, due[0], "m1")
		due = w.lease(t, "desk")
		if len(due) != 1 || due[0].Notice.State != notify.Resolved || due[0].Before != "" {
			t.Fatalf("what opened and resolved before it was told is owed once: %+v", due)
		}
		if began := due[0].Notice.Began; began == nil || began.Cause.EventID != stopped.Cause.EventID {
			t.Errorf("it began with %+v, want the stop", began)
		}
		w.shown(t, due[0], "d1")
		if got := w.tell(t, map[string]bool{id: false}, stopped, started); got != nil {
			t.Fatalf("a replay tells %v", got)
		}
		history, err := w.History(t.Context(), id)
		if err != nil || len(history) != 3 {
			t.Fatalf("history: %+v, %v", history, err)
		}
	})
}

// What is worst is told first, however much was owed before it.
func TestTheWorstFirst(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		for i, severity := range []model.Severity{model.Low, model.High, model.Medium, model.Extreme} {
			f := channeltest.Stopped()
			f.ID, f.Severity = fmt.Sprintf("%016d", i), severity
			w.tell(t, map[string]bool{f.ID: true}, f)
			*w.now = w.now.Add(time.Second)
		}
		var got []model.Severity
		for _, d := range w.lease(t, "mail") {
			got = append(got, d.Notice.Finding.Severity)
		}
		if want := []model.Severity{model.Extreme, model.High, model.Medium, model.Low}; !slices.Equal(got, want) {
			t.Errorf("told in the order %v, want %v", got, want)
		}
	})
}

// What happened so long ago that nothing more was seen of it since is over as soon as it is known, whenever time is looked at.
func TestLongAgoIsOver(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		denied := channeltest.Stopped()
		denied.Cause.EventTime = w.now.Add(-notify.DefaultQuiet)
		if got := w.tell(t, nil, denied); !slices.Equal(got, []string{"opened", "resolved"}) {
			t.Errorf("told %v", got)
		}
		*w.now = w.now.Add(time.Hour)
		if told, err := w.Sweep(t.Context()); err != nil || len(told) > 0 {
			t.Errorf("and then %+v, %v", told, err)
		}
	})
}
