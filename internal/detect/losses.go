package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// loss is something that is not recorded any more, until all of it is.
type loss struct {
	model.Loss                // what of it is still not recorded
	first      model.Loss     // when it was lost
	was        *model.Account // before it was lost
	missing    []coverage.Box // what of it is still not recorded; nil for a trail's loss
	entry      *entry
	open       bool
	unsure     bool        // whether it is recorded again is not known
	silent     *model.Loss // as it ended, where the Snapshot shows that it did and no event told
}

// ledger is all that is lost at a moment, and which verdicts events turned to fail.
type ledger struct {
	losses []*loss
	failed map[string][]*entry // finding -> what turned it
	worlds *rule.Worlds
}

func newLedger(worlds *rule.Worlds) *ledger {
	return &ledger{failed: map[string][]*entry{}, worlds: worlds}
}

// book works out what changes came to.
func (l *ledger) book(e *entry, changes []change, o *Options) *difference {
	d := &difference{changes: changes, by: map[string]string{}}
	for _, c := range changes {
		for _, g := range c.gaps {
			if g.Code != model.GapUnannounced || c.is.Unread() == nil { // that nothing was known of the trail is said otherwise
				d.unknown = appendNew(d.unknown, g.String())
			}
		}
		if !c.matters() {
			continue
		}
		l.regain(e, c, d)
		l.lose(e, c, d)
		d.flips = append(d.flips, l.flips(e, c, o)...)
	}
	l.turn(e, d.flips)
	l.losses = append(slices.DeleteFunc(l.losses, func(o *loss) bool { return !o.open }), d.lost...)
	d.regained = joined(d.regained)
	return d
}

// correct books that an account is otherwise than the events told: what the Snapshot shows recorded is not lost any
// more and what it shows to pass does not fail, by a change that no event told.
func (l *ledger) correct(c change, o *Options) {
	world := c.is.World()
	for _, open := range l.losses {
		if open.Accounts[0] != c.is.ID {
			continue
		}
		again := open.again(c.is, world)
		if again == model.Yes || again == model.Unknown && slices.ContainsFunc(o.Ended, open.same) {
			open.open, open.silent = false, open.over(c.is, o)
		}
	}
	l.losses = slices.DeleteFunc(l.losses, func(o *loss) bool { return !o.open })
	if len(l.failed) == 0 || c.was == nil || c.was == c.is {
		return
	}
	for _, f := range l.compare(c, o, switched) {
		if f.To == model.StatusPass {
			delete(l.failed, f.Finding)
		}
	}
}

// same tells that an earlier Snapshot showed the end of the loss.
func (o *loss) same(seen model.Loss) bool {
	return seen.By == o.By && slices.Contains(seen.Accounts, o.Accounts[0]) && seen.Until != nil && seen.Until.After(o.Since)
}

// over is a loss that ended before the account was read: when its trail was started, as that itself tells; else by the first
// reading that showed it, at the latest.
func (o *loss) over(is *model.Account, opts *Options) *model.Loss {
	out := ended(o.first, opts.Snapshot.CollectedAt)
	out.AtMost = true
	for _, seen := range opts.Ended {
		if o.same(seen) && seen.Until.Before(*out.Until) {
			out = ended(o.first, *seen.Until)
			out.AtMost = seen.AtMost
		}
	}
	if o.entry.call.Op != "StopLogging" {
		return &out
	}
	t, itself := is.Trail(o.entry.trail), alone(is, o.entry.trail)
	if t == nil || o.again(itself, itself.World()) != model.Yes {
		return &out
	}
	if started, ok := t.StartedAt.Get(); ok && started.After(out.Since) && !started.After(*out.Until) {
		out = ended(o.first, started)
	}
	return &out
}

// matters tells whether a change can matter to verdicts and to what is recorded.
func (c change) matters() bool {
	return len(c.was.Trails.Gaps) != len(c.is.Trails.Gaps) ||
		slices.ContainsFunc(c.trails(), func(arn string) bool { return records(c.was.Trail(arn), c.is.Trail(arn)) })
}

