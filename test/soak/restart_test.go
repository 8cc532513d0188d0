package soak_test

import (
	"path/filepath"
	"testing"
	"time"

	"cairn.example/internal/pgtest"
	"cairn.example/test/soak"
)

// TestRestart tells how long after a kill and a start the first alert arrives: with a log of some events, and where the
// dead process is known to be dead. That is the difference between less than a second or two and a quarter of a minute,
// for which nobody else may judge.
func TestRestart(t *testing.T) {
	for name, store := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "cairn.db") },
		"postgres": func(t *testing.T) string { t.Helper(); return pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proof{replicas: 1, store: store, accounts: 8, calls: 4}
			if long {
				p.accounts, p.calls = 40, 20
			}
			s := newStage(t, p)
			s.far.Unwell(false)
			s.queue.Again = 0
			heard := make(chan soak.Posted, 10_000)
			s.far.Heard = func(p soak.Posted) { heard <- p }
			runs := s.start()
			s.send()
			for s.queue.Left() > 0 {
				time.Sleep(10 * time.Millisecond)
			}
			if err := runs[0].Kill(); err != nil {
				t.Fatal(err)
			}
			trail := s.org.Trails[0]
			trail.ARN += "-of-which-nothing-was-told" // or the alert may wait for more to come
			stop, err := s.org.Event(soak.Call{Trail: trail, Name: "StopLogging", Request: map[string]any{"name": trail.ARN}, Happens: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			s.queue.Send(stop.Envelope)
			began := time.Now()
			again, err := s.program.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for late := time.After(time.Minute); ; {
				select {
				case p := <-heard:
					if p.Finding.Cause == nil || p.Finding.Cause.EventID != stop.ID {
						continue
					}
				case <-late:
					t.Fatalf("no alert\n%s", again.Log())
				}
				break
			}
			took := time.Since(began)
			t.Logf("%d events before; the first alert after %v", len(s.records), took.Round(time.Millisecond))
			if took > 12*time.Second {
				t.Errorf("the first alert took %v: somebody waited for a lease of the dead", took)
			}
			if err := again.Stop(20 * time.Second); err != nil {
				t.Error(err)
			}
		})
	}
}
