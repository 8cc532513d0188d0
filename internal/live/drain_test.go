package live_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
)

// Who watches once is told all that can be told, though the worst of it was refused.
func TestDrainedBesideARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		routes := notify.Routes{Channels: map[string]notify.Kind{"far": {Name: "email"}}}
		kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now, Routes: routes})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		for i := range 5 {
			f := numbered(channeltest.Stopped(), i)
			if i > 0 {
				f.Severity = model.High
			}
			tell(t, kept, true, f)
		}
		far := &slow{says: func(m notify.Message) error {
			if m.Severity == model.Extreme {
				return &notify.Error{Failure: notify.Refused, Err: errors.New("no such thing")}
			}
			return nil
		}}
		to, _ := routes.Channel("far")
		log := slog.New(slog.NewTextHandler(t.Output(), nil))
		w := &live.Watch{Store: kept, ID: "me", Detect: watched(t), Now: time.Now, Log: log}
		w.Workers = []*notify.Worker{{Ledger: kept, To: to, Channel: far, ID: "me", Now: time.Now, Log: log}}
		w.Sources = []live.Source{{Name: "nothing", Run: func(context.Context, source.Handle) error { return nil }}}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if shown, _ := far.seen(); len(shown) != 5 {
			t.Errorf("%d of 5 were brought", len(shown))
		}
	})
}