// records tells whether what changed of a trail can matter to verdicts and to what is recorded: tags do not.
func records(was, is *model.Trail) bool {
	if was == nil || is == nil {
		return was != is
	}
	return slices.ContainsFunc(model.Attributes, func(a model.Attribute) bool { return a.Name() != model.Tags.Name() && !a.Same(was, is) })
}

func management(w coverage.World) coverage.Goal { return w.Management(coverage.Scope{}) }

// only is a goal of some events.
func only(events []coverage.Box) coverage.Goal { return coverage.Goal{Sure: events, All: events} }

// lose finds what the account's trails recorded before and do not any more.
func (l *ledger) lose(e *entry, c change, d *difference) {
	world := c.is.World()
	answer := world.Lost(c.was.Recorders(), c.is.Recorders(), management(world))
	if answer.Verdict == model.No {
		d.lost = append(d.lost, l.opened(e, c, answer.Missing, model.Loss{What: describe(world, answer.Missing), Witness: answer.Witness.String()}))
		return
	}
	d.omits = omitted(e, c)
	d.data = otherEvents(e, c)
	if answer.Verdict == model.Yes {
		d.by[c.is.ID] = strings.Join(recording(c.is), ", ")
		return
	}
	for _, arn := range c.trails() {
		l.loseTrail(e, c, arn, d)
	}
	l.perhaps(e, c, d)
	if len(d.lost) == 0 && (c.is.Unread() != nil || len(d.unknown) == 0) {
		d.unknown = appendNew(d.unknown, "what it cost: "+why(c))
	}
}

// perhaps opens what is certainly not recorded after the event, and of which is not known whether it was before.
func (l *ledger) perhaps(e *entry, c change, d *difference) {
	world := c.is.World()
	now := world.Decide(management(world), c.is.Recorders())
	if now.Verdict != model.No {
		return
	}
	before := world.Decide(only(now.Missing), c.was.Recorders())
	if before.Verdict != model.Unknown {
		return
	}
	if slices.ContainsFunc(d.lost, func(o *loss) bool { return o.Accounts[0] == c.is.ID }) { // said of the trail
		return
	}
	what := describe(world, now.Missing)
	d.lost = append(d.lost, l.opened(e, c, now.Missing, model.Loss{What: what, Witness: now.Witness.String(), AtLeast: true}))
	d.unknown = appendNew(d.unknown, "whether it was recorded before: "+why(c))
}

// omitted is which management events the selectors that an event put leave out, wherever the trail records and
// whatever it recorded before.
func omitted(e *entry, c change) string {
	t := c.is.Trail(e.trail)
	if t == nil || !c.first(e.trail) {
		return ""
	}
	if was := c.was.Trail(e.trail); was != nil && model.Selectors.Same(was, t) {
		return ""
	}
	return leftOut(t)
}

// leftOut is which management events a trail's selectors leave out for certain, "" for none.
func leftOut(t *model.Trail) string {
	selectors, ok := t.Selectors.Get()
	if !ok {
		return ""
	}
	world, trail := best(t.ARN, &selectors)
	answer := world.Decide(management(world), []coverage.Recorder{trail})
	if answer.Verdict != model.No {
		return ""
	}
	return strings.Replace(world.Describe(answer.Missing), "every ", "any ", 1)
}

// best is a trail that keeps all that its selectors choose, in the Regions that every account has.
func best(arn string, selectors *coverage.Selectors) (coverage.World, coverage.Recorder) {
	partition := model.ARNPartition(arn)
	return coverage.World{Partition: partition, Regions: coverage.DefaultRegions(partition)}, coverage.Recorder{
		ID: arn, Logging: model.Yes, MultiRegion: model.Yes, Global: model.Yes, Sees: model.Yes, Home: model.ARNRegion(arn), Selectors: selectors,
	}
}

// otherEvents says that a trail chose, or may have chosen, data or network activity events that it does not record any
// more. What is recorded of those is not decided.
func otherEvents(e *entry, c change) string {
	was, is := c.was.Trail(e.trail), c.is.Trail(e.trail)
	if was == nil || !c.first(e.trail) || off(was) || !off(is) && model.Selectors.Same(was, is) {
		return ""
	}
	selectors, ok := was.Selectors.Get()
	if !ok {
		return ""
	}
	doc, err := selectors.Document()
	if err != nil {
		return ""
	}
	before := chosen(doc)
	if len(before) == 0 {
		return ""
	}
	if !off(is) {
		if now, ok := is.Selectors.Get(); ok {
			if doc, err := now.Document(); err == nil && !slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(chosen(doc), s) }) {
				return ""
			}
		}
	}
	return "data or network activity events that " + model.ARNName(e.trail) + " chose are no longer recorded by it"
}

