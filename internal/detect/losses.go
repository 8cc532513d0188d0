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

// difference is what an event did to what is recorded and to verdicts.
type difference struct {
	changes  []change
	lost     []*loss
	regained []model.Loss
	flips    []model.Flip
	unknown  []string
	notes    []string
	omits    string            // what a trail of which little is known does not record for certain
	by       map[string]string // account -> who still records everything that it did before
}

// loss is something that is not recorded any more, until it is.
type loss struct {
	model.Loss
	was   *model.Account // before it was lost
	entry *entry
	open  bool
}

// ledger is all that is lost at a moment, and which verdicts events turned to fail.
type ledger struct {
	losses []*loss
	failed map[string][]*entry // finding -> what turned it
	worlds *rule.Worlds
}

func newLedger() *ledger {
	return &ledger{failed: map[string][]*entry{}, worlds: &rule.Worlds{}}
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
		if !slices.ContainsFunc(c.trails(), func(arn string) bool { return records(c.was.Trail(arn), c.is.Trail(arn)) }) {
			continue
		}
		l.lose(e, c, d)
		l.regain(e, c, d)
		d.flips = append(d.flips, l.flips(e, c, o)...)
	}
	for _, f := range d.flips {
		switch {
		case f.To == model.StatusFail && f.From != "":
			l.failed[f.Finding] = append(l.failed[f.Finding], e)
		case f.To == model.StatusPass || f.To == model.StatusUnknown:
			delete(l.failed, f.Finding)
		}
	}
	l.losses = append(slices.DeleteFunc(l.losses, func(o *loss) bool { return !o.open }), d.lost...)
	d.lost = joinLosses(d.lost)
	d.regained = joinRegained(d.regained)
	return d
}

// records tells whether what changed of a trail can matter to verdicts and to what is recorded: tags do not.
func records(was, is *model.Trail) bool {
	if was == nil || is == nil {
		return was != is
	}
	return slices.ContainsFunc(model.Attributes, func(a model.Attribute) bool { return a.Name() != model.Tags.Name() && !a.Same(was, is) })
}

// lose finds what the account's trails recorded before and do not any more.
func (l *ledger) lose(e *entry, c change, d *difference) {
	world := c.is.World()
	goal := world.Management(coverage.Scope{})
	answer := world.Lost(c.was.Recorders(), c.is.Recorders(), goal)
	switch answer.Verdict {
	case model.No:
		d.lost = append(d.lost, l.opened(e, c, model.Loss{What: describe(world, answer), Witness: answer.Witness.String()}))
	case model.Yes:
		d.by[c.is.ID] = strings.Join(recording(c.is), ", ")
	case model.Unknown:
		for _, arn := range c.trails() {
			l.loseTrail(e, c, arn, d)
		}
		if d.omits = omitted(e, c); len(d.lost) == 0 && c.is.Unread() != nil {
			d.unknown = appendNew(d.unknown, "what it cost: "+why(c.is))
		}
	}
}

// omitted is which management events the selectors that an event put leave out, wherever the trail records and
// whatever it recorded before.
func omitted(e *entry, c change) string {
	t := c.is.Trail(e.trail)
	if t == nil || model.Selectors.Same(c.was.Trail(e.trail), t) || !c.first(e.trail) {
		return ""
	}
	selectors, ok := t.Selectors.Get()
	if !ok {
		return ""
	}
	world := coverage.World{Partition: model.ARNPartition(e.trail), Regions: coverage.DefaultRegions(model.ARNPartition(e.trail))}
	best := coverage.Recorder{ID: t.ARN, Logging: model.Yes, MultiRegion: model.Yes, Global: model.Yes, Sees: model.Yes, Home: model.ARNRegion(e.trail), Selectors: &selectors}
	answer := world.Decide(world.Management(coverage.Scope{}), []coverage.Recorder{best})
	if answer.Verdict != model.No {
		return ""
	}
	return strings.TrimPrefix(strings.Replace(world.Describe(answer.Missing), "every ", "any ", 1), " ")
}

