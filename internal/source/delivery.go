package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// delivery is a message that was received, until it is deleted or put back.
type delivery struct {
	Message
	began   time.Time // it was received at this time, or a little later
	acks    chan<- *delivery
	ended   atomic.Bool // it need not be hidden any longer
	deleted bool        // or will be
	records []byte
}

// errTooLong ends what takes longer than a message can be hidden.
var errTooLong = errors.New("it took 12 h, and SQS hides no message for longer")

func (r *reception) deliveries(got []Message, began time.Time, acks chan<- *delivery) []*delivery {
	var all []*delivery
	for _, m := range got {
		all = append(all, &delivery{Message: m, began: began, acks: acks})
	}
	return all
}

func (r *reception) nameOf(d *delivery) string { return "message " + d.ID + " of " + r.Name }

// deal handles messages side by side, and says whether any is done with.
func (r *reception) deal(ctx context.Context, all []*delivery) bool {
	hiding, dealt := context.WithCancel(ctx)
	var keeper, work sync.WaitGroup
	keeper.Go(func() { r.hide(hiding, all) })
	var events []*delivery
	for _, d := range all {
		m, err := parseMessage([]byte(d.Body))
		r.Stats.Skipped.Add(int64(m.skipped))
		switch {
		case err != nil:
			work.Go(func() { r.poison(ctx, d, r.nameOf(d), fmt.Errorf("its kind is not known: %w", err)) })
		case m.records != nil:
			d.records = m.records
			events = append(events, d)
		default:
			work.Go(func() { r.fetch(ctx, d, m.objects) })
		}
	}
	work.Go(func() { r.hand(ctx, events) })
	work.Wait()
	dealt()
	keeper.Wait()
	for _, d := range all {
		if d.deleted {
			return true
		}
	}
	return false
}

// hide keeps messages from others while they are handled.
func (r *reception) hide(ctx context.Context, all []*delivery) {
	for sleep(ctx, r.Visibility/2) {
		var receipts []string
		var open []*delivery
		for _, d := range all {
			if !d.ended.Load() {
				receipts, open = append(receipts, d.Receipt), append(open, d)
			}
		}
		left := maxHidden - r.Now().Sub(all[0].began)
		if len(open) == 0 || left < time.Second {
			return
		}
		errs := r.Receiver.Extend(ctx, receipts, min(r.Visibility, left.Truncate(time.Second)))
		for i, err := range errs {
			if open[i].ended.Load() { // meanwhile, so that there is nothing to hide
				errs[i] = nil
			} else if err != nil && ctx.Err() != nil {
				return
			}
		}
		r.called("ChangeMessageVisibility", errors.Join(errs...))
	}
}

// begin waits until another object may be handled, and returns false if none is to be begun any more.
func (r *reception) begin() bool {
	select {
	case <-r.stopping:
		return false
	default:
	}
	select {
	case r.slots <- struct{}{}:
		return true
	case <-r.stopping:
		return false
	}
}

// fetch handles the objects that a message names: all of them, for one that cannot be read may be so for good. Of several
// such the one counts with which the message is kept longest, and the next try leaves out what was read.
func (r *reception) fetch(ctx context.Context, d *delivery, objects []object) {
	var bad object
	var failed error
	var read []object
	for _, o := range objects {
		if r.fates.read(d.ID, o) {
			continue
		}
		if !r.begin() {
			r.putBack(ctx, d, 0)
			return
		}
		err := r.reader.read(ctx, o, d.Sent)
		<-r.slots
		if err == nil || ctx.Err() == nil {
			r.refusals.note(o, err)
		}
		switch {
		case err == nil:
			read = append(read, o)
		case failed == nil || isPassing(err) || isGone(failed):
			bad, failed = o, err
		}
	}
	if failed != nil {
		r.fates.keep(d.ID, read)
		r.failed(ctx, d, bad.String(), failed)
		return
	}
	r.acknowledge(d)
}

// hand handles events of EventBridge, all at once, since each is small; and if that fails, one by one, so that those
// that can be handled are.
func (r *reception) hand(ctx context.Context, all []*delivery) {
	if len(all) == 0 {
		return
	}
	name := fmt.Sprintf("%d messages of %s", len(all), r.Name)
	if len(all) == 1 {
		name = r.nameOf(all[0])
	}
	var bodies [][]byte
	sent := all[0].Sent
	for _, d := range all {
		bodies, sent = append(bodies, d.records), earlier(sent, d.Sent)
	}
	body := append(bytes.Join(bodies, []byte("\n")), '\n')
	if !r.begin() {
		for _, d := range all {
			r.putBack(ctx, d, 0)
		}
		return
	}
	err := r.reader.handle(ctx, Batch{Name: name, Body: until(ctx, bytes.NewReader(body)), Size: int64(len(body)), Sent: sent})
	<-r.slots
	switch {
	case err == nil:
		for _, d := range all {
			r.acknowledge(d)
		}
	case len(all) == 1:
		r.failed(ctx, all[0], name, err)
	default:
		for i := range all {
			r.hand(ctx, all[i:i+1])
		}
	}
}

// acknowledge ends a message that was handled.
func (r *reception) acknowledge(d *delivery) {
	r.Stats.Handled.Add(1)
	r.delete(d)
}

// delete leaves a message to be deleted.
func (r *reception) delete(d *delivery) {
	r.fates.over(d.ID)
	d.deleted = true
	d.acks <- d
	d.ended.Store(true)
}

// putBack leaves a message in the queue, to be received again after a delay.
func (r *reception) putBack(ctx context.Context, d *delivery, delay time.Duration) {
	d.ended.Store(true)
	if r.Now().Sub(d.began) >= maxHidden {
		return // it is there again
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	r.called("ChangeMessageVisibility", errors.Join(r.Receiver.Extend(ctx, []string{d.Receipt}, delay)...))
}
