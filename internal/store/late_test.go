package store_test

import (
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// A record that comes late, of something older than what a finding was resolved of, opens it again for a while: what nothing
// can make good does not stay open for ever.
func TestALateLineOpensForAWhile(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		open := func() int {
			t.Helper()
			if _, err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := w.Findings(t.Context(), store.StateOpen)
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		denied, older := channeltest.Stopped(), stoppedAgain()
		older.Cause.EventTime = denied.Cause.EventTime.Add(-time.Hour)
		w.tell(t, nil, denied)
		if open() != 1 {
			t.Fatal("it is not open")
		}
		*w.now = w.now.Add(notify.DefaultQuiet)
		if open() != 0 {
			t.Fatal("nothing more was seen of it, and it is open")
		}
		w.tell(t, nil, older)
		*w.now = w.now.Add(notify.DefaultQuiet)
		if open() != 0 {
			t.Error("nothing more was seen of it since the late record, and it is open for ever")
		}
	})
}