// describe names what an answer found missing; where that is everything, also in how many Regions.
func describe(w coverage.World, answer coverage.Answer) string {
	what := w.Describe(answer.Missing)
	if what == "every management event" && len(w.Maybe) == 0 {
		what += " in " + model.Count(len(w.Regions), "Region", "Regions")
	}
	return what
}

// loseTrail is for a trail of an account of which it is not known what else records there.
func (l *ledger) loseTrail(e *entry, c change, arn string, d *difference) {
	was, is := c.was.Trail(arn), c.is.Trail(arn)
	if is != nil && was != nil && sameTrail(was, is) || !c.first(arn) {
		return
	}
	name := model.ARNName(arn)
	switch world := c.is.World(); {
	case off(is) && !off(was) && (was != nil || e.call.Op == "DeleteTrail" || is != nil):
		d.lost = append(d.lost, l.opened(e, c, model.Loss{Resource: arn, What: "all that " + name + " recorded"}))
	case was != nil && is != nil:
		answer := world.Lost([]coverage.Recorder{c.was.Recorder(was)}, []coverage.Recorder{c.is.Recorder(is)}, world.Management(coverage.Scope{}))
		if answer.Verdict != model.No {
			return
		}
		d.lost = append(d.lost, l.opened(e, c, model.Loss{Resource: arn, What: describe(world, answer) + " on " + name, Witness: answer.Witness.String()}))
	default:
		return
	}
	d.unknown = appendNew(d.unknown, "whether another trail records the same: "+why(c.is))
}

// first tells the owner's account, in which alone a trail is spoken of.
func (c change) first(arn string) bool { return model.ARNAccount(arn) == c.is.ID }

// why names the first thing that is not known of what an account records.
func why(a *model.Account) string {
	if gap := a.Unread(); gap != nil {
		return gap.Why
	}
	for _, g := range append(a.Unlisted(), a.Regions.Gaps...) {
		return g.String()
	}
	for _, t := range a.Trails.Items {
		for _, attr := range []model.Attribute{model.Logging, model.MultiRegion, model.Selectors} {
			if !attr.Known(t) {
				return fmt.Sprintf("%s of trail/%s is not known (%s)", attr.Name(), t.Name, attr.Evidence(t).Origin.Reason())
			}
		}
	}
	return "its trails are not known well enough"
}

// off tells that a trail records nothing: it is stopped, or not there.
func off(t *model.Trail) bool { return t == nil || t.Is(model.Logging).Tri == model.No }

func (l *ledger) opened(e *entry, c change, lost model.Loss) *loss {
	lost.Accounts, lost.By, lost.Since = []string{c.is.ID}, e.cause.EventID, e.call.At
	return &loss{Loss: lost, was: c.was, entry: e, open: true}
}

// regain closes what the account records again.
func (l *ledger) regain(e *entry, c change, d *difference) {
	world := c.is.World()
	closed := 0
	for _, open := range l.losses {
		if !open.open || open.Accounts[0] != c.is.ID || !again(open, c.is, world) {
			continue
		}
		open.open = false
		closed++
		d.regained = append(d.regained, ended(open.Loss, e.call.At))
	}
	if closed > 0 {
		return
	}
	for _, arn := range c.trails() {
		l.resume(e, c, arn, d)
	}
}

func again(open *loss, is *model.Account, world coverage.World) bool {
	goal := world.Management(coverage.Scope{})
	if open.Resource == "" {
		return world.Lost(open.was.Recorders(), is.Recorders(), goal).Verdict == model.Yes
	}
	was, now := open.was.Trail(open.Resource), is.Trail(open.Resource)
	if now == nil || now.Is(model.Logging).Tri != model.Yes {
		return false
	}
	if was == nil || len(goal.Sure) == 0 {
		return true // that it is on again is all that can be told
	}
	return world.Lost([]coverage.Recorder{open.was.Recorder(was)}, []coverage.Recorder{is.Recorder(now)}, goal).Verdict != model.No
}

