package app

import (
	"testing"
	"time"

	"cairn.example/internal/live"
	"cairn.example/internal/store"
)

// Records that came by EventBridge are not called log files.
func TestArrivals(t *testing.T) {
	now := time.Date(2026, time.November, 22, 9, 41, 7, 0, time.UTC)
	p := &pathway{app: &App{Now: func() time.Time { return now }}}
	p.arrivals([]store.Pulse{{Account: "111122223333", Region: live.Events + "eu-west-1", Last: now.Add(-time.Minute)}})
	if got, want := p.checks[0].What, "records of account 111122223333 in eu-west-1: the last arrived 1 m ago"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}
