package source

import (
	"context"
	"errors"
	"time"
)

const (
	// maxBatch is how many messages one call can delete.
	maxBatch = 10
	// linger is how long an acknowledgement waits for others.
	linger = time.Second
)

// deletes removes what was acknowledged, until there is no more.
func (r *reception) deletes(ctx context.Context, acks <-chan *delivery) {
	for receipts := gather(acks); len(receipts) > 0; receipts = gather(acks) {
		r.deleteAll(ctx, receipts)
	}
}

func gather(acks <-chan *delivery) []string {
	first, more := <-acks
	if !more {
		return nil
	}
	receipts := []string{first.Receipt}
	full := time.NewTimer(linger)
	defer full.Stop()
	for len(receipts) < maxBatch {
		select {
		case d, more := <-acks:
			if !more {
				return receipts
			}
			receipts = append(receipts, d.Receipt)
		case <-full.C:
			return receipts
		}
	}
	return receipts
}

// deleteAll tries several times, with those that are left. What cannot be deleted comes again, and is handled again.
func (r *reception) deleteAll(ctx context.Context, receipts []string) {
	for n := range tries {
		receipts = r.deleteOnce(ctx, receipts)
		if len(receipts) == 0 || n < tries-1 && !sleep(ctx, firstWait<<n) {
			return
		}
	}
}

// deleteOnce returns those that are left.
func (r *reception) deleteOnce(ctx context.Context, receipts []string) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall) // also when all else has ended
	defer cancel()
	errs := r.Receiver.Delete(ctx, receipts)
	r.called("DeleteMessage", errors.Join(errs...))
	var left []string
	for i, err := range errs {
		if err != nil {
			left = append(left, receipts[i])
		}
	}
	return left
}
