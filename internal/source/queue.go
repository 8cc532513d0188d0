package source

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// Receiver is an SQS queue. Its errors may be a [Failure] or a [Refusal]; those of Delete and Extend are one for each
// receipt, in their order, or nil if all went well. Neither gets more than 10 receipts.
type Receiver interface {
	// Receive waits for messages, of which it returns up to 10, and hides them from others for a time.
	Receive(ctx context.Context, wait, hidden time.Duration) ([]Message, error)
	Delete(ctx context.Context, receipts []string) []error
	// Extend hides messages for a time from now on. With 0 they are there again at once.
	Extend(ctx context.Context, receipts []string, hidden time.Duration) []error
}

// Message is a message as it was received. It is an alias, so that who implements a Receiver need not know this package.
type Message = struct {
	ID, Receipt string
	Body        string
	Receives    int       // how often it was received, this time included
	Sent        time.Time // when it was put into the queue
}

// Poisoned is a message that could not be handled, time and again.
type Poisoned struct {
	Queue, ID, Body string
	Tries           int // how often it was received
	Err             error
}

// Queue reads an SQS queue to which EventBridge sends events of CloudTrail, or S3, SNS or CloudTrail notifications of log
// files, which are then read from S3; a queue may get all of them.
//
// A message is deleted when its handler has acknowledged all that it brings, and only then. Until then it stays hidden
// from other readers. One that fails comes again after a while, and when it has failed too often it is handed to Poison.
// What AWS refuses, for want of a permission or because it is not well, counts against no message: it is told as a
// [Problem], and the messages stay.
//
// When the context ends, nothing more is begun. What was begun has the time of Grace to end; all else is in the queue
// again at once.
type Queue struct {
	Name     string // for messages: its URL
	Receiver Receiver
	Objects  Objects // where the log files are

	Workers    int           // how many receive; default 4
	InFlight   int           // objects that are handled at once; default 16
	Visibility time.Duration // how long a message is hidden, and hidden anew while it is handled; default 2 min
	Tries      int           // receives after which a message is poison; default 5
	Grace      time.Duration // default 20 s

	// Poison takes what cannot be handled; nil lets it be deleted. Without it, such messages stay until the queue's own
	// retention or its dead-letter queue ends them.
	Poison  func(context.Context, Poisoned) error
	Stats   *Stats           // counts what is done; may be nil
	Problem func(Problem)    // told what cannot be read; may be nil; one call at a time
	Now     func() time.Time // wanted
}

// The limits of SQS (SQS Developer Guide, "Amazon SQS quotas"): the longest wait for messages, and the longest time that
// one is hidden from its receipt on.
const (
	longPoll  = 20 * time.Second
	maxHidden = 12 * time.Hour
)

const (
	// maxRest is the longest that a receiver rests while AWS refuses everything.
	maxRest = time.Minute
	// lastCall bounds the calls that put messages back: at the end somebody waits for them.
	lastCall = 10 * time.Second
)

// reception is a Queue under way.
type reception struct {
	Queue
	reader   *reader
	told     *problems
	fates    *fates
	refusals *refusals
	slots    chan struct{}   // objects in flight
	stopping <-chan struct{} // nothing more is begun
}

// Run reads until the context ends.
func (q Queue) Run(ctx context.Context, handle Handle) error {
	q.Workers, q.InFlight, q.Tries = cmp.Or(q.Workers, 4), cmp.Or(q.InFlight, 16), cmp.Or(q.Tries, 5)
	q.Visibility, q.Grace = cmp.Or(q.Visibility, 2*time.Minute), cmp.Or(q.Grace, 20*time.Second)
	q.Stats = cmp.Or(q.Stats, &Stats{})
	if err := q.check(); err != nil {
		return err
	}
	told := newProblems(q.Problem)
	r := &reception{
		Queue: q, reader: &reader{q.Objects, handle, q.Stats}, told: told, fates: newFates(told, q.Now), refusals: newRefusals(told, q.Now),
		slots: make(chan struct{}, q.InFlight), stopping: ctx.Done(),
	}
	lasting, end := outlive(ctx, q.Grace)
	defer end()
	var wg sync.WaitGroup
	for range q.Workers {
		wg.Go(func() { r.serve(ctx, lasting) })
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (q Queue) check() error {
	switch {
	case q.Name == "" || q.Receiver == nil:
		return errors.New("read a queue: none is given")
	case q.Objects == nil:
		return errors.New("read the queue " + q.Name + ": nothing can read the objects that its messages name")
	case q.Visibility < 10*time.Second || q.Visibility > maxHidden: // or it could not be extended in time
		return errors.New("read the queue " + q.Name + ": its messages are to be hidden for 10 s to 12 h")
	}
	return nil
}

// outlive is a context that ends a while after another.
func outlive(ctx context.Context, grace time.Duration) (longer context.Context, end context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(longer, grace)
		cancel(context.Cause(ctx))
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}

// serve receives and handles, again and again. While AWS refuses, it asks less and less often.
func (r *reception) serve(ctx, lasting context.Context) {
	acks := make(chan *delivery)
	var deleter sync.WaitGroup
	deleter.Go(func() { r.deletes(lasting, acks) })
	for rests := 0; ctx.Err() == nil; {
		if r.round(ctx, lasting, acks) {
			rests = 0
			continue
		}
		sleep(ctx, min(firstWait<<rests, maxRest))
		rests = min(rests+1, 10)
	}
	close(acks)
	deleter.Wait()
}

// round receives messages and handles them. It returns false if nothing came of it.
func (r *reception) round(ctx, lasting context.Context, acks chan<- *delivery) bool {
	began := r.Now()
	got, err := r.Receiver.Receive(ctx, longPoll, r.Visibility)
	if err != nil && ctx.Err() != nil {
		return true
	}
	r.called("ReceiveMessage", err)
	if err != nil {
		return false
	}
	r.Stats.Messages.Add(int64(len(got)))
	if len(got) == 0 {
		if r.Now().Sub(began) < firstWait { // it did not wait, and need not be asked at once
			sleep(ctx, firstWait)
		}
		return true
	}
	lasting, cancel := context.WithTimeoutCause(lasting, maxHidden, errTooLong)
	defer cancel()
	return r.deal(lasting, r.deliveries(got, began, acks))
}

// called tells how a call to the queue went.
func (r *reception) called(call string, err error) {
	r.told.set(failure(call+" "+r.Name, call, err))
}
