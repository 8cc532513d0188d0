package model

import "time"

// Rewind takes a call back: the account, as it was after the call, becomes what it was before, as far as that can be
// told. It is for events that are older than the Snapshot, the newest first.
//
// Starting or stopping a trail implies that it did the opposite before, which is assumed, and a gap says so: repeating
// either is allowed. It was a repeat where the trail tells that it is so since before the call. What an Update or a Put sent was something before that nothing tells, so it is unknown; what it did
// not send stays known. A Create leaves no trail, since AWS refuses to create one that is there. A Delete leaves a trail
// of which nothing is known but that it was there.
func (a *Account) Rewind(c ControlCall) []Gap {
	return a.reduce(c, func(o operation) move { return o.rewind })
}

const before = "what it was before this call is not known"

func (r *reducer) unstart() {
	t := r.trail()
	if r.repeated(t, true, t.StartedAt) {
		return
	}
	r.assume(t, false)
	unread(StartedAt, t, r.because(before))
}

func (r *reducer) unstop() {
	t := r.trail()
	if r.repeated(t, false, t.StoppedAt) {
		return
	}
	r.assume(t, true)
	unread(StoppedAt, t, r.because(before))
}

// sameMoment is how far the times that a record and the trail tell of one call may be apart.
const sameMoment = 2 * time.Second

// repeated tells that the trail was on or off already when it was switched so.
func (r *reducer) repeated(t *Trail, on bool, since Value[time.Time]) bool {
	is, known := t.Logging.Get()
	at, told := since.Get()
	return known && is == on && told && !at.IsZero() && r.call.At.Sub(at) > sameMoment
}

func (r *reducer) assume(t *Trail, logging bool) {
	why := "it is assumed that the trail was not logging before this call"
	if logging {
		why = "it is assumed that the trail was logging before this call"
	}
	r.gap(GapAssumed, why)
	t.Logging = Known(logging, r.from())
}

func (r *reducer) unput() {
	r.unread(r.trail(), r.move.changes, r.because(before))
}

// unset makes the settings that an Update sent unknown, and those that AWS changes with them. What it did not send was
// before as a response tells that it is after.
func (r *reducer) unset() {
	t := r.trail()
	was := t.Clone()
	var lost []Attribute
	for _, s := range settingRows {
		if r.req.readable() && r.req.member(s.request) == nil {
			if raw := r.told(s); raw != nil {
				r.set(t, s, raw)
			}
			continue
		}
		lost = append(lost, s)
		switch s.Name() {
		case MultiRegion.name:
			lost = append(lost, GlobalEvents)
		case LogGroup.name:
			lost = append(lost, LogRole)
		case Organization.name:
			if t.Owner() != r.account.ID { // the account may not have seen it before
				r.gap(GapOrganization, "whether the trail was the organization's before this call is not known")
				lost = append(lost, everything...)
			}
		}
	}
	r.unread(t, lost, r.because(before))
	r.redirect(was, t)
}

// restore brings a deleted trail back.
func (r *reducer) restore() {
	if r.account.Trail(r.arn) != nil {
		r.gap(GapUnannounced, "the trail is there after it was deleted: it must have been created again")
		r.remove()
	}
	r.insert(r.blank(before))
}
