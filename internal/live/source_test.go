package live_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/live"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
)

// A source that ends while others go on for good is said then, and not when all of them have ended.
func TestASourceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		var said strings.Builder
		w := &live.Watch{Store: kept, ID: "me", Detect: watched(t), Now: time.Now, Log: slog.New(slog.NewTextHandler(&said, nil)), Sources: []live.Source{
			{Name: "gone", Run: func(context.Context, source.Handle) error { return errors.New("no such folder") }},
			{Name: "good", Run: func(ctx context.Context, _ source.Handle) error { <-ctx.Done(); return nil }},
		}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if !strings.Contains(said.String(), "source=gone") {
			t.Errorf("it says %q", said.String())
		}
		stop()
		<-done
	})
}

// A store that fails for long is said when it begins and then once a minute, not with each attempt: where the disk is full,
// the log is often on it.
func TestAFaultThatLastsIsSaidNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		w := &live.Watch{Store: kept, ID: "me", Detect: watched(t), Now: time.Now, Log: slog.New(slog.NewTextHandler(&said, nil))}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		time.Sleep(10 * time.Second)
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		const least, most = 10, 11
		for _, what := range []string{"judge the log", "say that this process lives"} {
			if n := strings.Count(said.String(), what); n < least || n > most {
				t.Errorf("%q is said %d times in 10 minutes", what, n)
			}
		}
		stop()
		<-done
	})
}
