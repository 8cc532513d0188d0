package notify

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cairn.example/internal/model"
)

// ErrLost is that the lease of a delivery is another worker's by now, as after a stall, or that it is owed no more.
var ErrLost = errors.New("it was leased to somebody else meanwhile")

// Ledger keeps what channels are owed. Its rows are leased to one worker at a time, so that calls of one key never
// overlap and their order cannot break, however many workers and machines there are. Who lost a lease writes nothing:
// Noted, Shown, Failed and Hold give [ErrLost] then.
type Ledger interface {
	// Lease takes up to n deliveries of a channel that are due, for as long as d.
	Lease(ctx context.Context, channel, worker string, n int, d time.Duration) ([]Delivery, error)
	// Noted keeps how far a message came that takes several steps.
	Noted(ctx context.Context, d Delivery, ref string) error
	// Shown keeps that a channel shows a delivery; but says who does not get it, "" for nobody.
	Shown(ctx context.Context, d Delivery, ref, but string, to Routed) error
	Failed(ctx context.Context, d Delivery, ref string, why *Error, again time.Time) error
	Hold(ctx context.Context, d Delivery, until time.Time) error
	// Retried tells whether somebody had the channel tried again since a delivery failed.
	Retried(ctx context.Context, d Delivery) (bool, error)
	// Late keeps that a delivery was brought by who had lost its lease: what others showed since may stand below it.
	Late(ctx context.Context, d Delivery) error
	// Quieted tells until when a finding is not to be told, by a silence or an inhibition; the zero time: it is.
	Quieted(ctx context.Context, f model.Finding) (time.Time, error)
	Owing() <-chan struct{} // closed when something came to be owed
	Shared() bool           // other processes may come to owe something, too
}

// Worker brings one channel what it is owed, until its context ends.
type Worker struct {
	Ledger  Ledger
	To      Routed
	Kind    Kind
	Channel Channel
	ID      string // of this worker among all
	Now     func() time.Time
	Log     *slog.Logger
	// Trouble is told of what a person should know of the channel, and tells whether it was kept.
	Trouble func(context.Context, Trouble) bool
	Tried   func(d Delivery, took time.Duration, err error)

	limit *rate.Limiter
	mu    sync.Mutex
	fails fails
}

// Trouble is something about a channel that a person should know through another.
type Trouble struct {
	Channel string
	Since   time.Time // of the first failure
	Failure Failure
	Why     string
	Notice  *Notice // of the message that will never be taken, where it is one
	Some    bool    // others got it
	Over    bool    // the channel took a message
}

// fails is how a channel fares.
type fails struct {
	row   int       // failures since the last success
	since time.Time // of the first of them
	until time.Time // how long the channel is left alone
	last  *Delivery // that failed, and of which the ledger has it; nil for none
	told  bool
}

const (
	// leased is how long a worker may take for what it leased. It is well above what one attempt may take.
	leased = 2 * time.Minute
	// Attempt bounds one attempt, of which a channel may need several requests. Together with keeping it is what service
	// managers must leave a process for its end.
	Attempt = 40 * time.Second
	keeping = 20 * time.Second // and keeping what became of it
	atOnce  = 4                // messages of a channel whose far end knows keys
	batch   = 16
	// fresh is how old a lease may be for a worker to rely on it. Others take it from a process that says nothing for longer.
	fresh = 5 * time.Second
	// look is how often a worker looks for what another process came to owe.
	look      = 500 * time.Millisecond
	lookAlone = 2 * time.Second // where there is no other process
	// The waits between attempts: 5 s, doubled each time, up to 5 minutes.
	firstWait = 5 * time.Second
	lastWait  = 5 * time.Minute
	// tellAfter is for how long a channel may fail before others are told.
	tellAfter = 5 * time.Minute
)

