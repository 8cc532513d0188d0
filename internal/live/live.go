// Package live keeps watch for good. Every record that a detection may have to do with goes into the store's log before
// its source is told that it was taken; one process of all that share a store judges the log; what it finds is kept with
// what channels are owed of it, in one transaction; and each process brings channels what they are owed.
//
//	sources -> sieve -> log -> judge -> findings and what is owed -> workers -> channels
//
// So a process may end anywhere: what it had not acknowledged comes again, what it had is in the log, and to judge the
// log again changes nothing.
package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"cairn.example/internal/audit"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
)

// Watch is what to keep watch with.
type Watch struct {
	Store   *store.Store
	ID      string         // of this process, among all that share the store
	Detect  detect.Options // without a Snapshot
	Sources []Source
	Workers []*notify.Worker

	// Collect reads the accounts; nil: nobody can. What was read is judged by Audit, and is where the twin begins.
	Collect func(context.Context) (*model.Snapshot, error)
	Audit   func(*model.Snapshot) audit.Result
	// Repair writes into findings of an account that changed what puts them right; it may be nil.
	Repair func(*model.Snapshot, []model.Finding)
	Every  time.Duration // between two readings; 0 is once, at the start
	// Known is told what is known of the accounts before anything is judged by it; it may be nil.
	Known func(*model.Snapshot)
	// Begin is what is known of the accounts at the start where Collect is nil; it may be nil.
	Begin *model.Snapshot

	Now  func() time.Time
	Log  *slog.Logger
	Tell func(store.Told) // what is new, in its order; it may be nil
	Seen func(Seen)       // of the records that came in; it may be nil

	troubles sync.Mutex // what channels go through is told one at a time: that one is well is looked up first
}

// Source brings objects of records until the context ends; one that has no more ends with nil.
type Source struct {
	Name string
	Run  func(context.Context, source.Handle) error
}

// Seen is an object that was read and whose records are kept.
type Seen struct {
	Batch  source.Batch
	Counts detect.Counts
	Kept   int
	Took   time.Duration
	Lag    time.Duration // since its message was put into the queue; 0 where that is not known
}

const (
	// owned is for how long the judge of the log is nobody else. It asks again three times in that time.
	owned = 15 * time.Second
	// look is how often the judge looks for records that another process logged.
	look = 200 * time.Millisecond
	// sweeping is how often it looks at what time alone changes.
	sweeping = 10 * time.Second
	// listening is how often it looks at who has fallen silent: a row for each account and Region, and hours that count.
	listening = 5 * time.Minute
	// again is how long what failed waits before it is tried again.
	again = time.Second
)

// Run keeps watch until the context ends, or until every source came to its end and all that they brought was judged.
// Then it finishes what it began.
func (w *Watch) Run(ctx context.Context) error {
	sieve, err := detect.NewSieve(w.Detect)
	if err != nil {
		return fmt.Errorf("prepare to read records: %w", err)
	}
	if err := w.Store.Start(ctx); err != nil {
		return err
	}
	absent, err := w.present(ctx)
	if err != nil {
		return err
	}
	defer absent()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	in := &intake{w: w, sieve: sieve, asks: make(chan ask)}
	sieve.Saw = in.pulse.record
	judge := newJudge(w, in.caught)
	var rest, sources sync.WaitGroup
	// What works for others ends after them: sources, then the log, then the judge, then the channels.
	logging, endLogging := context.WithCancel(context.WithoutCancel(ctx))
	rest.Go(func() { in.commit(logging) })
	rest.Go(func() { in.beat(logging) })
	judging, endJudging := context.WithCancel(context.WithoutCancel(ctx))
	var judges sync.WaitGroup
	judges.Go(func() { judge.run(judging) })
	telling, endTelling := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	for _, one := range w.Workers {
		one.Trouble = w.trouble
		workers.Go(func() { one.Run(telling) })
	}
	var failed error
	var failing sync.Mutex
	for _, s := range w.Sources {
		sources.Go(func() {
			err := w.read(ctx, s, in.handle)
			failing.Lock()
			defer failing.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	sources.Wait()
	if len(w.Sources) == 0 {
		<-ctx.Done()
	}
	endLogging()
	rest.Wait()
	if ctx.Err() == nil {
		failed = errors.Join(failed, judge.all(ctx))
	}
	endJudging()
	judges.Wait()
	if ctx.Err() == nil {
		w.drain(ctx)
	}
	endTelling()
	workers.Wait()
	return failed
}

// read reads a source to its end. That the watch ends first is no failure of it.
func (w *Watch) read(ctx context.Context, s Source, handle source.Handle) error {
	if err := s.Run(ctx, handle); err != nil && ctx.Err() == nil {
		if _, told := errors.AsType[*source.IncompleteError](err); !told { // each problem was told when it began
			w.Log.ErrorContext(ctx, "a source has ended, and the others go on", "source", s.Name, "error", err)
		}
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// present says that this process lives, until it does not.
func (w *Watch) present(ctx context.Context) (absent func(), err error) {
	if err := w.Store.Present(ctx, w.ID, owned); err != nil {
		return nil, err
	}
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	var says sync.WaitGroup
	says.Go(func() {
		var failing fault
		for pause(lasting, owned/4) {
			switch err := w.Store.Present(lasting, w.ID, owned); {
			case err == nil:
				failing.over()
			case lasting.Err() == nil && failing.news(err, w.Now()):
				w.Log.ErrorContext(lasting, "say that this process lives", "error", err)
			}
		}
	})
	return func() {
		end()
		says.Wait()
		_ = w.Store.Absent(context.WithoutCancel(ctx), w.ID) // else it runs out by itself
	}, nil
}

// drained is how long channels may take for what they are owed when all sources came to their end.
const drained = 30 * time.Second

// drain waits until channels show what they are owed now, or fail to.
func (w *Watch) drain(ctx context.Context) {
	if len(w.Workers) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, drained)
	defer cancel()
	waits := func(one *notify.Worker) bool {
		due, err := w.Store.Due(ctx, one.To.Channel)
		return err == nil && due
	}
	for ctx.Err() == nil && slices.ContainsFunc(w.Workers, waits) {
		pause(ctx, look)
	}
}

// pause waits; false when the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *Watch) tell(told []store.Told) {
	if w.Tell == nil {
		return
	}
	for _, one := range told {
		w.Tell(one)
	}
}

func (w *Watch) every() time.Duration { return cmp.Or(w.Every, 365*24*time.Hour) }
