package source

import (
	"bytes"
	"context"
	"errors"
	"time"

	"cairn.example/internal/event"
)

// region reads one account's history of one Region.
type region struct {
	run      *lookups
	account  Account
	name     string
	cursors  []*cursor
	free     time.Time // when the next request may be made
	failures int       // since the last answer
}

// cursor is a pass over the events of one source, or the wait for the next.
type cursor struct {
	markKey
	since  time.Time // nothing before this is wanted
	newest time.Time // of the events of the passes so far
	seen   time.Time // of those of this pass
	from   time.Time // where this pass goes back to
	token  string    // of its next page
	pages  int       // that it has read
	due    time.Time // when its next page may be asked for
	done   bool
}

func newRegion(run *lookups, a Account, name string) *region {
	r := &region{run: run, account: a, name: name}
	for _, source := range run.Sources {
		c := &cursor{markKey: markKey{a.ID, name, source}}
		c.since, c.newest = run.State.resume(c.markKey, run.Now().UTC().Truncate(time.Second).Add(-run.Since))
		c.begin(run.Now())
		r.cursors = append(r.cursors, c)
	}
	return r
}

// begin begins a pass. It never begins in the future, whatever a clock or an event said.
func (c *cursor) begin(now time.Time) {
	now = now.UTC().Truncate(time.Second)
	c.token, c.pages, c.seen = "", 0, time.Time{}
	c.from = later(c.since, later(earlier(c.newest, now).Add(-overlap), now.Add(-retention)))
	c.from = earlier(c.from, now)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// read asks for page after page until all passes are done, or the context ends.
func (r *region) read(ctx context.Context) {
	for c := r.next(); c != nil && ctx.Err() == nil; c = r.next() {
		if wait := later(c.due, r.free).Sub(r.run.Now()); wait > 0 {
			sleep(ctx, wait)
			continue // by now another may be next
		}
		r.step(ctx, c)
	}
}

// next is the pass to go on with: of those that are due the one that has read the fewest pages, and of several the
// most urgent. So a source that fills page after page keeps none of the others from being asked.
func (r *region) next() *cursor {
	now := r.run.Now()
	var best *cursor
	for _, c := range r.cursors {
		if !c.done && (best == nil || c.before(best, now)) {
			best = c
		}
	}
	return best
}

func (c *cursor) before(other *cursor, now time.Time) bool {
	if a, b := later(c.due, now), later(other.due, now); !a.Equal(b) {
		return a.Before(b)
	}
	return c.pages < other.pages
}

// step makes one request and hands on what it brings.
func (r *region) step(ctx context.Context, c *cursor) {
	r.free = r.run.Now().Add(spacing)
	body, next, err := r.account.Looker.LookupEvents(ctx, r.name, c.source, c.from, c.token)
	if ctx.Err() != nil {
		return
	}
	if err == nil && next != "" && next == c.token {
		err = errors.New("LookupEvents in " + r.name + ": a page names itself as the next one")
	}
	if err != nil {
		r.failed(c, err)
		return
	}
	r.failures = 0
	r.run.told.set(Problem{Name: r.problemName(r.name), Account: r.account.ID, Region: r.name})
	r.run.told.set(Problem{Name: r.problemName(""), Account: r.account.ID})
	if !r.handled(ctx, c, body) {
		return
	}
	c.token = next
	c.pages++
	if next == "" {
		r.passed(c)
	}
}

// handled hands a page on, and says whether it was acknowledged. A page without events is nobody's business.
func (r *region) handled(ctx context.Context, c *cursor, body []byte) bool {
	b := Batch{
		Name: "LookupEvents " + c.account + " " + c.region + " " + c.source,
		Body: until(ctx, bytes.NewReader(body)), Size: int64(len(body)), Account: c.account, Region: c.region,
	}
	seen, some := r.sightings(b.Name, body)
	if !some {
		return true
	}
	err := r.run.handle(ctx, b)
	if err != nil && ctx.Err() != nil {
		return false
	}
	r.run.told.set(Problem{Name: b.Name, Region: c.region, Err: err})
	if err != nil {
		r.rest(c) // the same page again
		return false
	}
	for _, s := range seen {
		c.seen = later(c.seen, s.at)
	}
	r.run.State.remember(c.markKey, seen)
	return true
}

// sightings are the page's events, and whether it holds anything. What cannot be read of it is the handler's to tell.
func (r *region) sightings(name string, body []byte) (out []sighting, some bool) {
	reader, _ := r.run.readers.Get().(*event.Reader)
	defer r.run.readers.Put(reader)
	for rec, err := range reader.Records(name, bytes.NewReader(body)) {
		if err != nil {
			continue
		}
		id, _ := rec.ID()
		if at, err := rec.EventTime(); err == nil && id != (event.ID{}) {
			out = append(out, sighting{id, at.UTC()})
		}
	}
	return out, reader.Stats().Seen > 0
}

// passed ends a pass whose pages were all acknowledged. Only now is it certain that nothing older is missing: the
// newest events come first.
func (r *region) passed(c *cursor) {
	c.newest = later(c.newest, c.seen)
	r.run.State.advance(c.markKey, c.since, c.newest)
	c.begin(r.run.Now())
	r.rest(c)
}

// rest leaves a source alone until the next pass.
func (r *region) rest(c *cursor) {
	c.due, c.done = r.run.Now().Add(r.run.Every), r.run.Once
}
