package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cairn.example/internal/event"
)

// Looker asks for the Event history of one account.
type Looker interface {
	// LookupEvents returns a page of a Region's events of one source since a time, the newest first, as AWS's own JSON,
	// and the token of the next page if there is one. It makes one attempt, whatever comes back. Its error may be a
	// [Failure].
	LookupEvents(ctx context.Context, region, source string, from time.Time, token string) (body []byte, next string, err error)
}

// Failure is what the error of a Looker may tell of itself. One that is no Failure counts as lasting, and as the
// Region's.
type Failure interface {
	error
	Call() string       // the API operation
	Region() string     // "" if it would fail in every Region
	Code() string       // AWS's error code
	Permission() string // the IAM action that the call needs
	Temporary() bool    // it may pass by itself within seconds
}

// Account is an account whose Event history is read, in the Regions that are enabled.
type Account struct {
	ID      string
	Regions []string
	Looker  Looker
}

// Lookup reads the Event history that AWS keeps of every account and Region for 90 days, whether there is a trail or
// not: so it still sees the call that stopped the last trail. It holds management events only. Data events and
// network activity events are not in it, and no look-up finds them.
//
// Each Region is asked on its own, by event source, no more than twice a second: that is AWS's limit for an account
// in a Region, shared with everybody else who looks up events there. Each pass goes back half an hour before the
// newest event of the one before, since events arrive late and out of order; what comes again by that is for the
// handler to drop (event.Dedup).
type Lookup struct {
	Accounts []Account
	More     <-chan []Account // what is known of the accounts later: those and their Regions that are new are read from then on
	Sources  []string         // event sources in the order of their urgency; cloudtrail.amazonaws.com always goes first
	Since    time.Duration    // how far back the first pass goes; default a day, at most 90
	Every    time.Duration    // between the passes of a source; default a minute
	Once     bool             // one pass, and its error is an [*IncompleteError] if something could not be read
	State    *State           // where a pass goes on; nil begins anew
	Problem  func(Problem)    // told what cannot be read; may be nil; one call at a time
	Now      func() time.Time // wanted
}

const (
	trailSource = "cloudtrail.amazonaws.com"
	// retention is how long AWS keeps Event history (CloudTrail User Guide, "Working with CloudTrail Event history").
	retention = 90 * 24 * time.Hour
	// overlap is far above the delay with which events arrive, some 5 minutes on average and 15 as a rule.
	overlap = 30 * time.Minute
	// spacing keeps to 2 requests a second, AWS's limit for LookupEvents that cannot be raised.
	spacing = time.Second / 2
)

// Run reads until the context ends, or once. Its handler gets every page that holds something.
func (l Lookup) Run(ctx context.Context, handle Handle) error {
	l.Since, l.Every = cmp.Or(l.Since, 24*time.Hour), cmp.Or(l.Every, time.Minute)
	l.State = cmp.Or(l.State, NewState())
	if err := l.check(); err != nil {
		return err
	}
	l.Sources = urgentFirst(l.Sources)
	run := &lookups{Lookup: l, handle: handle, told: newProblems(l.Problem), begun: map[string]map[string]bool{}}
	run.readers.New = func() any { return event.NewReader(event.Options{}) }
	saved := l.State.keep(ctx, run.told, l.Now)
	run.begin(ctx, l.Accounts)
	for more := l.More; more != nil && !l.Once; {
		select {
		case accounts := <-more:
			run.begin(ctx, accounts)
		case <-ctx.Done():
			more = nil
		}
	}
	run.regions.Wait()
	saved()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return run.told.err()
}

func (l Lookup) check() error {
	if len(l.Sources) == 0 {
		return errors.New("look up events: no event source is given")
	}
	if l.Since < 0 || l.Since > retention {
		return fmt.Errorf("look up events since %s: Event history holds the last 90 days", l.Since)
	}
	if len(l.Accounts) == 0 {
		return errors.New("look up events: no account is given")
	}
	seen := map[string]bool{}
	for _, a := range l.Accounts {
		if seen[a.ID] {
			return fmt.Errorf("look up events: account %s is given twice, and its requests a second would be doubled", a.ID)
		}
		seen[a.ID] = true
	}
	return nil
}

// urgentFirst gives each source once.
func urgentFirst(sources []string) []string {
	var out []string
	for _, s := range sources {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		switch trailSource {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return out
}

// lookups is a Lookup under way.
type lookups struct {
	Lookup
	handle  Handle
	told    *problems
	begun   map[string]map[string]bool // what is read: the Regions of an account
	readers sync.Pool                  // one for each Region of 5,000 accounts would be 11 GB
	regions sync.WaitGroup
}

// begin reads the Regions that are not read yet.
func (l *lookups) begin(ctx context.Context, accounts []Account) {
	for _, a := range accounts {
		begun := l.begun[a.ID]
		if begun == nil {
			begun = map[string]bool{}
			l.begun[a.ID] = begun
		}
		nowhere := Problem{Name: accountName(a.ID) + " Regions", Account: a.ID}
		if len(a.Regions)+len(begun) == 0 {
			nowhere.Err = errors.New("no Region is known in which to look up events")
		}
		l.told.set(nowhere)
		for _, name := range a.Regions {
			if !begun[name] {
				begun[name] = true
				l.regions.Go(func() { newRegion(l, a, name).read(ctx) })
			}
		}
	}
}
