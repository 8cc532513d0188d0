package app

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/model"
	"cairn.example/internal/source"
)

// IncompleteError says what was not read of the records that were asked for. What was read has been told.
type IncompleteError struct{ Err error }

// Error says it in a sentence.
func (e *IncompleteError) Error() string { return e.Err.Error() }

// Unwrap gives the source's own error, if it has one.
func (e *IncompleteError) Unwrap() error { return e.Err }

// unread gathers what could not be read.
type unread struct {
	say func(format string, args ...any)
	now func() time.Time

	mu      sync.Mutex
	told    map[rejection]bool
	since   time.Time // of the first of them
	first   string    // of the records that were rejected
	count   int       // of these
	waiting map[refused][]string
}

// rejection is why records of an object are rejected; the first of them is named.
type rejection struct {
	object string
	reason event.Reason
}

// refused is a call that is refused alike in several Regions.
type refused struct{ account, call, code, permission string }

func newUnread(say func(format string, args ...any), now func() time.Time) *unread {
	return &unread{say: say, now: now, told: map[rejection]bool{}, waiting: map[refused][]string{}}
}

// mostRejections is how many kinds of records that could not be read are named in a time; all records are counted. A watch
// that goes on for months has no summary, and is to name what goes wrong today.
const (
	mostRejections = 20
	rejectionsFor  = time.Hour
)

// rejected names the first record of each object that could not be read for each reason, and again after a while.
func (u *unread) rejected(e *event.RecordError) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !expected(e) {
		u.count++
		u.first = cmp.Or(u.first, e.Error())
	}
	if now := u.now(); now.Sub(u.since) >= rejectionsFor {
		u.since = now
		clear(u.told)
	}
	k := rejection{e.Object, e.Reason}
	if u.told[k] || len(u.told) >= mostRejections {
		return
	}
	u.told[k] = true
	u.say("%v", e)
	if len(u.told) == mostRejections {
		u.say("what else could not be read within the hour is counted in the summary")
	}
}

// expected tells what AWS itself writes into a folder of log files beside them: it is no record that was lost.
func expected(e *event.RecordError) bool {
	return e.Reason == event.NotRecord && (e.Detail == "a digest file" || e.Detail == "an AWS Config file")
}

// problem tells of what a source cannot read, but keeps a Region's refusal until flush: mostly others follow that
// refuse the same.
func (u *unread) problem(p source.Problem) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r, ok := refusal(p); ok {
		u.waiting[r] = append(u.waiting[r], p.Region)
		return
	}
	if p.Err == nil && u.forget(p) {
		return
	}
	u.say("%s", p)
}

// refusal is a problem as one that several Regions may have alike.
func refusal(p source.Problem) (refused, bool) {
	return refused{p.Account, p.Call, p.Code, p.Permission}, p.Err != nil && p.Region != "" && p.Code != ""
}

// forget tells whether a problem that is over was not yet said.
func (u *unread) forget(over source.Problem) bool {
	for r, regions := range u.waiting {
		i := slices.Index(regions, over.Region)
		if r.account != over.Account || i < 0 {
			continue
		}
		if u.waiting[r] = slices.Delete(regions, i, i+1); len(u.waiting[r]) == 0 {
			delete(u.waiting, r)
		}
		return true
	}
	return false
}

// flushEvery is how long a Region's refusal is kept while a watch goes on.
const flushEvery = 2 * time.Second

// during says what was kept again and again while a watch runs that has no end to say it at.
func (u *unread) during(run func() error) error { return meanwhile(flushEvery, u.flush, run) }

// meanwhile does something again and again while something else runs, and not after that.
func meanwhile(every time.Duration, do func(), run func() error) error {
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				do()
			}
		}
	})
	defer wg.Wait()
	defer close(ended)
	return run()
}

// flush says what was kept, a line for each reason.
func (u *unread) flush() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for r, regions := range u.waiting {
		u.say("%s", r.in(regions))
	}
	clear(u.waiting)
}

func (r refused) in(regions []string) string {
	slices.Sort(regions)
	needs := ""
	if r.permission != "" {
		needs = " (needs " + r.permission + ")"
	}
	return fmt.Sprintf("account %s: %s in %s: %s%s", r.account, r.call, named(regions), r.code, needs)
}

// named names a few Regions, and counts more.
func named(regions []string) string {
	const few = 3
	if len(regions) <= few {
		return strings.Join(regions, ", ")
	}
	return fmt.Sprintf("%s (%s, ...)", model.Count(len(regions), "Region", "Regions"), strings.Join(regions[:few], ", "))
}

// of is what a run that came to its end did not read, given the source's own error: nil where that was nothing.
func (u *unread) of(err error, c detect.Counts, files []string) error {
	partly, ok := errors.AsType[*source.IncompleteError](err)
	if err != nil && !ok {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var why []string
	if ok {
		why = folded(partly)
	}
	if u.count > 0 {
		why = append(why, fmt.Sprintf("%s rejected, the first is %s", model.Count(u.count, "record was", "records were"), u.first))
	}
	nothing := len(files) > 0 && c.Judged+c.Duplicates == 0
	if nothing && len(why) == 0 {
		why = []string{"there is no CloudTrail record in " + inputs(files)}
	}
	switch {
	case nothing:
		return &IncompleteError{fmt.Errorf("nothing was read: %s", strings.Join(why, "; "))}
	case len(why) > 0:
		return &IncompleteError{fmt.Errorf("not everything was read: %s", strings.Join(why, "; "))}
	}
	return nil
}

func inputs(files []string) string {
	const few = 3
	var out []string
	for _, f := range files[:min(len(files), few)] {
		if f == Stdin {
			f = "the standard input"
		}
		out = append(out, f)
	}
	if len(files) > few {
		out = append(out, "...")
	}
	return strings.Join(out, ", ")
}

// folded are a source's problems, those of Regions that refuse alike in one.
func folded(e *source.IncompleteError) []string {
	var out []string
	regions := map[refused][]string{}
	for _, p := range e.Problems {
		r, ok := refusal(p)
		if !ok {
			out = append(out, p.String())
			continue
		}
		regions[r] = append(regions[r], p.Region)
	}
	for _, r := range slices.SortedFunc(maps.Keys(regions), func(a, b refused) int {
		return cmp.Or(strings.Compare(a.account, b.account), strings.Compare(a.call, b.call), strings.Compare(a.code, b.code), strings.Compare(a.permission, b.permission))
	}) {
		out = append(out, r.in(regions[r]))
	}
	const most = 10
	if more := e.Count - len(e.Problems) + max(len(out)-most, 0); more > 0 {
		out = append(out[:min(len(out), most)], fmt.Sprintf("and %d more", more))
	}
	return out
}
