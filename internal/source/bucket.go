package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Lister lists a bucket. Its errors may be a [Failure] or a [Refusal].
type Lister interface {
	List(ctx context.Context, bucket string, l Listing) (Page, error)
}

// Listing is what to list: the keys with a prefix, in their order, after one of them; with a delimiter what lies deeper
// counts as a folder. Token is of the page before. It and [Page] are aliases, as [Message] is.
type Listing = struct{ Prefix, StartAfter, Delimiter, Token string }

// Page is a part of a listing.
type Page = struct {
	Keys    []string
	Folders []string // with the prefix, and the delimiter at the end
	Next    string   // the token of the next page, "" after the last
}

// Cursors keep a text under a name, beyond the end of the program. One that was never set is "".
type Cursors interface {
	Get(ctx context.Context, name string) (string, error)
	Set(ctx context.Context, name, value string) error
}

// Bucket lists the log files in a trail's bucket and reads them, day by day: those that no notification told of, and
// those from before there were any.
//
// Of each account, kind and Region a cursor is kept: the key up to which everything was acknowledged. A cursor goes
// before Since. Where there is none yet the first run's beginning counts: the folder may have appeared between two runs.
// An object that is not acknowledged holds a cursor back, and those behind it are remembered.
//
// Files appear late, and some behind others that have a later time in their names. So each pass lists the hour before
// the cursor again, and hands on what was not acknowledged. A file that is later than that is not seen: CloudTrail
// delivers within minutes as a rule, but tries for 30 days where the bucket refuses it.
type Bucket struct {
	Name    string // the bucket's
	Prefix  string // what the trail puts before AWSLogs/, if anything
	Objects Objects
	Lister  Lister
	Cursors Cursors // nil begins anew

	Workers int              // objects that are handled at once; default 8
	Since   time.Duration    // how far back to go where there is no cursor; default a day
	Every   time.Duration    // between two passes; default 5 min
	Once    bool             // one pass, and its error is an [*IncompleteError] if something could not be read
	Stats   *Stats           // counts what is done; may be nil
	Problem func(Problem)    // told what cannot be read; may be nil; one call at a time
	Now     func() time.Time // wanted
}

const (
	// lookBack is the hour before a cursor that is listed again. Files have their minute in their names, and appear
	// some five minutes later on average.
	lookBack = time.Hour
	// discoverEvery is how often new accounts and Regions are looked for. It costs requests for each account.
	discoverEvery = time.Hour
)

// bucket is a Bucket under way.
type bucket struct {
	Bucket
	reader     *reader
	told       *problems
	refusals   *refusals
	slots      chan struct{} // objects in flight
	from       time.Time     // since when files are wanted where there is no cursor; zero while that is not known
	shelves    []*shelf
	discovered time.Time
	unlisted   atomic.Bool // something could not be listed in this pass
}

// Run reads until the context ends, or once.
func (b Bucket) Run(ctx context.Context, handle Handle) error {
	b.Workers, b.Since, b.Every = cmp.Or(b.Workers, 8), cmp.Or(b.Since, 24*time.Hour), cmp.Or(b.Every, 5*time.Minute)
	b.Stats = cmp.Or(b.Stats, &Stats{})
	if b.Cursors == nil {
		b.Cursors = noCursors{}
	}
	if err := b.check(); err != nil {
		return err
	}
	told := newProblems(b.Problem)
	r := &bucket{
		Bucket: b, reader: &reader{b.Objects, handle, b.Stats}, told: told, refusals: newRefusals(told, b.Now),
		slots: make(chan struct{}, b.Workers),
	}
	for r.pass(ctx); !b.Once && sleep(ctx, b.Every); {
		r.pass(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.told.err()
}

func (b Bucket) check() error {
	switch {
	case b.Name == "":
		return errors.New("read a bucket: none is given")
	case b.Objects == nil || b.Lister == nil:
		return errors.New("read the bucket " + b.Name + ": nothing can list or read it")
	case b.Since < 0:
		return fmt.Errorf("read the bucket %s since %s: a time in the future", b.Name, b.Since)
	}
	return nil
}

// noCursors are those of somebody who keeps none.
type noCursors struct{}

func (noCursors) Get(context.Context, string) (string, error) { return "", nil }

func (noCursors) Set(context.Context, string, string) error { return nil }

// pass reads what is new, the oldest day of all first: what happened together is told together.
func (b *bucket) pass(ctx context.Context) {
	now := b.Now().UTC()
	if b.from.IsZero() && !b.begins(ctx, now) {
		return
	}
	b.unlisted.Store(false)
	if now.Sub(b.discovered) >= discoverEvery || now.Before(b.discovered) {
		b.discover(ctx, now)
	}
	b.each(ctx, func(s *shelf) { s.begin(ctx) })
	day := now.Truncate(24 * time.Hour)
	for _, s := range b.shelves {
		if s.ready {
			day = earlier(day, s.firstDay())
		}
	}
	for ; !day.After(now) && ctx.Err() == nil; day = day.AddDate(0, 0, 1) {
		b.each(ctx, func(s *shelf) { s.read(ctx, day, now) })
	}
	if ctx.Err() != nil {
		return
	}
	b.each(ctx, func(s *shelf) { s.end() })
	if !b.unlisted.Load() {
		b.told.set(Problem{Name: b.listing()})
	}
}

// begins finds since when files are wanted where there is no cursor, and keeps it for later runs.
func (b *bucket) begins(ctx context.Context, now time.Time) bool {
	name := "s3://" + b.Name + "/" + b.root()
	from := now.Add(-b.Since)
	kept, err := b.Cursors.Get(ctx, name)
	if at, wrong := time.Parse(time.RFC3339, kept); err == nil && wrong == nil {
		from = earlier(from, at)
	}
	if text := from.Format(time.RFC3339); err == nil && text != kept {
		err = b.Cursors.Set(ctx, name, text)
	}
	if ctx.Err() != nil {
		return false
	}
	b.told.set(Problem{Name: "cursor of " + name, Err: err})
	if err == nil {
		b.from = from
	}
	return err == nil
}

func (b *bucket) listing() string { return "list s3://" + b.Name }

// each does something for several shelves at once.
func (b *bucket) each(ctx context.Context, do func(*shelf)) {
	work := make(chan *shelf)
	var wg sync.WaitGroup
	for range min(b.Workers, len(b.shelves)) {
		wg.Go(func() {
			for s := range work {
				if ctx.Err() == nil {
					do(s)
				}
			}
		})
	}
	for _, s := range b.shelves {
		work <- s
	}
	close(work)
	wg.Wait()
}

// begin waits until another object may be handled, and returns false if none is to be begun any more.
func (b *bucket) begin(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case b.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// list gives the pages of a listing, and returns false if they did not come to their end.
func (b *bucket) list(ctx context.Context, l Listing, page func(Page) bool) bool {
	for {
		got, err := b.Lister.List(ctx, b.Name, l)
		if err == nil && got.Next != "" && got.Next == l.Token {
			err = fmt.Errorf("list s3://%s/%s: a page names itself as the next one", b.Name, l.Prefix)
		}
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			b.unlisted.Store(true)
			b.told.set(failure(b.listing(), "ListObjectsV2", err))
			return false
		}
		if !page(got) {
			return false
		}
		if got.Next == "" {
			return true
		}
		l.Token = got.Next
	}
}

// root is the folder of the organizations and accounts.
func (b *bucket) root() string {
	prefix := strings.Trim(b.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return prefix + logRoot + "/"
}
