package store_test

import (
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// What was over, and of which a refused call now lets nobody say whether it is so again, is not told to a channel that no
// route sends what is unknown to; that it fails again is.
func TestResolvedThenUnknown(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.Routes = notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"mail": {Name: "mail"}}, List: []notify.Route{{Channels: []string{"mail"}}}}
		audit := func(status model.Status, want ...notify.State) {
			t.Helper()
			f := channeltest.Posture()
			f.Status, f.Message = status, "it is "+string(status)
			if _, err := w.Tell(t.Context(), store.News{Audits: []store.Audit{{Account: f.Account, Findings: []model.Finding{f}}}}); err != nil {
				t.Fatal(err)
			}
			*w.now = w.now.Add(time.Minute)
			due := w.lease(t, "mail")
			if len(due) != len(want) || len(due) > 0 && due[0].Notice.State != want[0] {
				t.Fatalf("it is %s, and told is %+v; want %v", status, due, want)
			}
			for _, d := range due {
				w.shown(t, d, "x")
			}
		}
		audit(model.StatusFail, notify.Open)
		audit(model.StatusPass, notify.Resolved)
		audit(model.StatusUnknown)
		audit(model.StatusPass)
		audit(model.StatusUnknown)
		audit(model.StatusFail, notify.Open)
		audit(model.StatusUnknown)
	})
}
