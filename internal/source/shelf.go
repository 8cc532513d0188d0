package source

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

// maxRemembered is how many keys of a folder are remembered: those of an hour, unless one object holds the cursor back
// for long. What is beyond that is handed on again in each pass.
const maxRemembered = 10_000

// shelf is the folder of an account, kind and Region, and how far it was read.
type shelf struct {
	logFolder
	bucket *bucket
	cursor string          // everything up to here was acknowledged: a key, or what would be one
	saved  string          // the cursor as it is kept
	start  string          // where the next listing begins; never after the cursor
	acked  map[string]bool // keys from there on that were acknowledged
	gate   *gate           // which of the others to ask for

	// Of this pass.
	ready bool
	last  string // the key that was looked at last
	stuck bool   // something was not acknowledged or not listed: the cursor stays before it

	mu  sync.Mutex
	err error // the first reason why an object could not be read, or was not taken
}

func newShelf(b *bucket, f logFolder) *shelf {
	return &shelf{logFolder: f, bucket: b, gate: newGate(b.Workers, b.Now), acked: map[string]bool{}}
}

func (s *shelf) name() string {
	return "s3://" + s.bucket.Name + "/" + strings.TrimSuffix(s.prefix, "/")
}

// begin begins a pass.
func (s *shelf) begin(ctx context.Context) {
	s.last, s.stuck, s.err = "", false, nil
	s.gate.begin()
	s.ready = s.cursor != "" || s.load(ctx)
}

// load finds where to begin. A cursor that cannot be had is no reason to begin anew.
func (s *shelf) load(ctx context.Context) bool {
	kept, err := s.bucket.Cursors.Get(ctx, s.name())
	if ctx.Err() != nil {
		return false
	}
	at, ok := s.timeOf(kept)
	if err == nil && kept != "" && !ok {
		err = fmt.Errorf("%q is no key of this folder: delete it to begin anew", kept)
	}
	s.bucket.told.set(Problem{Name: "cursor of " + s.name(), Err: err})
	switch {
	case err != nil:
		return false
	case kept == "":
		s.cursor = s.at(s.bucket.from)
		s.start = s.cursor
	default:
		s.cursor, s.saved, s.start = kept, kept, s.at(at.Add(-lookBack))
	}
	return true
}

// firstDay is the day with which this pass begins.
func (s *shelf) firstDay() time.Time {
	at, _ := s.timeOf(s.start)
	return at.Truncate(24 * time.Hour)
}

// read reads a day.
func (s *shelf) read(ctx context.Context, day, now time.Time) {
	next := day.AddDate(0, 0, 1)
	if !s.ready || s.gate.isShut() || s.day(next) <= s.start {
		return
	}
	l := Listing{Prefix: s.day(day)}
	if s.start > l.Prefix {
		l.StartAfter = s.start
	}
	whole := s.bucket.list(ctx, l, func(p Page) bool {
		s.take(ctx, p.Keys)
		s.keep(ctx)
		return ctx.Err() == nil && !s.gate.isShut()
	})
	if !whole {
		s.stuck = true
	}
	if !s.stuck && !next.After(now) {
		s.cursor = max(s.cursor, s.day(next))
	}
	s.keep(ctx)
}

// take hands objects on, side by side, and moves the cursor to the last before the first that was not acknowledged.
func (s *shelf) take(ctx context.Context, keys []string) {
	done := make([]bool, len(keys))
	var work sync.WaitGroup
	for i, key := range keys {
		switch {
		case s.acked[key]:
			done[i] = true
		case !holdsRecords(key):
			done[i] = true
			s.bucket.Stats.Skipped.Add(1)
		case s.gate.due(key) && s.bucket.begin(ctx):
			work.Go(func() {
				defer func() { <-s.bucket.slots }()
				done[i] = !s.gate.isShut() && s.hand(ctx, key)
			})
		}
	}
	work.Wait()
	for i, key := range keys {
		s.pass(key, done[i])
	}
}

// hand hands an object on, and says whether it was acknowledged.
func (s *shelf) hand(ctx context.Context, key string) bool {
	o := object{s.bucket.Name, key}
	err := s.bucket.reader.read(ctx, o, time.Time{})
	switch {
	case err != nil && ctx.Err() != nil:
	case s.bucket.refusals.note(o, err):
		s.gate.refuses(key, isDenied(err))
	case err == nil:
		s.gate.lets(key)
		return true
	default:
		s.fail(o, err)
	}
	return false
}

// fail tells the first reason in a pass why an object could not be read, or was not taken.
func (s *shelf) fail(o object, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("%s: %w", o, err)
		s.bucket.told.set(failure(s.name(), "GetObject", s.err))
	}
}

// pass notes what became of a key. They come in their order. One that is not acknowledged may stand before the cursor,
// if it appeared late.
func (s *shelf) pass(key string, acknowledged bool) {
	switch {
	case acknowledged:
		if !s.stuck {
			s.cursor = max(s.cursor, key)
		}
		if len(s.acked) < maxRemembered {
			s.acked[key] = true
		}
	case !s.stuck:
		s.stuck = true
		if key <= s.cursor {
			s.cursor = max(s.last, s.start)
		}
	}
	s.last = key
}

// keep keeps the cursor, and forgets the keys that are not listed again.
func (s *shelf) keep(ctx context.Context) {
	if at, ok := s.timeOf(s.cursor); ok {
		s.start = max(s.start, s.at(at.Add(-lookBack)))
	}
	maps.DeleteFunc(s.acked, func(key string, _ bool) bool { return key <= s.start })
	s.gate.forget(s.start)
	if s.cursor == s.saved {
		return
	}
	err := s.bucket.Cursors.Set(context.WithoutCancel(ctx), s.name(), s.cursor)
	s.bucket.told.set(Problem{Name: "cursor of " + s.name(), Err: err})
	if err == nil {
		s.saved = s.cursor
	}
}

// end ends a pass. Its problem is over when everything was acknowledged.
func (s *shelf) end() {
	if s.ready && !s.stuck && s.err == nil {
		s.bucket.told.set(Problem{Name: s.name()})
	}
}
