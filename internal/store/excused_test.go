package store_test

import (
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// Who takes the last exception out of the file is told of what it covered.
func TestTheLastExceptionIsTakenOut(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.Excused = func(model.Finding, time.Time) string { return "a sandbox" }
		f := channeltest.Posture()
		if _, err := w.Tell(t.Context(), store.News{Audits: []store.Audit{{Account: f.Account, Findings: []model.Finding{f}}}}); err != nil {
			t.Fatal(err)
		}
		if due := w.lease(t, "mail"); len(due) > 0 {
			t.Fatalf("what is excepted is told: %+v", due)
		}
		w.Excused = nil
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if due := w.lease(t, "mail"); len(due) != 1 || due[0].Notice.State != notify.Open {
			t.Errorf("no exception is left, and told is %+v", due)
		}
	})
}
