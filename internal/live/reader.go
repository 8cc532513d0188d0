package live

import (
	"context"
	"sync"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// reader reads the accounts when it is time. That may take minutes, so it is done beside the judging.
type reader struct {
	w       *Watch
	next    time.Time      // when they are read next
	again   time.Time      // when they would be if nothing happened
	reading chan reading   // what is being read; nil: nothing is
	arrived chan struct{}  // it was read
	running sync.WaitGroup // of what reads
	failed  int            // how often in a row they could not be read
}

// reading is what was read of the accounts.
type reading struct {
	snapshot *model.Snapshot
	err      error
}

// ask has the accounts read, if it is time.
func (r *reader) ask(ctx context.Context) {
	now := r.w.Now()
	if r.reading != nil || r.w.Collect == nil || now.Before(r.next) {
		return
	}
	r.again = now.Add(r.w.every())
	r.next = r.again // or sooner, for what happens meanwhile
	out := make(chan reading, 1)
	r.reading = out
	r.running.Go(func() {
		s, err := r.w.Collect(ctx)
		out <- reading{s, err}
		select {
		case r.arrived <- struct{}{}:
		default:
		}
	})
}

// take gives what was asked for, once it was read.
func (r *reader) take() (reading, bool) {
	select {
	case got := <-r.reading:
		r.reading = nil
		return got, true
	default:
		return reading{}, false
	}
}

// since has them read in their turn after they were last, unless it is known already when they are.
func (r *reader) since(last time.Time) {
	if r.next.IsZero() {
		r.next = last.Add(r.w.every())
	}
}

// by has them read at a time, if they would be later.
func (r *reader) by(at time.Time) {
	if at.Before(r.next) {
		r.next = at
	}
}

// within has them read after a time, or in their turn if that is sooner.
func (r *reader) within(d time.Duration) { r.next = r.w.Now().Add(min(r.w.every(), d)) }

// inTurn has their turn come a whole interval after they were read, however long that took, unless something happened
// meanwhile.
func (r *reader) inTurn() {
	if r.next.Equal(r.again) {
		r.next = r.w.Now().Add(r.w.every())
	}
}

// unread is how long accounts wait that could not be read.
const unread = 5 * time.Minute

// unread says that the accounts could not be read, and has them read again soon. A second time in a row it is told: who means
// to change a trail unseen may shut cairn out first.
func (r *reader) unread(ctx context.Context, err error) error {
	r.within(unread)
	r.w.Log.ErrorContext(ctx, "read the accounts", "error", err, "again", r.next)
	if r.failed++; r.failed != 2 {
		return nil
	}
	if err := r.say(ctx, err); err != nil {
		r.failed-- // so that the next one is told
		return err
	}
	return nil
}

// wasRead tells that the accounts can be read.
func (r *reader) wasRead(ctx context.Context) error {
	if err := r.say(ctx, nil); err != nil {
		return err
	}
	r.failed = 0
	return nil
}

// say tells whether accounts can be read.
func (r *reader) say(ctx context.Context, why error) error {
	told, err := r.w.Store.Tell(ctx, store.News{
		Audits: []store.Audit{{Findings: []model.Finding{r.w.reads(why)}}}, Lease: theJudge, Holder: r.w.ID,
	})
	r.w.tell(told)
	return err
}
