package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
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

// down is a far end that takes keys and answers nobody until a time. It holds each caller to its limit.
type down struct {
	until time.Time
	limit notify.Limit

	mu    sync.Mutex
	shown map[string]notify.Message
	calls []time.Time
	taken []time.Time
}

func (d *down) Show(_ context.Context, m notify.Message, _ string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.calls = append(d.calls, now)
	if now.Before(d.until) {
		return "", &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("POST far.example: 503 Service Unavailable")}
	}
	d.taken = append(d.taken, now)
	if d.shown == nil {
		d.shown = map[string]notify.Message{}
	}
	d.shown[m.Key] = m
	return m.Key, nil
}

// seen is when it was called, when it took something, and what it shows.
func (d *down) seen() (calls, taken []time.Time, shown map[string]notify.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.calls), slices.Clone(d.taken), maps.Clone(d.shown)
}

// A far end is down for an hour, while findings open, worsen and end. Afterwards it shows each in its last state, within its
// limits, and somebody was told through another channel meanwhile.
func TestAnHourDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		limit := notify.Limit{Every: 500 * time.Millisecond, Burst: 10} // 120 a minute, as PagerDuty's
		far := &down{until: began.Add(time.Hour), limit: limit}
		other := &down{}
		kinds := map[string]notify.Kind{"pager": {Name: "pager", Keyed: true, Edits: true, Limit: limit}, "mail": {Name: "mail"}}
		routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: kinds, List: []notify.Route{{Channels: []string{"pager"}}}}
		kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now, Routes: routes})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		w := &live.Watch{Store: kept, ID: "me", Detect: watched(t), Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		for name, ch := range map[string]*down{"pager": far, "mail": other} {
			to, _ := routes.Channel(name)
			w.Workers = append(w.Workers, &notify.Worker{Ledger: kept, To: to, Kind: kinds[name], Channel: ch, ID: "me", Now: time.Now, Log: w.Log})
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()

		const findings = 200
		for i := range findings {
			tell(t, kept, true, numbered(channeltest.Stopped(), i))
			time.Sleep(10 * time.Second)
		}
		for i := range findings / 2 {
			tell(t, kept, false, numbered(channeltest.Started(), i))
		}
		time.Sleep(time.Until(far.until) - time.Second)
		calls, taken, _ := far.seen()
		if len(taken) > 0 {
			t.Fatal("the far end is down and took something")
		}
		if len(calls) > 60 {
			t.Errorf("%d attempts in an hour to a far end that is down", len(calls))
		}
		time.Sleep(10 * time.Minute)
		_, taken, shown := far.seen()
		for i := range findings {
			want := notify.Open
			if i < findings/2 {
				want = notify.Resolved
			}
			id := numbered(channeltest.Stopped(), i).ID
			if m, ok := shown[id]; !ok || m.State != want {
				t.Errorf("finding %d: shown %v as %q, want %q", i, ok, m.State, want)
			}
		}
		within(t, taken, limit)
		told := false
		_, taken, shown = other.seen()
		for _, m := range shown {
			told = told || m.Notice.Finding.Rule == "CRN-101" && m.State == notify.Resolved
		}
		if !told || len(taken) != 2 {
			t.Errorf("through mail came %d messages, want 2: that pager takes nothing, and that it does again: %+v", len(taken), shown)
		}
		if at := taken[0].Sub(began); at > 10*time.Minute {
			t.Errorf("somebody was told after %s", at)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// within checks that no stretch of time has more calls than a limit gives.
func within(t *testing.T, calls []time.Time, l notify.Limit) {
	t.Helper()
	for i := l.Burst; i < len(calls); i++ {
		if got := calls[i].Sub(calls[i-l.Burst]); got < l.Every-time.Millisecond {
			t.Fatalf("%d messages within %s", l.Burst+1, got)
		}
	}
}

func tell(t *testing.T, s *store.Store, stands bool, f model.Finding) {
	t.Helper()
	if _, err := s.Tell(t.Context(), store.News{Lines: []model.Finding{f}, Standing: map[string]bool{f.ID: stands}}); err != nil {
		t.Fatal(err)
	}
}

// numbered is the finding of another trail, just now.
func numbered(f model.Finding, n int) model.Finding {
	f.Resource.ID = fmt.Sprintf("%s-%d", f.Resource.ID, n)
	f.ID = model.FindingID(f.Account, f.Rule, f.Resource)
	c := *f.Cause
	c.EventID = fmt.Sprintf("%s-%d", c.EventID, n)
	c.EventTime = time.Now()
	rt := *f.RealTime
	rt.Cause = &c
	f.RealTime = &rt
	return f
}
