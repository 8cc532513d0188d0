package live_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// What is told of a refused message stands while that message was not taken, whatever else is; it ends when it is taken, when
// its finding went on and that was taken, or by quiet.
func TestRefused(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *store.Store){
		"taken after a retry": func(t *testing.T, kept *store.Store) {
			t.Helper()
			if _, err := kept.OpenChannel(t.Context(), "far"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		},
		"its finding went on": func(t *testing.T, kept *store.Store) {
			t.Helper()
			tell(t, kept, false, numbered(channeltest.Started(), 1))
			time.Sleep(time.Minute)
		},
		"quiet": func(*testing.T, *store.Store) { time.Sleep(3 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := true
				far := &slow{says: func(notify.Message) error {
					defer func() { first = false }()
					if first {
						return notify.Refuse("400 too long")
					}
					return nil
				}}
				bring(t, notify.Kind{Name: "email"}, far, func(kept *store.Store) {
					for i := range 3 {
						tell(t, kept, true, numbered(channeltest.Stopped(), i+1))
						time.Sleep(time.Minute)
						if got := troubles(t, kept); len(got) != 1 || got["A channel refused a message"] != store.StateOpen {
							t.Fatalf("after message %d, of which the first is refused: %v", i+1, got)
						}
					}
					end(t, kept)
					if got := troubles(t, kept); got["A channel refused a message"] != store.StateResolved {
						t.Errorf("it goes on: %v", got)
					}
				})
			})
		})
	}
}

// That a channel takes nothing is over with the next message that it takes, though it refused one meanwhile.
func TestTakesAgainAndRefusedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := time.Date(2026, time.November, 22, 0, 10, 0, 0, time.UTC)
		far := &slow{says: func(m notify.Message) error {
			switch {
			case time.Now().Before(down):
				return &notify.Error{Failure: notify.Later, Err: errors.New("503")}
			case strings.HasSuffix(m.Notice.Finding.Resource.ID, "-1"):
				return notify.Refuse("400 too long")
			}
			return nil
		}}
		bring(t, notify.Kind{Name: "email"}, far, func(kept *store.Store) {
			for i := range 2 {
				tell(t, kept, true, numbered(channeltest.Stopped(), i+1))
			}
			time.Sleep(9 * time.Minute)
			if got := troubles(t, kept); got["A channel takes no messages"] != store.StateOpen {
				t.Fatalf("while it is down: %v", got)
			}
			time.Sleep(20 * time.Minute)
			if got := troubles(t, kept); got["A channel takes no messages"] != store.StateResolved || got["A channel refused a message"] != store.StateOpen {
				t.Errorf("when it took one and refused one: %v", got)
			}
		})
	})
}

// Where it cannot be kept that a channel takes nothing, that is told with the next failure.
func TestToldWhenItIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &slow{says: func(notify.Message) error { return &notify.Error{Failure: notify.Later, Err: errors.New("503")} }}
		asked, kept := 0, time.Time{}
		alone(t, far, func(_ notify.Trouble) bool {
			if asked++; asked > 2 && kept.IsZero() {
				kept = time.Now()
			}
			return asked > 2
		}, func(s *store.Store) {
			tell(t, s, true, numbered(channeltest.Stopped(), 1))
			time.Sleep(time.Hour)
		})
		if asked != 3 || kept.IsZero() {
			t.Errorf("it was told %d times, want until it was kept: 3", asked)
		}
	})
}

// troubles are what there is of CRN-101, by title.
func troubles(t *testing.T, kept *store.Store) map[string]store.State {
	t.Helper()
	all, err := kept.Findings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]store.State{}
	for _, one := range all {
		if one.Finding.Rule == "CRN-101" && one.Finding.Resource.Kind == notify.ChannelKind && one.Finding.Severity == model.High {
			out[one.Finding.Title] = one.State
		}
	}
	return out
}