// resume is a trail that starts again after a stop that no event told, but that the account shows.
func (l *ledger) resume(e *entry, c change, arn string, d *difference) {
	was, is := c.was.Trail(arn), c.is.Trail(arn)
	if was == nil || !off(was) || off(is) || !c.first(arn) {
		return
	}
	since, ok := was.StoppedAt.Get()
	if !ok || since.IsZero() {
		return
	}
	gap := ended(model.Loss{Accounts: []string{c.is.ID}, Resource: arn, Since: since}, e.call.At)
	world := c.is.World()
	answer := world.Lost(c.is.Recorders(), c.was.Recorders(), world.Management(coverage.Scope{}))
	switch answer.Verdict {
	case model.No:
		gap.What, gap.Witness = describe(world, answer), answer.Witness.String()
		d.regained = append(d.regained, gap)
	case model.Yes:
		d.notes = append(d.notes, fmt.Sprintf("%s was off for %s; what it records was recorded by others.", model.ARNName(arn), model.Span(e.call.At.Sub(since))))
	case model.Unknown:
		gap.What = "all that " + model.ARNName(arn) + " records"
		d.regained = append(d.regained, gap)
	}
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
		if t.Is(model.Logging).Tri == model.Yes {
			out = append(out, "trail/"+t.Name)
		}
	}
	return out
}

// flips are the verdicts that differ before and after.
func (l *ledger) flips(e *entry, c change, o *Options) []model.Flip {
	if c.is.Unread() != nil || o.Snapshot == nil {
		return nil
	}
	at := o.Snapshot.CollectedAt // what is known of deliveries is as of then, so it must not look stale
	var before, after []model.Finding
	for _, r := range o.Rules {
		if !triggers(r, e.cause) {
			continue
		}
		before = rule.Judge(r, rule.NewGround(c.was, at, l.worlds), o.Settings, before)
		after = rule.Judge(r, rule.NewGround(c.is, at, l.worlds), o.Settings, after)
	}
	var out []model.Flip
	for _, f := range after {
		was := statusOf(before, f.ID)
		if was != f.Status {
			out = append(out, model.Flip{Finding: f.ID, Account: f.Account, Rule: f.Rule, Resource: f.Resource, From: was, To: f.Status, Severity: f.Severity})
		}
	}
	for _, f := range before {
		if statusOf(after, f.ID) == "" {
			out = append(out, model.Flip{Finding: f.ID, Account: f.Account, Rule: f.Rule, Resource: f.Resource, From: f.Status, Severity: f.Severity})
		}
	}
	return out
}

func statusOf(found []model.Finding, id string) model.Status {
	for _, f := range found {
		if f.ID == id {
			return f.Status
		}
	}
	return ""
}

func triggers(r *rule.Rule, c model.Cause) bool {
	return slices.ContainsFunc(r.Triggers, func(t rule.Trigger) bool {
		return t.Source == c.EventSource && slices.Contains(t.Names, c.EventName)
	})
}

// unsettled tells whether what the event cost is still so: something that it lost is not recorded again, or a verdict
// that it turned to fail still fails.
func (l *ledger) unsettled(e *entry) bool {
	for _, open := range l.losses {
		if open.open && open.entry == e {
			return true
		}
	}
	for _, by := range l.failed {
		if slices.Contains(by, e) {
			return true
		}
	}
	return false
}

// joinLosses makes one of equal losses of many accounts.
func joinLosses(all []*loss) []*loss {
	var out []*loss
	for _, one := range all {
		i := slices.IndexFunc(out, func(o *loss) bool { return alike(o.Loss, one.Loss) })
		if i < 0 {
			cp := *one
			cp.Accounts = slices.Clone(one.Accounts)
			out = append(out, &cp)
			continue
		}
		out[i].Accounts = append(out[i].Accounts, one.Accounts...)
	}
	return out
}

func joinRegained(all []model.Loss) []model.Loss {
	var out []model.Loss
	for _, one := range all {
		i := slices.IndexFunc(out, func(o model.Loss) bool { return alike(o, one) })
		if i < 0 {
			one.Accounts = slices.Clone(one.Accounts)
			out = append(out, one)
			continue
		}
		out[i].Accounts = append(out[i].Accounts, one.Accounts...)
	}
	return out
}

func alike(x, y model.Loss) bool {
	return x.What == y.What && x.Witness == y.Witness && x.Resource == y.Resource && x.By == y.By && x.Since.Equal(y.Since)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
