package bench_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/pgtest"
	"cairn.example/test/soak"
)

const (
	perSecond = 2000 // events
	matching  = 100  // of which one stops or starts a trail
)

// lasting is how long events are sent: what CAIRN_BENCH_SECONDS says, or 20 s.
func lasting(b *testing.B) time.Duration {
	b.Helper()
	set := os.Getenv("CAIRN_BENCH_SECONDS")
	if set == "" {
		return 20 * time.Second
	}
	n, err := strconv.Atoi(set)
	if err != nil || n <= 0 {
		b.Fatalf("CAIRN_BENCH_SECONDS is %q, want a number of seconds", set)
	}
	return time.Duration(n) * time.Second
}

// BenchmarkLatency tells how long it takes from a message in the queue to the alert at the far end, with 2,000 events a
// second of which one in a hundred stops or starts a trail, each of which is told at once. Queue, far end and what makes
// events run on the same processors as the program.
func BenchmarkLatency(b *testing.B) {
	for name, store := range map[string]func(*testing.B) string{
		"sqlite":   func(b *testing.B) string { b.Helper(); return filepath.Join(b.TempDir(), "cairn.db") },
		"postgres": func(b *testing.B) string { b.Helper(); return pgtest.URL(b) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				timeAlerts(b, store(b))
			}
		})
	}
}

// stopwatch knows when each event of a finding was put into the queue, and how long it took to be told.
type stopwatch struct {
	mu    sync.Mutex
	sent  map[string][]time.Time // by finding, in the order of its events
	told  map[string]int         // how many of them were
	takes []time.Duration
}

func (s *stopwatch) send(finding string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[finding] = append(s.sent[finding], time.Now())
}

func (s *stopwatch) heard(p soak.Posted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := s.sent[p.Key]; s.told[p.Key] < min(p.Count, len(at)); s.told[p.Key]++ {
		s.takes = append(s.takes, time.Since(at[s.told[p.Key]]))
	}
}

func (s *stopwatch) heardOf() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.takes)
}

func timeAlerts(b *testing.B, store string) {
	b.Helper()
	dir := b.TempDir()
	path, err := soak.Build(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	org, err := soak.NewOrganization(b.Context(), 40, 1, time.Now().Add(-2*time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	queue, far := soak.NewQueue(1, time.Now), soak.NewFarEnds(1, time.Now)
	defer queue.Close()
	defer far.Close()
	watch := &stopwatch{sent: map[string][]time.Time{}, told: map[string]int{}}
	far.Heard = watch.heard
	p := soak.Program{Path: path, Dir: dir, Store: store, Queue: queue, Env: strings.Fields(os.Getenv("CAIRN_BENCH_ENV"))}
	if err := p.Set(far, org.Snapshot, nil); err != nil {
		b.Fatal(err)
	}
	events := load(b, org)
	run, err := p.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	time.Sleep(3 * time.Second) // it is there
	pour(queue, watch, events)
	all := len(events) / matching
	// What a lost answer of the queue brought comes again after two minutes.
	for end := time.Now().Add(3 * time.Minute); watch.heardOf() < all && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if err := run.Stop(30 * time.Second); err != nil {
		b.Fatal(err)
	}
	watch.report(b, all)
}

// sending is an event, and the finding that it makes; "" for none.
type sending struct{ envelope, finding string }

// load are the events of a run.
func load(b *testing.B, org *soak.Organization) []sending {
	b.Helper()
	var out []sending
	from := time.Now().Add(-time.Hour)
	for i := range perSecond * int(lasting(b)/time.Second) {
		if i%matching != 0 {
			e, err := org.Other()
			if err != nil {
				b.Fatal(err)
			}
			out = append(out, sending{e.Envelope, ""})
			continue
		}
		n := i / matching
		t := org.Trails[n%len(org.Trails)]
		name := []string{"StopLogging", "StartLogging"}[n/len(org.Trails)%2]
		e, err := org.Event(soak.Call{Trail: t, Name: name, Request: map[string]any{"name": t.ARN}, Happens: from.Add(time.Duration(n) * time.Second)})
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, sending{e.Envelope, model.FindingID(t.Account, "CT-013", model.Ref{Kind: model.TrailKind, ID: t.ARN})})
	}
	return out
}

// pour puts events into the queue at their rate.
func pour(queue *soak.Queue, watch *stopwatch, events []sending) {
	began := time.Now()
	for i, e := range events {
		if wait := time.Duration(i)*time.Second/perSecond - time.Since(began); wait > 5*time.Millisecond {
			time.Sleep(wait)
		}
		if e.finding != "" {
			watch.send(e.finding)
		}
		queue.Send(e.envelope)
	}
}

func (s *stopwatch) report(b *testing.B, all int) {
	b.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.takes) < all {
		b.Errorf("%d of %d events were told", len(s.takes), all)
	}
	slices.Sort(s.takes)
	at := func(share float64) float64 {
		return float64(s.takes[min(len(s.takes)-1, int(share*float64(len(s.takes))))]) / float64(time.Millisecond)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
}
