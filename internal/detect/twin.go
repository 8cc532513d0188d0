package detect

import (
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// twin is the accounts as the Snapshot shows them, from which events lead forward and back.
type twin struct {
	base  []*model.Account // linked
	at    time.Time        // of the Snapshot; zero without one
	began time.Time        // of an account that was read first nothing is known after this
}

func newTwin(o Options) *twin {
	t := &twin{}
	if o.Snapshot != nil {
		s := *o.Snapshot
		s.Accounts = nil
		for _, a := range o.Snapshot.Accounts {
			s.Accounts = append(s.Accounts, a.Clone())
		}
		s.Link()
		t.base, t.at, t.began = s.Accounts, s.CollectedAt, s.CollectedAt.Add(-reading)
		if !s.Began.IsZero() && s.Began.Before(t.began) {
			t.began = s.Began
		}
	}
	return t
}

// state is the accounts at one moment. Accounts in it are never changed but replaced.
type state map[string]*model.Account

func (t *twin) snapshot() state {
	st := state{}
	for _, a := range t.base {
		st[a.ID] = a
	}
	return st
}

// holds tells whether the Snapshot is as the event left things, as far as their times tell: its own time has lost its
// fraction of a second.
func (t *twin) holds(e *entry) bool { return !e.call.At.After(t.at.Add(time.Second)) }

// before is the state before the first of the entries, which are in event order: the Snapshot, with the events that
// are older than it taken back, the newest first.
func (t *twin) before(entries []*entry) state {
	st := t.snapshot()
	for _, e := range slices.Backward(entries) {
		if !t.holds(e) || !e.applies() {
			continue
		}
		for _, a := range st.concerned(e) {
			if t.missed(e, a) {
				continue
			}
			was := a.Clone()
			was.Rewind(e.call)
			e.doubt(was, a)
			st[a.ID] = was
		}
	}
	return st
}

// missed tells that an event came while accounts were read, and after this one was: it does not show the trail as the event
// left it.
func (t *twin) missed(e *entry, a *model.Account) bool {
	trail := a.Trail(e.trail)
	if trail == nil || !e.call.At.After(t.began) {
		return false
	}
	on, known := trail.Logging.Get()
	return known && (on && e.call.Op == "StopLogging" || !on && e.call.Op == "StartLogging")
}

// doubt takes back the assumption that a trail was switched by the event, unless the time that the trail itself tells
// is the event's: calls to start a trail that is on, and to stop one that is off, succeed too.
func (e *entry) doubt(was, is *model.Account) {
	before, after := was.Trail(e.trail), is.Trail(e.trail)
	if before == nil || after == nil {
		return
	}
	switched, ok := map[string]model.Attr[time.Time]{"StartLogging": model.StartedAt, "StopLogging": model.StoppedAt}[e.call.Op]
	if !ok {
		return
	}
	at, known := switched.Of(after).Get()
	if known && at.Sub(e.call.At).Abs() <= 2*time.Second {
		return
	}
	before.Logging = model.Unread[bool](model.Origin{Call: e.call.Op, Region: e.call.Region, Why: "the call may have changed nothing"})
}

// changes tells whether the event changed a trail, or may have.
func (e *entry) changes() bool { return e.cause.Outcome == model.OutcomeSuccess && e.call.Control() }

// applies tells whether it is to be applied, as the one record that stands for its call.
func (e *entry) applies() bool { return e.first == e && e.changes() }

// change is what an event did to one account.
type change struct {
	was, is *model.Account
	gaps    []model.Gap
}

// apply does to the accounts what the event did, and tells which it changed. Accounts that nobody read are there as
// soon as an event is about them, with nothing known but that.
func (st state) apply(e *entry) []change {
	var out []change
	st.meet(e)
	for _, was := range st.concerned(e) {
		var gaps []model.Gap
		if e.unheard(was) {
			was = was.Clone()
			gaps = was.Rewind(e.call)
		}
		is := was.Clone()
		gaps = append(gaps, is.Apply(e.call)...)
		if !same(was, is) {
			st[is.ID] = is
			out = append(out, change{was, is, gaps})
		}
	}
	return out
}

// unheard tells that the call is about a trail of the account that it did not show: then what the call implies is all
// that is known of the trail before.
func (e *entry) unheard(a *model.Account) bool {
	return e.trail != "" && model.ARNAccount(e.trail) == a.ID && a.Trail(e.trail) == nil && e.call.Op != "CreateTrail"
}

// rewound is the account as the call alone tells that it was.
func rewound(a *model.Account, c model.ControlCall) *model.Account {
	was := a.Clone()
	was.Rewind(c)
	return was
}

// meet adds an account that was not read.
func (st state) meet(e *entry) {
	for _, id := range []string{e.call.Account, model.ARNAccount(e.trail)} {
		if id != "" && st[id] == nil {
			st[id] = unread(id, e)
		}
	}
}

func unread(id string, e *entry) *model.Account {
	gap := model.Gap{Call: "DescribeTrails", Account: id, Code: "NotRead", Why: "the account was not read"}
	return &model.Account{
		ID: id, Partition: partitionOf(e.cause), Gaps: []model.Gap{gap},
		Regions: model.List[string]{Gaps: []model.Gap{gap}}, Trails: model.List[*model.Trail]{Gaps: []model.Gap{gap}},
	}
}

// concerned are the accounts that the event may have to do with, in the order of their numbers: the caller's, and
// where that has an organization's trails, or the trail is somebody else's, those that see them.
func (st state) concerned(e *entry) []*model.Account {
	if e.call.Op == "CreateTrail" || e.call.Op == "UpdateTrail" { // it may be, or have been, an organization's
		return slices.SortedFunc(maps.Values(st), func(x, y *model.Account) int { return strings.Compare(x.ID, y.ID) })
	}
	owners := []string{e.call.Account}
	if owner := model.ARNAccount(e.trail); owner != "" {
		owners = append(owners, owner)
	}
	var out []*model.Account
	for _, a := range st {
		if slices.Contains(owners, a.ID) || slices.ContainsFunc(a.Trails.Items, func(t *model.Trail) bool { return slices.Contains(owners, t.Owner()) }) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(x, y *model.Account) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// same tells that nothing of an account's trails has changed. When a trail was switched follows from its switch, and
// is less known after a call that repeats one.
func same(x, y *model.Account) bool {
	return len(x.Gaps) == len(y.Gaps) && slices.EqualFunc(x.Trails.Items, y.Trails.Items, sameTrail)
}

func sameTrail(x, y *model.Trail) bool {
	return x.ARN == y.ARN && !slices.ContainsFunc(model.Attributes, func(a model.Attribute) bool { return !follows(a) && !a.Same(x, y) })
}

// follows tells the times that follow from the switch of a trail.
func follows(a model.Attribute) bool {
	return a.Name() == model.StartedAt.Name() || a.Name() == model.StoppedAt.Name()
}

// edits are the attributes that changed, without the times that follow from the switch.
func (c change) edits() []model.Edit {
	var out []model.Edit
	none := &model.Trail{}
	for _, arn := range c.trails() {
		was, is := c.was.Trail(arn), c.is.Trail(arn)
		if was == nil {
			was = none
		}
		if is == nil {
			is = none
		}
		for _, a := range model.Attributes {
			if !a.Same(was, is) && !follows(a) {
				out = append(out, model.Edit{Resource: arn, Attribute: a.Name(), Before: value(a, was), After: value(a, is)})
			}
		}
	}
	return out
}

// value is nil for an unknown one, so that JSON has null.
func value(a model.Attribute, t *model.Trail) any {
	if raw := a.JSON(t); raw != nil {
		return raw
	}
	return nil
}

// trails are the ARNs of both states, in order.
func (c change) trails() []string {
	var out []string
	for _, a := range []*model.Account{c.was, c.is} {
		for _, t := range a.Trails.Items {
			out = append(out, t.ARN)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
