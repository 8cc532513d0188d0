package detect

import (
	"maps"
	"slices"
)

// Most events come in the order in which they happened, or nearly so. So the detector keeps the story as it stood at
// some places, its marks, and tells on from the last one before whatever is new. That gives what telling all anew gives:
// a story before its next event is a function of the events before that. Where the Snapshot holds an event, what it
// shows decides what earlier events cost, so the marks begin after the first event that it does not hold.

// stride is how many events are told anew at least, rather than to keep more marks.
const stride = 16

// gap bounds how far apart two marks may be, before which the next ones are so many events from the last: what is told
// anew for a late event grows with how late it is, and marks are few.
func gap(rest int) int { return max(stride, rest/2) }

// story tells the events in their order, from one on that is not told as it is or from one before it.
func (d *Detector) story(from int) *story {
	d.marks = slices.DeleteFunc(d.marks, func(m *story) bool { return m.at > from })
	s := d.until(len(d.entries))
	for s.at < len(d.entries) {
		s.run(d.entries[:min(len(d.entries), s.at+gap((len(d.entries)-s.at)*2/3))])
		d.mark(s)
	}
	if !s.settled {
		s.settle(d.entries)
	}
	d.standing, d.ends = s.standing(), s.state
	return s
}

// until is a story from the last mark up to some event, or before all.
func (d *Detector) until(end int) *story {
	for _, m := range slices.Backward(d.marks) {
		if m.at <= end {
			return m.copy()
		}
	}
	return d.start(d.entries[:end])
}

// mark keeps a story, and forgets marks that others come close to.
func (d *Detector) mark(s *story) {
	if !s.settled {
		return
	}
	d.marks = append(d.marks, s.copy())
	kept := d.marks[:1]
	for i := 1; i < len(d.marks); i++ {
		if i < len(d.marks)-1 {
			if next := d.marks[i+1]; next.at-kept[len(kept)-1].at <= gap(len(d.entries)-next.at) {
				continue
			}
		}
		kept = append(kept, d.marks[i])
	}
	clear(d.marks[len(kept):])
	d.marks = kept
}

// copy is a story at the same place, to be told on apart from this one.
func (s *story) copy() *story {
	c := *s
	c.state, c.ledger, c.pointed = maps.Clone(s.state), s.ledger.clone(), s.pointed.clone()
	c.refusals, c.costs = maps.Clone(s.refusals), maps.Clone(s.costs)
	c.lives = make(map[string]*life, len(s.lives))
	for id, l := range s.lives {
		one := *l
		one.lasting = slices.Clone(l.lasting)
		c.lives[id] = &one
	}
	c.out, c.costly = nil, nil
	return &c
}

// move moves the marks to where their places are among the entries after some were forgotten; -1 is nowhere.
func (d *Detector) move(to func(at int) int) {
	d.marks = slices.DeleteFunc(d.marks, func(m *story) bool {
		m.at = to(m.at)
		return m.at < 0
	})
}
