package live_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/app"
	"cairn.example/internal/audit"
	"cairn.example/internal/detect"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
	"cairn.example/rules/all"
)

// far is a far end that takes keys: it shows the last message of each finding.
type far struct {
	mu    sync.Mutex
	shown map[string]notify.Message
	calls int
}

func (f *far) Show(_ context.Context, m notify.Message, _ string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shown == nil {
		f.shown = map[string]notify.Message{}
	}
	f.shown[m.Key] = m
	f.calls++
	return "x", nil
}

func (f *far) texts() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, m := range f.shown {
		out = append(out, m.Text())
	}
	return strings.Join(out, "\n\n")
}

var desk = notify.Kind{Name: "desk", Keyed: true, Edits: true}

// A day of the example organization goes from its records to a far end.
func TestDay(t *testing.T) {
	s, day := example(t)
	address := filepath.Join(t.TempDir(), "cairn.db")
	for _, run := range []string{"first", "again"} {
		f := &far{}
		w := watch(t, address, s, f)
		w.Sources = []live.Source{{Name: "day", Run: func(ctx context.Context, handle source.Handle) error {
			return handle(ctx, source.Batch{Name: "day.json", Body: bytes.NewReader(day)})
		}}}
		var told []string
		w.Tell = func(one store.Told) { told = append(told, one.Step+" "+one.Finding.Rule+" "+one.Finding.Message) }
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again := run == "again"; again != (len(told) == 0) {
			t.Errorf("%s: told %q", run, told)
		}
		if run == "first" { // what began it and what ended it came in one file, and so are one message
			for _, part := range []string{"RESOLVED  StopLogging on trail/org-trail", "17 m 37 s", "Who: assumed-role/Admin/mallory", "Ended by: StartLogging, assumed-role/BreakGlass/alice"} {
				if !strings.Contains(f.texts(), part) {
					t.Errorf("nobody is told %q:\n%s", part, f.texts())
				}
			}
		}
		if err := w.Store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Of two files of the accounts the newer counts, whichever a watch begins with; an older one does not bring back what was.
func TestTheNewerFileCounts(t *testing.T) {
	s, _ := example(t)
	newer := *s
	newer.CollectedAt = s.CollectedAt.Add(time.Hour)
	address := filepath.Join(t.TempDir(), "cairn.db")
	for i, begin := range []*model.Snapshot{s, &newer, s} {
		w := watch(t, address, begin, &far{})
		w.Sources = []live.Source{{Name: "nothing", Run: func(context.Context, source.Handle) error { return nil }}}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		body, _, err := w.Store.Document(t.Context(), live.LastSnapshot)
		if err != nil {
			t.Fatal(err)
		}
		known, err := model.ReadSnapshot(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if want := []*model.Snapshot{s, &newer, &newer}[i]; !known.CollectedAt.Equal(want.CollectedAt) {
			t.Errorf("watch %d goes by what was read at %s, want %s", i, known.CollectedAt, want.CollectedAt)
		}
		if err := w.Store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// example is the demo's organization and a day's records of it.
func example(t *testing.T) (*model.Snapshot, []byte) {
	t.Helper()
	a := &app.App{Rules: all.Rules(), Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	s, day, err := a.DemoFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, day
}

// watched are the detections that there are.
func watched(t *testing.T) detect.Options {
	t.Helper()
	found, err := app.Detections()
	if err != nil {
		t.Fatal(err)
	}
	return detect.Options{Detections: found, Rules: all.Rules(), Dedup: true}
}

func watch(t *testing.T, address string, s *model.Snapshot, f *far) *live.Watch {
	t.Helper()
	routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"desk": desk}}
	kept, err := store.Open(t.Context(), address, store.Options{Volatile: true, Now: time.Now, Routes: routes})
	if err != nil {
		t.Fatal(err)
	}
	to, _ := routes.Channel("desk")
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	return &live.Watch{
		Store: kept, ID: "me", Detect: watched(t), Begin: s, Now: time.Now, Log: log,
		Audit:   func(s *model.Snapshot) audit.Result { return audit.Judge(s, audit.Options{Rules: all.Rules()}) },
		Workers: []*notify.Worker{{Ledger: kept, To: to, Kind: desk, Channel: f, ID: "me", Now: time.Now, Log: log}},
	}
}