// chosen are the data and network activity events that selectors choose.
func chosen(doc coverage.Document) (out []string) {
	for _, b := range doc.EventSelectors {
		for _, r := range b.DataResources {
			out = append(out, fmt.Sprint(b.ReadWrite(), r))
		}
	}
	for _, a := range doc.AdvancedEventSelectors {
		if !a.Management() {
			out = append(out, fmt.Sprint(a.FieldSelectors))
		}
	}
	return out
}

// describe names events; where they are all there are, also in how many Regions.
func describe(w coverage.World, events []coverage.Box) string {
	what := w.Describe(events)
	if what == "every management event" && len(w.Maybe) == 0 {
		what += " in " + model.Count(len(w.Regions), "Region", "Regions")
	}
	return what
}

// loseTrail is for a trail of an account of which it is not known what else records there.
func (l *ledger) loseTrail(e *entry, c change, arn string, d *difference) {
	was, is := c.was.Trail(arn), c.is.Trail(arn)
	if was == nil || is != nil && sameTrail(was, is) || !c.first(arn) {
		return
	}
	name := model.ARNName(arn)
	switch world := c.is.World(); {
	case off(is) && !off(was):
		d.lost = append(d.lost, l.opened(e, c, nil, model.Loss{Resource: arn, What: "all that " + name + " recorded"}))
	case is != nil:
		answer := world.Lost([]coverage.Recorder{c.was.Recorder(was)}, []coverage.Recorder{c.is.Recorder(is)}, management(world))
		if answer.Verdict != model.No {
			return
		}
		d.lost = append(d.lost, l.opened(e, c, nil, model.Loss{Resource: arn, What: describe(world, answer.Missing) + " on " + name, Witness: answer.Witness.String()}))
	default:
		return
	}
	d.unknown = appendNew(d.unknown, "whether another trail records the same: "+why(c))
}

// first tells the owner's account, in which alone a trail is spoken of.
func (c change) first(arn string) bool { return model.ARNAccount(arn) == c.is.ID }

// why names the first thing that is not known of what an account records, after the event or before it.
func why(c change) string {
	for _, a := range []*model.Account{c.is, c.was} {
		if gap := a.Unread(); gap != nil {
			return gap.Why
		}
		for _, g := range slices.Concat(a.Unlisted(), a.Regions.Gaps) {
			return g.String()
		}
		for _, t := range a.Trails.Items {
			for _, attr := range []model.Attribute{model.Logging, model.MultiRegion, model.Selectors} {
				if !attr.Known(t) {
					return fmt.Sprintf("%s of trail/%s is not known (%s)", attr.Name(), t.Name, attr.Evidence(t).Origin.Reason())
				}
			}
			if s, _ := t.Selectors.Get(); len(s.Doubts()) > 0 {
				return fmt.Sprintf("the selectors of trail/%s are not understood (%s)", t.Name, s.Doubts()[0])
			}
		}
	}
	return "its trails are not known well enough"
}

// off tells that a trail records nothing: it is stopped, or not there.
func off(t *model.Trail) bool { return t == nil || t.Is(model.Logging).Tri == model.No }

func on(t *model.Trail) bool { return t != nil && t.Is(model.Logging).Tri == model.Yes }

func (l *ledger) opened(e *entry, c change, missing []coverage.Box, lost model.Loss) *loss {
	lost.Accounts, lost.By, lost.Since = []string{c.is.ID}, e.cause.EventID, e.call.At
	return &loss{Loss: lost, first: lost, was: c.was, missing: missing, entry: e, open: true}
}

