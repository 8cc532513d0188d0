package live_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// slow is a far end that takes a second for each message, or as long as somebody says.
type slow struct {
	takes func(notify.Message) time.Duration
	says  func(notify.Message) error

	mu        sync.Mutex
	now, most int
	shown     []notify.Message
}

func (s *slow) Show(_ context.Context, m notify.Message, ref string) (string, error) {
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	took := time.Second
	if s.takes != nil {
		took = s.takes(m)
	}
	time.Sleep(took)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	s.shown = append(s.shown, m)
	if s.says != nil {
		return ref, s.says(m)
	}
	return ref, nil
}

// seen is what it was shown so far, and how many messages at once at most.
func (s *slow) seen() (shown []notify.Message, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown), s.most
}

// bring starts a worker for one channel of a fresh store that owes it and desk everything, until the test ends.
func bring(t *testing.T, kind notify.Kind, far notify.Channel, run func(kept *store.Store)) {
	t.Helper()
	time.Sleep(time.Until(time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)))
	routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"far": kind, "desk": desk}}
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now, Routes: routes, Quiet: 2 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	to, _ := routes.Channel("far")
	w := &live.Watch{Store: kept, ID: "me", Detect: watched(t), Now: time.Now, Log: log}
	w.Workers = []*notify.Worker{{Ledger: kept, To: to, Kind: kind, Channel: far, ID: "me", Now: time.Now, Log: log}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	run(kept)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// alone runs one worker of a fresh store without a watch, and has somebody hear of its troubles.
func alone(t *testing.T, far notify.Channel, hear func(notify.Trouble) bool, run func(*store.Store)) {
	t.Helper()
	time.Sleep(time.Until(time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)))
	routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"far": {Name: "email"}}}
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now, Routes: routes})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	to, _ := routes.Channel("far")
	w := &notify.Worker{
		Ledger: kept, To: to, Channel: far, ID: "me", Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Trouble: func(_ context.Context, t notify.Trouble) bool { return hear(t) },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	run(kept)
	stop()
	<-done
}

// Where the far end knows no key, a process that dies repeats what was under way: that is one message, of which it alone
// was leased.
func TestOneAtATimeWithoutKeys(t *testing.T) {
	for name, c := range map[string]struct {
		kind notify.Kind
		most int
	}{
		"email":     {notify.Kind{Name: "email"}, 1},
		"slack-bot": {notify.Kind{Name: "slack-bot", Edits: true}, 1},
		"pagerduty": {notify.Kind{Name: "pagerduty", Keyed: true}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				far := &slow{}
				bring(t, c.kind, far, func(kept *store.Store) {
					for i := range 12 {
						tell(t, kept, true, numbered(channeltest.Stopped(), i))
					}
					time.Sleep(4500 * time.Millisecond) // in the middle of a message
					due, err := kept.Lease(t.Context(), "far", "other", 100, time.Millisecond)
					if err != nil {
						t.Fatal(err)
					}
					shown, _ := far.seen()
					if done := len(shown); c.most == 1 && len(due)+done+1 != 12 {
						t.Errorf("%d of 12 are shown, and another may have %d: more than one was leased", done, len(due))
					}
					time.Sleep(30 * time.Second)
				})
				if shown, most := far.seen(); most != c.most || len(shown) != 12 {
					t.Errorf("%d messages at once and %d in all, want %d and 12", most, len(shown), c.most)
				}
			})
		})
	}
}

// However long a far end takes for each message, none is under way that another process may take.
func TestNoLeaseEndsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		under := map[string]bool{}
		set := func(key string, is bool) {
			mu.Lock()
			defer mu.Unlock()
			under[key] = is
		}
		far := &slow{}
		far.takes = func(m notify.Message) time.Duration { set(m.Key, true); return 39 * time.Second }
		far.says = func(m notify.Message) error { set(m.Key, false); return nil }
		bring(t, notify.Kind{Name: "pagerduty", Keyed: true}, far, func(kept *store.Store) {
			var all []model.Finding
			for i := range 16 {
				all = append(all, numbered(channeltest.Stopped(), i))
			}
			if _, err := kept.Tell(t.Context(), store.News{Lines: all}); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				time.Sleep(125 * time.Second)
				due, err := kept.Lease(t.Context(), "far", "other", 100, time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				for _, d := range due {
					if under[d.Notice.Finding.ID] {
						t.Errorf("%s is under way, and another process may bring it", d.Notice.Finding.ID)
					}
				}
				mu.Unlock()
			}
		})
		if shown, _ := far.seen(); len(shown) != 16 {
			t.Errorf("%d of 16 were shown", len(shown))
		}
	})
}

