package live_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// A process that ends when it has kept that a channel is closed, and before it told anybody, leaves that to the others.
func TestClosedByWhoEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &slow{}
		bring(t, notify.Kind{Name: "email"}, far, func(kept *store.Store) {
			for i := range 2 {
				tell(t, kept, true, numbered(channeltest.Stopped(), i))
			}
			if err := kept.Present(t.Context(), "other", time.Minute); err != nil {
				t.Fatal(err)
			}
			due, err := kept.Lease(t.Context(), "far", "other", 1, time.Minute) // one, while the worker brings the other
			if err != nil || len(due) != 1 {
				t.Fatal(due, err)
			}
			why := &notify.Error{Failure: notify.Closed, Err: errors.New("401 Unauthorized")}
			if err := kept.Failed(t.Context(), due[0], "", why, time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
			told, err := kept.Lease(t.Context(), "desk", "other", 100, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(told, func(d notify.Delivery) bool {
				return d.Notice.Finding.Rule == "CRN-101" && d.Notice.State == notify.Open && strings.Contains(d.Notice.Finding.Message, "401 Unauthorized")
			}) {
				t.Errorf("far is closed, and nobody is told")
			}
		})
	})
}
