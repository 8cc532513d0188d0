package live

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
)

// intake takes objects of records into the log.
type intake struct {
	w     *Watch
	sieve *detect.Sieve
	asks  chan ask
	pulse pulses
	late  atomic.Int64 // when something was read last that had waited in a queue for longer than an event may take to arrive
}

// ask is some records that somebody wants to be in the log.
type ask struct {
	records []store.Record
	done    chan<- error
}

// atOnce bounds how many records of one object wait for the log; a large object asks several times.
const atOnce = 500

// handle takes an object, and returns nil when all that matters of it is in the log.
func (in *intake) handle(ctx context.Context, b source.Batch) error {
	began := in.w.Now()
	if !b.Sent.IsZero() && began.Sub(b.Sent) > grace {
		in.late.Store(began.UnixNano())
	}
	var waiting []store.Record
	kept := 0
	counts, err := in.sieve.Sift(b.Name, b.Body, func(id event.ID, rec *event.Record) error {
		at, err := rec.EventTime()
		if err != nil {
			return fmt.Errorf("a record's time: %w", err)
		}
		waiting = append(waiting, store.Record{ID: fmt.Sprintf("%x", id), At: at, Body: slices.Clone(rec.Raw)})
		if kept++; len(waiting) < atOnce {
			return nil
		}
		err = in.log(ctx, waiting)
		waiting = nil
		return err
	})
	if len(waiting) > 0 {
		if failed := in.log(ctx, waiting); failed != nil {
			return failed
		}
	}
	if err != nil {
		return err
	}
	in.pulse.object(b.Name)
	if in.w.Seen != nil {
		s := Seen{Batch: b, Counts: counts, Kept: kept, Took: in.w.Now().Sub(began)}
		if !b.Sent.IsZero() {
			s.Lag = in.w.Now().Sub(b.Sent)
		}
		in.w.Seen(s)
	}
	return nil
}

// caught is when sources count as having read what came while nobody did, if nothing more of it comes.
func (in *intake) caught() time.Time { return time.Unix(0, in.late.Load()).Add(grace) }

// log waits until records are in the log.
func (in *intake) log(ctx context.Context, records []store.Record) error {
	done := make(chan error, 1)
	select {
	case in.asks <- ask{records, done}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return <-done
}

// commit writes what several handlers want to be written, in one transaction: a disk writes a hundred records as fast as
// one.
func (in *intake) commit(ctx context.Context) {
	for {
		var first ask
		select {
		case first = <-in.asks:
		case <-ctx.Done():
			return
		}
		all := []ask{first}
		records := first.records
		for len(records) < atOnce {
			select {
			case more := <-in.asks:
				all, records = append(all, more), append(records, more.records...)
				continue
			default:
			}
			break
		}
		err := in.w.Store.Log(context.WithoutCancel(ctx), records)
		for _, one := range all {
			one.done <- err
		}
	}
}

// beat keeps, now and then and at the end, of whom something arrived.
func (in *intake) beat(ctx context.Context) {
	var failing fault
	for lasts := true; lasts; {
		lasts = pause(ctx, sweeping)
		switch err := in.w.Store.Beat(context.WithoutCancel(ctx), in.pulse.take()); {
		case err == nil:
			failing.over()
		case failing.news(err, in.w.Now()):
			in.w.Log.ErrorContext(ctx, "keep when records arrived", "error", err)
		}
	}
}