// Run works until the context ends, and finishes then what it began.
func (w *Worker) Run(ctx context.Context) {
	w.limit = rate.NewLimiter(rate.Inf, 1)
	if l := w.Kind.Limit; l.Every > 0 {
		w.limit = rate.NewLimiter(rate.Every(l.Every), max(1, l.Burst))
	}
	for ctx.Err() == nil {
		owing := w.Ledger.Owing()
		if !w.pause(ctx) {
			return
		}
		if w.some(ctx) > 0 {
			continue
		}
		select {
		case <-owing:
		case <-time.After(w.patience()):
		case <-ctx.Done():
		}
	}
}

// patience is how long a worker waits for what nobody in this process told it of, such as the end of a time.
func (w *Worker) patience() time.Duration {
	if w.Ledger.Shared() {
		return look
	}
	return lookAlone
}

// pause leaves a channel alone that wants to be, which may be for a day, unless somebody says to try it; false when the
// context ends.
func (w *Worker) pause(ctx context.Context) bool {
	for ctx.Err() == nil {
		wait := w.rest()
		if wait <= 0 || w.retried(ctx) {
			return true
		}
		select {
		case <-time.After(min(wait, w.patience())):
		case <-ctx.Done():
		}
	}
	return false
}

// rest is for how long the channel is still left alone.
func (w *Worker) rest() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fails.until.Sub(w.Now())
}

// retried ends the pause where somebody had the channel tried again, in this process or in another. That is one attempt: the
// failures are counted on, so that one message is brought alone, and the far end may ask for a pause again.
func (w *Worker) retried(ctx context.Context) bool {
	w.mu.Lock()
	last := w.fails.last
	w.mu.Unlock()
	if last == nil {
		return false
	}
	retried, err := w.Ledger.Retried(ctx, *last)
	if err != nil || !retried { // without an answer the pause goes on, as the far end wants
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails.until, w.fails.last = time.Time{}, nil
	return true
}

// some brings what is due: one message alone where the last one failed, and where a crash would repeat each that is under
// way. It gives how many there were.
func (w *Worker) some(ctx context.Context) int {
	n := batch
	if w.failing() || !w.Kind.Keyed {
		n = 1
	}
	due, err := w.Ledger.Lease(ctx, w.To.Channel, w.ID, n, leased)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "look for what a channel is owed", "channel", w.To.Channel, "error", err)
		}
		return 0
	}
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, d := range due {
		room <- struct{}{}
		wg.Go(func() {
			w.bring(ctx, d)
			<-room
		})
	}
	wg.Wait()
	return len(due)
}

func (w *Worker) failing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fails.row > 0
}

// bring makes one attempt, unless somebody does not want to hear of the finding now. What was told of before is brought
// to its end all the same.
func (w *Worker) bring(ctx context.Context, d Delivery) {
	if d.Before == "" || d.Notice.State == Open {
		until, err := w.Ledger.Quieted(ctx, d.Notice.Finding)
		if err != nil || !until.IsZero() {
			if soon := w.Now().Add(look); until.Before(soon) {
				until = soon
			}
			w.keep(w.Ledger.Hold(context.WithoutCancel(ctx), d, until), d)
			return
		}
	}
	if w.limit.Wait(ctx) != nil || w.paused() || w.tooLate(d) {
		w.keep(w.Ledger.Hold(context.WithoutCancel(ctx), d, w.Now()), d)
		return
	}
	ctx = context.WithoutCancel(ctx) // what became of it is kept also where the attempt took all of its time
	trying, cancel := context.WithTimeout(ctx, Attempt)
	defer cancel()
	began := w.Now()
	if began.After(d.Lease.Until.Add(fresh-leased)) && !w.keep(w.Ledger.Noted(ctx, d, d.Ref), d) {
		return // the process stalled, and another has it or will
	}
	ref, err := Show(trying, w.Channel, Compose(d.Notice, began), d.Ref, func(ref string) error { return w.Ledger.Noted(ctx, d, ref) })
	ctx, cancel = context.WithTimeout(ctx, keeping)
	defer cancel()
	if w.Tried != nil {
		w.Tried(d, w.Now().Sub(began), err)
	}
	if err != nil {
		w.failed(ctx, d, ref, FailureOf(err))
		return
	}
	w.shown(ctx, d, ref, "")
	w.worked(ctx)
}