// regain finds what of the losses is recorded again, in whole or in part.
func (l *ledger) regain(e *entry, c change, d *difference) {
	world := c.is.World()
	var lost []*loss // by events that told
	for _, open := range l.losses {
		if open.open && open.Accounts[0] == c.is.ID {
			l.mend(e, c, open, world, d)
			lost = append(lost, open)
		}
	}
	for _, arn := range c.trails() {
		if !slices.ContainsFunc(lost, func(o *loss) bool { return o.missing != nil || o.Resource == arn }) {
			resume(e, c, arn, d)
		}
	}
}

// mend takes out of a loss what is recorded again.
func (l *ledger) mend(e *entry, c change, open *loss, world coverage.World, d *difference) {
	back := open.Loss
	some := open.missing == nil
	if !some {
		part := world.Lost(c.is.Recorders(), c.was.Recorders(), only(open.missing))
		if some = part.Verdict == model.No; some {
			back.What, back.Witness = describe(world, part.Missing), part.Witness.String()
		}
	}
	again := open.again(c.is, world)
	open.unsure = again == model.Unknown
	switch again {
	case model.Yes:
		open.open, some = false, true
	case model.No:
		some = some && open.missing != nil
		open.narrow(c.is, world)
		back.Rest = open.What
	case model.Unknown:
		some = some && open.missing != nil
		back.Rest = open.What
		d.unknown = appendNew(d.unknown, "whether "+open.What+" is recorded again: "+why(c))
	}
	if some {
		d.regained = append(d.regained, ended(back, e.call.At))
	}
}

// narrow leaves of a loss what is still not recorded.
func (o *loss) narrow(is *model.Account, world coverage.World) {
	if o.missing == nil {
		return
	}
	if still := world.Decide(only(o.missing), is.Recorders()); still.Verdict == model.No {
		o.missing = still.Missing
		o.What, o.Witness = describe(world, still.Missing), still.Witness.String()
	}
}

// again tells whether all of a loss is recorded again.
func (o *loss) again(is *model.Account, world coverage.World) model.Tri {
	if o.missing != nil {
		return world.Decide(only(o.missing), is.Recorders()).Verdict
	}
	was, now := o.was.Trail(o.Resource), is.Trail(o.Resource)
	switch {
	case off(now):
		return model.No
	case !on(now) || was == nil:
		return model.Unknown
	case model.Selectors.Same(was, now) && model.MultiRegion.Same(was, now) && model.GlobalEvents.Same(was, now):
		return model.Yes
	case leftOut(now) != "" && leftOut(was) == "":
		return model.No
	}
	switch world.Lost([]coverage.Recorder{o.was.Recorder(was)}, []coverage.Recorder{is.Recorder(now)}, management(world)).Verdict {
	case model.Yes:
		return model.Yes
	case model.No:
		return model.No
	case model.Unknown:
	}
	return model.Unknown
}

// resume is a trail that starts again after a stop that no event told, but that the account shows. What others
// recorded meanwhile is not told by it.
func resume(e *entry, c change, arn string, d *difference) {
	was, is := c.was.Trail(arn), c.is.Trail(arn)
	if was == nil || !off(was) || !on(is) || !c.first(arn) {
		return
	}
	since, ok := was.StoppedAt.Get()
	started, hasStarted := was.StartedAt.Get()
	if !ok || since.IsZero() || since.After(e.call.At) || hasStarted && started.After(since) {
		return
	}
	d.regained = append(d.regained, ended(model.Loss{Accounts: []string{c.is.ID}, Resource: arn, What: "all that " + model.ARNName(arn) + " records", Since: since}, e.call.At))
}

func ended(lost model.Loss, at time.Time) model.Loss {
	lost.Until = &at
	lost.Seconds = int64(at.Sub(lost.Since) / time.Second)
	return lost
}

// recording are the trails that are on.
func recording(a *model.Account) []string {
	var out []string
	for _, t := range a.Trails.Items {
		if on(t) {
			out = append(out, "trail/"+t.Name)
		}
	}
	return out
}

// unsettled tells whether what the event cost is still so: something that it lost is not recorded again, or a verdict
// that it turned to fail still fails.
func (l *ledger) unsettled(e *entry) bool {
	if slices.ContainsFunc(l.losses, func(o *loss) bool { return o.open && !o.unsure && o.entry == e }) {
		return true
	}
	for _, by := range l.failed {
		if slices.Contains(by, e) {
			return true
		}
	}
	return false
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
