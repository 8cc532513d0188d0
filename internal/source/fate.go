package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	firstDelay = 30 * time.Second
	maxDelay   = 10 * time.Minute
)

// delayOf is how long a message is left alone that was received so often and failed: 30 s, 90 s, 4.5 min, then 10 min.
// The five receives of the default take a quarter of an hour, which a handler's trouble with something else may last.
func delayOf(receives int) time.Duration {
	delay := firstDelay
	for range min(receives-1, 3) {
		delay *= 3
	}
	return min(delay, maxDelay)
}

// goneTries are the receives after which a message of a missing object is poison. S3 shows an object from the moment that
// it is written, so somebody deleted it; it is asked for twice, since that says so much.
const goneTries = 2

// failed puts a message back, or ends it when it has failed too often.
func (r *reception) failed(ctx context.Context, d *delivery, name string, err error) {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errTooLong) {
		r.putBack(ctx, d, 0)
		return
	}
	limit := r.Tries
	if isGone(err) {
		limit = min(limit, goneTries)
	}
	excused := isPassing(err)
	failed, tries := r.fates.note(d.Message, excused)
	switch {
	case excused:
	case tries >= limit && failed >= min(limit, ownTries):
		r.poison(ctx, d, name, err)
		return
	default:
		r.fates.tell(d.ID, Problem{Name: name, Err: err})
	}
	r.putBack(ctx, d, delayOf(d.Receives))
}

// poison gives a message to whom takes what cannot be handled.
func (r *reception) poison(ctx context.Context, d *delivery, name string, cause error) {
	err := cause
	if r.Poison != nil {
		p := Poisoned{Queue: r.Name, ID: d.ID, Body: d.Body, Tries: d.Receives, Err: cause}
		if err = r.Poison(ctx, p); err != nil {
			err = fmt.Errorf("%w, and it could not be put aside: %w", cause, err)
		}
	}
	switch {
	case err == nil:
		r.Stats.Poisoned.Add(1)
		r.delete(d)
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errTooLong):
		r.putBack(ctx, d, 0)
	default:
		r.fates.tell(d.ID, Problem{Name: name, Err: err})
		r.putBack(ctx, d, maxDelay)
	}
}

// fates are those of messages that were not handled.
//
// SQS counts every receive. Those that a refusal of AWS's ended do not count against a message, and only who was refused
// knows of them. So a message is poison only when it has also failed here, and not just once: after a restart, its
// count may be high for want of a permission that is there by now.
type fates struct {
	told *problems
	now  func() time.Time

	mu    sync.Mutex
	of    map[string]*fate // by the message's id
	swept time.Time
}

// ownTries are the failures that this program must have seen itself.
const ownTries = 2

type fate struct {
	failed, excused int
	problem         string   // the name under which it was told
	read            []object // of what it names
	seen            time.Time
}

func newFates(told *problems, now func() time.Time) *fates {
	return &fates{told: told, now: now, of: map[string]*fate{}, swept: now()}
}

// maxFates is how many messages of a queue SQS lets be hidden, and so how many can be waiting for their next try (SQS
// Developer Guide, "Amazon SQS quotas").
const maxFates = 120_000

// note counts a failure. It returns how often the message has failed here, and how many of its receives count.
func (f *fates) note(m Message, excused bool) (failed, tries int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sweep()
	one := f.get(m.ID)
	if excused {
		one.excused++
	} else {
		one.failed++
	}
	return one.failed, max(m.Receives-one.excused, one.failed)
}

// get is a message's fate. All is locked.
func (f *fates) get(id string) *fate {
	one := f.of[id]
	if one == nil {
		for other := range f.of { // any: which of them comes again first is not known
			if len(f.of) < maxFates {
				break
			}
			f.forget(other)
		}
		one = &fate{}
		f.of[id] = one
	}
	one.seen = f.now()
	return one
}

// read tells whether an object that a message names was read when the message came before.
func (f *fates) read(id string, o object) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.of[id]
	return one != nil && slices.Contains(one.read, o)
}

// keep keeps which objects of a message were read, though not all.
func (f *fates) keep(id string, read []object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.get(id)
	one.read = append(one.read, read...)
}

// tell tells why a message was not handled.
func (f *fates) tell(id string, p Problem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.get(id)
	if one.problem != "" && one.problem != p.Name {
		f.told.set(Problem{Name: one.problem})
	}
	one.problem = p.Name
	f.told.set(p)
}

// over ends a message.
func (f *fates) over(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(id)
}

func (f *fates) forget(id string) {
	if one := f.of[id]; one != nil && one.problem != "" {
		f.told.set(Problem{Name: one.problem})
	}
	delete(f.of, id)
}

// sweep forgets what did not come again, since another reader of the queue has dealt with it.
func (f *fates) sweep() {
	now := f.now()
	if now.Sub(f.swept) < time.Hour {
		return
	}
	f.swept = now
	for id, one := range f.of {
		if now.Sub(one.seen) > maxHidden {
			f.forget(id)
		}
	}
}

// refusals are the buckets of which AWS lets nothing be read for now. They are told by bucket: what one object is
// refused, all are.
type refusals struct {
	told *problems
	now  func() time.Time

	mu   sync.Mutex
	last map[string]refusal // by bucket
}

// refusal is the last object that was refused, and when.
type refusal struct {
	object object
	at     time.Time
}

func newRefusals(told *problems, now func() time.Time) *refusals {
	return &refusals{told: told, now: now, last: map[string]refusal{}}
}

// lull is within what time a queue or a pass asks again for an object that was refused, while it reads others.
const lull = maxDelay + 5*time.Minute

// over tells whether it is, when an object can be read: that one, or another of its folder when nothing was refused for a
// while. Other folders may have been allowed all along, and one object may stay refused.
func (r refusal) over(o object, now time.Time) bool {
	return r.object == o || folderOf(r.object.key) == folderOf(o.key) && now.Sub(r.at) > lull
}

// note tells how reading an object went, and says whether it was refused.
func (r *refusals) note(o object, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isPassing(err) {
		r.last[o.bucket] = refusal{o, r.now()}
		r.told.set(failure("s3://"+o.bucket, "GetObject", err))
		return true
	}
	if last, ok := r.last[o.bucket]; ok && last.over(o, r.now()) {
		delete(r.last, o.bucket)
		r.told.set(Problem{Name: "s3://" + o.bucket})
	}
	return false
}