// Who got a message is not told it twice because another did not; that one is told of through another channel, until all
// get theirs again.
func TestSomeAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &notify.Error{Failure: notify.Refused, Some: true, Err: errors.New("1 of 2 recipients did not get it: 550 no such user (gone@example.com)")}
		far := &slow{says: func(m notify.Message) error {
			if m.State == notify.Open {
				return refused
			}
			return nil
		}}
		bring(t, notify.Kind{Name: "email"}, far, func(kept *store.Store) {
			trouble := func() (notify.State, string) {
				due, err := kept.Lease(t.Context(), "desk", "other", 100, time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				i := slices.IndexFunc(due, func(d notify.Delivery) bool { return d.Notice.Finding.Rule == "CRN-101" })
				if i < 0 {
					return "", ""
				}
				return due[i].Notice.State, due[i].Notice.Finding.Message
			}
			one, two := numbered(channeltest.Stopped(), 1), numbered(channeltest.Stopped(), 2)
			tell(t, kept, true, one)
			tell(t, kept, true, two)
			time.Sleep(10 * time.Minute)
			all, err := kept.Channels(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				if c.Name == "far" && (c.Dead+c.Owed > 0 || !c.Closed.IsZero() || !c.Since.IsZero() || c.Partly != 2 || c.But != refused.Error()) {
					t.Errorf("those who got it count for nothing: %+v", c)
				}
			}
			if state, text := trouble(); state != notify.Open || !strings.Contains(text, "gone@example.com") {
				t.Errorf("through desk comes %q, %q", state, text)
			}
			tell(t, kept, false, numbered(channeltest.Started(), 1))
			time.Sleep(time.Minute)
			if state, _ := trouble(); state != notify.Resolved {
				t.Errorf("everybody got the last, and desk shows %q", state)
			}
		})
		shown, _ := far.seen()
		if len(shown) != 3 {
			t.Fatalf("it was shown %d times, want each finding once and the end of one", len(shown))
		}
		if last := shown[len(shown)-1].Notice; last.Before != notify.Open {
			t.Errorf("the end is told as if nobody had heard of it: %+v", last)
		}
	})
}

// A process that comes to itself after a stall does not bring what another has taken meanwhile; and what it had begun to
// bring by then is put right.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &slow{takes: func(m notify.Message) time.Duration {
			if m.State == notify.Open {
				return 35 * time.Second // it stalls in the middle of this one
			}
			return time.Second
		}}
		bring(t, notify.Kind{Name: "email", Limit: notify.Limit{Every: time.Minute, Burst: 1}}, far, func(kept *store.Store) {
			take := func(what string) {
				t.Helper()
				if err := kept.Absent(t.Context(), "me"); err != nil { // as if it had not said for long that it lives
					t.Fatal(err)
				}
				due, err := kept.Lease(t.Context(), "far", "other", 1, time.Minute)
				if err != nil || len(due) != 1 {
					t.Fatalf("%s: the other gets %+v, %v", what, due, err)
				}
				if err := kept.Shown(t.Context(), due[0], "", "", notify.Routed{Channel: "far"}); err != nil {
					t.Fatal(err)
				}
			}
			tell(t, kept, true, numbered(channeltest.Stopped(), 1))
			time.Sleep(5 * time.Second)
			tell(t, kept, false, numbered(channeltest.Started(), 1))
			take("the first") // and shows that it is over
			time.Sleep(31 * time.Second)
			if shown, _ := far.seen(); len(shown) != 1 || shown[0].State != notify.Open {
				t.Fatalf("what came late is %+v", shown)
			}
			time.Sleep(time.Minute)
			if shown, _ := far.seen(); len(shown) != 2 || shown[1].State != notify.Resolved {
				t.Errorf("the far end reads last that it is open: %+v", shown)
			}
			tell(t, kept, true, numbered(channeltest.Stopped(), 2))
			time.Sleep(10 * time.Second) // it has leased this one, and waits for its turn
			take("the second")
			time.Sleep(5 * time.Minute)
			if shown, _ := far.seen(); len(shown) != 2 {
				t.Errorf("it was shown what another had shown: %+v", shown)
			}
		})
	})
}

// What a far end says at the end of the time that it has is kept: what it took is not brought again, and a failure is known.
func TestAllOfItsTime(t *testing.T) {
	late := &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("no answer in time")}
	for name, says := range map[string]error{"taken": nil, "failed": late} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				far := &slow{
					takes: func(notify.Message) time.Duration { return 41 * time.Second },
					says:  func(notify.Message) error { return says },
				}
				bring(t, notify.Kind{Name: "email"}, far, func(kept *store.Store) {
					tell(t, kept, true, numbered(channeltest.Stopped(), 1))
					time.Sleep(4 * time.Minute)
					all, err := kept.Channels(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range all {
						if c.Name == "far" && c.Since.IsZero() != (says == nil) {
							t.Errorf("it fares so: %+v", c)
						}
					}
				})
				if says == nil && len(far.shown) != 1 {
					t.Errorf("it was brought %d times", len(far.shown))
				}
			})
		})
	}
}

// A far end that wants to be left alone for a day is, whatever another process brings it; but who has the channel tried
// again need not wait, and that is one attempt.
func TestRetryEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &slow{says: func(notify.Message) error {
			return &notify.Error{Failure: notify.Later, After: 24 * time.Hour, Err: errors.New("429 Too Many Requests")}
		}}
		attempts := func(want int) {
			t.Helper()
			if shown, _ := far.seen(); len(shown) != want {
				t.Errorf("%d attempts, want %d", len(shown), want)
			}
		}
		alone(t, far, func(notify.Trouble) bool { return true }, func(kept *store.Store) {
			tell(t, kept, true, numbered(channeltest.Stopped(), 1))
			time.Sleep(time.Minute)
			for i := range 3 {
				tell(t, kept, true, numbered(channeltest.Stopped(), 2+i))
			}
			due, err := kept.Lease(t.Context(), "far", "other", 1, time.Minute)
			if err != nil || len(due) != 1 {
				t.Fatal(due, err)
			}
			if err := kept.Shown(t.Context(), due[0], "", "", notify.Routed{Channel: "far"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			attempts(1)
			if _, err := kept.OpenChannel(t.Context(), "far"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * time.Second)
			attempts(2)
			time.Sleep(23 * time.Hour)
			attempts(2)
			time.Sleep(2 * time.Hour)
			attempts(3)
		})
	})
}
