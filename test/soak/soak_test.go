package soak_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/notify"
	"cairn.example/internal/pgtest"
	"cairn.example/internal/store"
	"cairn.example/test/soak"
)

// long asks for the long proofs (make soak).
var long = os.Getenv("CAIRN_SOAK") != ""

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "3") // they mostly wait
	code := pgtest.Run(m)
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// built is the folder of the program.
var built string

// build builds the program once.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cairn-soak-")
	if err != nil {
		return "", err
	}
	built = dir
	return soak.Build(context.Background(), dir)
})

// proof is what is proved: the program is killed so often at random moments, and nothing is lost.
type proof struct {
	replicas int
	store    func(*testing.T) string
	// Of these many accounts each makes so many calls that change a trail.
	kills, accounts, calls int
}

func TestKilled(t *testing.T) {
	file := func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "cairn.db") }
	server := func(t *testing.T) string { t.Helper(); return pgtest.URL(t) }
	for name, p := range map[string]proof{
		"sqlite": {replicas: 1, store: file}, "postgres": {replicas: 1, store: server}, "replicas": {replicas: 2, store: server},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.kills, p.accounts, p.calls = 10, 12, 5
			if long {
				p.kills, p.accounts, p.calls = 500, 40, 20
			}
			if n, err := strconv.Atoi(os.Getenv("CAIRN_KILLS")); err == nil {
				p.kills = n
			}
			p.run(t)
		})
	}
}

// stage is a proof under way.
type stage struct {
	proof
	t       *testing.T
	random  *rand.Rand
	org     *soak.Organization
	queue   *soak.Queue
	far     *soak.FarEnds
	program *soak.Program
	told    []string // accounts whose findings Slack is told
	records [][]byte
	kills   int // stalls among them
	stalls  []stall
}

// stall is when a process stood still.
type stall struct{ began, ended time.Time }

func (p proof) run(t *testing.T) {
	t.Helper()
	s := newStage(t, p)
	runs := s.start()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.send()
	}()
	began := time.Now()
	for s.kills < p.kills {
		time.Sleep(time.Duration(s.random.IntN(1200)) * time.Millisecond)
		s.hit(&runs[s.random.IntN(len(runs))])
	}
	<-sent
	time.Sleep(2 * time.Second) // the last is there
	t.Logf("killed %d times in %v: %+v", s.kills, time.Since(began).Round(time.Millisecond), s.queue.Stats())
	s.far.Unwell(false)
	kept, err := store.Open(t.Context(), s.program.Store, store.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	s.drain(kept, runs)
	for _, r := range runs {
		if err := r.Stop(20 * time.Second); err != nil {
			t.Error(err)
		}
	}
	s.check(kept)
}

// hit kills a run and starts another in its place. One that is not alone is now and then stopped for so long that others
// take it for dead instead, and goes on then.
func (s *stage) hit(r **soak.Run) {
	s.t.Helper()
	s.kills++
	if s.replicas > 1 && (s.kills%100 == 50 || !long && s.kills == 5) {
		began := time.Now()
		if err := (*r).Stall(20 * time.Second); err != nil {
			s.t.Fatal(err)
		}
		s.stalls = append(s.stalls, stall{began, time.Now()})
		return
	}
	if err := (*r).Kill(); err != nil {
		s.t.Fatal(err)
	}
	again, err := s.program.Start(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	*r = again
}

func newStage(t *testing.T, p proof) *stage {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("CAIRN_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("CAIRN_SEED=%d", seed)
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	org, err := soak.NewOrganization(t.Context(), p.accounts, seed, time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{proof: p, t: t, random: rand.New(rand.NewPCG(seed, 1)), org: org, queue: soak.NewQueue(seed, time.Now), far: soak.NewFarEnds(seed, time.Now)}
	s.kills = 0
	t.Cleanup(s.queue.Close)
	t.Cleanup(s.far.Close)
	s.queue.Again, s.queue.Hidden = 0.03, func(asked time.Duration) time.Duration { return min(asked, 2*time.Second) }
	s.far.Unwell(true)
	s.program = &soak.Program{Path: path, Dir: t.TempDir(), Store: p.store(t), Queue: s.queue}
	for _, trail := range org.Trails[:p.accounts/4] {
		s.told = append(s.told, trail.Account)
	}
	if err := s.program.Set(s.far, org.Snapshot, s.told); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) start() []*soak.Run {
	s.t.Helper()
	var out []*soak.Run
	for range s.replicas {
		r, err := s.program.Start(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// send puts what happens into the queue, somewhat out of order and among much that is of no interest, while the program
// is killed again and again.
func (s *stage) send() {
	calls := s.org.Tale(s.calls, time.Now().Add(-time.Hour))
	slices.SortFunc(calls, func(a, b soak.Call) int { return a.Happens.Compare(b.Happens) })
	every := time.Duration(s.proof.kills) * 600 * time.Millisecond / time.Duration(len(calls))
	for _, c := range calls {
		e, err := s.org.Event(c)
		if err != nil {
			s.t.Error(err)
			return
		}
		s.records = append(s.records, e.Record)
		bodies := []string{e.Envelope}
		for range 10 {
			other, err := s.org.Other()
			if err != nil {
				s.t.Error(err)
				return
			}
			s.records = append(s.records, other.Record)
			bodies = append(bodies, other.Envelope)
		}
		s.queue.Send(bodies...)
		time.Sleep(every)
	}
}

// drain waits until everything was read, judged and told.
func (s *stage) drain(kept *store.Store, runs []*soak.Run) {
	s.t.Helper()
	began := time.Now()
	var state string
	for time.Since(began) < 3*time.Minute {
		fresh, err := kept.Fresh(s.t.Context(), 1)
		if err != nil {
			s.t.Fatal(err)
		}
		owed := s.owed(kept)
		now := fmt.Sprintf("queue %v, fresh %d, owed %v", s.queue.Left() > 0, len(fresh), len(owed) > 0)
		if now != state {
			s.t.Logf("%6.1f s: %s", time.Since(began).Seconds(), now)
			state = now
		}
		if s.queue.Left() == 0 && len(fresh)+len(owed) == 0 {
			return
		}
		for _, r := range runs {
			if r.Ended() {
				s.t.Fatalf("cairn ended by itself\n%s", r.Log())
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	var left []string
	for _, d := range s.owed(kept) {
		left = append(left, fmt.Sprintf("%s of %s: owed %d, shown %d (%s), due %v, %d attempts, %q", d.Notice.Finding.ID, d.Channel, d.Owed, d.Shown, d.Before, d.Due, d.Attempts, d.Error))
	}
	s.t.Fatalf("something is left after %v: %s\n%s\n%s", time.Since(began), state, strings.Join(left, "\n"), runs[len(runs)-1].Log())
}

// owed is what channels are owed soon. What comes again is told once more a day later.
func (s *stage) owed(kept *store.Store) []notify.Delivery {
	s.t.Helper()
	all, err := kept.Owed(s.t.Context(), 10_000)
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(d notify.Delivery) bool { return time.Until(d.Due) > time.Hour })
}