// shown keeps that a message was taken, also where that was late.
func (w *Worker) shown(ctx context.Context, d Delivery, ref, but string) {
	err := w.Ledger.Shown(ctx, d, ref, but, w.To)
	w.keep(err, d)
	if errors.Is(err, ErrLost) {
		w.keep(w.Ledger.Late(ctx, d), d)
	}
}

// tooLate tells that a lease may end during an attempt: the messages before this one took long, and another process could
// bring it meanwhile.
func (w *Worker) tooLate(d Delivery) bool {
	return w.Now().After(d.Lease.Until.Add(-Attempt - keeping))
}

// paused tells whether another message showed meanwhile that the channel wants to be left alone.
func (w *Worker) paused() bool {
	return w.rest() > 0
}

// keep says that the ledger did not keep what became of a delivery: it is leased still, and comes again. It tells whether
// the ledger did.
func (w *Worker) keep(err error, d Delivery) bool {
	if err != nil {
		w.Log.Error("keep what became of a message", "channel", d.Channel, "finding", d.Notice.Finding.ID, "error", err)
	}
	return err == nil
}

func (w *Worker) failed(ctx context.Context, d Delivery, ref string, why *Error) {
	now := w.Now()
	wait := max(backoff(d.Attempts), why.After)
	w.Log.WarnContext(ctx, "a message was not taken", "channel", d.Channel, "finding", d.Notice.Finding.ID, "failure", string(why.Failure), "attempt", d.Attempts+1, "error", why)
	t := Trouble{Channel: d.Channel, Failure: why.Failure, Why: why.Error(), Since: now, Notice: &d.Notice, Some: why.Some}
	if why.Some && why.Failure == Refused { // told, but not to everybody
		w.shown(ctx, d, ref, why.Error())
		w.partly(ctx, t)
		return
	}
	err := w.Ledger.Failed(ctx, d, ref, why, now.Add(wait))
	kept := w.keep(err, d)
	if errors.Is(err, ErrLost) {
		if why.Unsure {
			w.keep(w.Ledger.Late(ctx, d), d)
		}
		return // who has it now learns of the failure, too
	}
	if why.Failure == Refused {
		w.tell(ctx, t)
		return
	}
	if why.Some { // somebody got it
		return
	}
	t.Notice = nil
	w.mu.Lock()
	if w.fails.row == 0 {
		w.fails.since = now
	}
	w.fails.row++
	if kept {
		w.fails.last = &d
	}
	w.fails.until = now.Add(max(backoff(w.fails.row-1), why.After))
	t.Since = w.fails.since
	tell := !w.fails.told && (why.Failure == Closed || now.Sub(w.fails.since) >= tellAfter)
	w.mu.Unlock()
	if tell && w.tell(ctx, t) { // else the next failure tells
		w.mu.Lock()
		w.fails.told = true
		w.mu.Unlock()
	}
}

// worked says so each time: what others were told of may be another process's word, or an earlier run's.
func (w *Worker) worked(ctx context.Context) {
	w.well()
	w.tell(ctx, Trouble{Channel: w.To.Channel, Over: true})
}

// partly tells that some recipients do not get what others do. That is over with the next message that all of them get.
func (w *Worker) partly(ctx context.Context, t Trouble) {
	w.well()
	w.tell(ctx, t)
}

func (w *Worker) well() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails = fails{}
}

func (w *Worker) tell(ctx context.Context, t Trouble) bool {
	return w.Trouble == nil || w.Trouble(ctx, t)
}

// backoff is how long a message waits after its nth failure, give or take a tenth so that not all come at once.
func backoff(n int) time.Duration {
	wait := firstWait << min(n, 10)
	wait = min(wait, lastWait)
	return wait + time.Duration(rand.Int64N(int64(wait)/5)) - wait/10 //nolint:gosec // no secret
}
