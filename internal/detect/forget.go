package detect

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
)

// A watch that goes on for months must not grow, and what a late event changes is told anew only of events that are
// kept. Calls that changed a trail are kept longest: any of them may have opened a gap that is open still.
const (
	mostEvents = 5_000 // that changed no trail
	mostCalls  = 1_000 // that did, or may have
)

// forget keeps the memory small. Of the oldest events that changed no trail only what they add to findings is kept;
// of the oldest that did, what everything had come to.
func (d *Detector) forget() {
	calls, others := 0, 0
	for _, e := range d.entries {
		switch {
		case e.folded != nil:
		case e.first.changes():
			calls++
		default:
			others++
		}
	}
	if keep := cmp.Or(d.o.Keep, mostEvents); others > keep {
		d.fold(others - keep/2)
	}
	if keep := cmp.Or(d.o.Keep, mostCalls); calls > keep {
		d.cut(calls - max(1, keep/2)) // a cut is made before a call that stays
	}
}

// weight is what an event adds to a finding.
type weight struct {
	finding, detection string
	weighed
}

// folded is what is left of events that are forgotten: how many each finding had, the worst of them, and the last
// refusals.
type folded struct {
	lives    map[string]life
	refusals map[attempt][]time.Time
}

// fold forgets the first events that changed no trail, n of them. Those between two that did leave one entry, in the
// place of their last.
func (d *Detector) fold(n int) {
	var out []*entry
	var into *entry
	gone := map[occurrence]bool{}
	places := make([]int, 0, len(d.entries)+1)
	for _, e := range d.entries {
		if into != nil && d.twin.holds(e) != d.twin.holds(into) {
			into = nil
		}
		if n == 0 || e.folded == nil && e.first.changes() {
			places = append(places, len(out))
			out, into = append(out, e), nil
			continue
		}
		if into == nil {
			places = append(places, len(out))
			into = &entry{folded: &folded{map[string]life{}, map[attempt][]time.Time{}}}
			into.first = into
			out = append(out, into)
		} else {
			places = append(places, -1)
		}
		into.call = model.ControlCall{Op: e.call.Op, Account: e.call.Account, Region: e.call.Region, ID: e.call.ID, At: e.call.At}
		into.folded.take(e)
		if e.folded == nil {
			gone[e.occurrence()] = true
			n--
		}
	}
	for _, e := range out {
		if e.folded != nil {
			stale(e.folded.refusals, e.call.At)
		}
	}
	last := d.entries[0].call.At
	if into != nil {
		last = into.call.At
	}
	places = append(places, len(out))
	d.move(func(at int) int { return places[at] })
	d.entries = out
	d.drop(gone, last)
}

// beginning is what the events that a cut forgot came to. Their accounts are the twin's.
type beginning struct {
	ledger   *ledger
	lives    map[string]*life
	refusals map[attempt][]time.Time
	pointed  *pointed
}

// cut forgets all events up to the nth of those that changed a trail: what they came to is where stories begin from then
// on. An event of that time which comes later still is told like one that is older than the Snapshot.
func (d *Detector) cut(n int) {
	i := slices.IndexFunc(d.entries, func(e *entry) bool {
		if e.first.changes() {
			n--
		}
		return n < 0
	})
	for i < len(d.entries) && d.entries[i].call.At.Unix() == d.entries[i-1].call.At.Unix() { // a second is not parted
		i++
	}
	if i == len(d.entries) || d.twin.holds(d.entries[i-1]) {
		return
	}
	s := d.until(i)
	s.run(d.entries[:i])
	d.begin = &beginning{s.ledger, s.lives, s.refusals, s.pointed}
	d.twin.base = slices.Collect(maps.Values(s.state))
	d.twin.at = d.entries[i].call.At.Add(-time.Second - 1) // the last that the twin holds; see there
	gone := map[occurrence]bool{}
	for _, e := range d.entries[:i] {
		gone[e.occurrence()] = true
		e.first.fresh = true // where it is kept, it is the one from now on at which the call is done
	}
	d.move(func(at int) int { return max(at-i, -1) })
	for _, m := range d.marks {
		maps.DeleteFunc(m.costs, func(e *entry, _ *difference) bool { return e.fresh || gone[e.occurrence()] })
	}
	last := d.entries[i-1].call.At
	d.entries = slices.Clone(d.entries[i:])
	d.drop(gone, last)
}

// resume goes on from what forgotten events came to.
func (s *story) resume(b *beginning) {
	s.ledger = b.ledger.clone()
	for id, l := range b.lives {
		late := s.life(id)
		*late = life{l.count + late.count, l.worst, slices.Clone(l.lasting), l.mends}
	}
	for by, times := range b.refusals {
		s.refusals[by] = slices.Clone(times)
	}
}

// clone is a ledger with the same losses, to be closed apart from these.
func (l *ledger) clone() *ledger {
	out := newLedger(l.worlds)
	for _, open := range l.losses {
		cp := *open
		cp.Accounts, cp.missing = slices.Clone(open.Accounts), slices.Clone(open.missing)
		out.losses = append(out.losses, &cp)
	}
	for finding, by := range l.failed {
		out.failed[finding] = slices.Clone(by)
	}
	return out
}

// take takes in an event, or what is left of others.
func (f *folded) take(e *entry) {
	if e.folded != nil {
		for id, l := range e.folded.lives {
			f.lives[id] = f.lives[id].with(l)
		}
		for by, times := range e.folded.refusals {
			f.refusals[by] = lastOf(append(f.refusals[by], times...))
		}
		return
	}
	for _, w := range e.weights {
		one := life{count: 1}
		if !w.once {
			one.worst = w.weighed
			one.worst.entry = &entry{call: model.ControlCall{At: e.call.At}, cause: model.Cause{EventName: e.cause.EventName}}
		}
		f.lives[w.finding] = f.lives[w.finding].with(one)
		if e.cause.Outcome != model.OutcomeSuccess {
			by := attemptOf(e, w.detection)
			f.refusals[by] = lastOf(append(f.refusals[by], e.call.At))
		}
	}
}

func lastOf(times []time.Time) []time.Time {
	return slices.Clone(times[max(0, len(times)-repeatsHigh):])
}

// stale takes out the refusals that none from then on counts with: most actors are a session, which comes once.
func stale(refusals map[attempt][]time.Time, then time.Time) {
	maps.DeleteFunc(refusals, func(_ attempt, times []time.Time) bool { return then.Sub(times[len(times)-1]) > repeatsWithin })
}

// with is a finding that had further events, of which none cost something.
func (l life) with(more life) life {
	l.count += more.count
	if more.worst.severity > l.worst.severity {
		l.worst = more.worst
	}
	return l
}

// unfold goes over events that are forgotten.
func (s *story) unfold(f *folded) {
	for id, l := range f.lives {
		into := s.life(id)
		*into = into.with(l)
		into.lasting = slices.DeleteFunc(into.lasting, func(w weighed) bool { return !s.stands(w) })
		into.follow(weighed{}, false, s.stands)
	}
	for by, times := range f.refusals {
		for _, at := range times {
			s.refused(by, at)
		}
	}
}

// drop forgets what was told and counted of events of up to a time.
func (d *Detector) drop(gone map[occurrence]bool, until time.Time) {
	maps.DeleteFunc(d.told, func(l line, _ *said) bool { return gone[occurrence{l.account, l.event}] })
	maps.DeleteFunc(d.correlated, func(o occurrence, _ []sigma.Hit) bool { return gone[o] })
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.known, func(o occurrence, _ *entry) bool { return gone[o] })
	if d.counter != nil {
		d.counter.Forget(until)
	}
}
