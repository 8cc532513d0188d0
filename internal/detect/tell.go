package detect

import (
	"cmp"
	"encoding/json"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/event"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/sigma"
)

// Tell gives the findings that are new or have changed since they were told last, in the order of the events. There
// is one for each detection that an event meets: the finding as it stands after that event.
func (d *Detector) Tell() []model.Finding {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.fresh {
		return nil
	}
	d.fresh = false
	slices.SortFunc(d.entries, func(a, b *entry) int { return model.Order(a.call, b.call) })
	var out []model.Finding
	for _, f := range d.story() {
		key := line{f.Account, f.Cause.EventID, f.ID}
		said := d.fingerprint(f)
		before, again := d.told[key]
		if before == said {
			continue
		}
		if again {
			rt := *f.RealTime
			rt.Revises = f.Cause.EventID
			f.RealTime = &rt
		}
		d.told[key] = said
		out = append(out, f)
	}
	if len(d.entries) > cmp.Or(d.o.Keep, mostEntries) {
		d.forget(d.entries[:len(d.entries)/2])
	}
	return out
}

// mostEntries is how many events are kept to be told anew when a late one changes them; a watch that goes on for
// months must not grow.
const mostEntries = 20_000

// forget makes the state after the oldest events the one to begin with. What they cost is no longer counted, but
// what trails are and pointed at stays known.
func (d *Detector) forget(old []*entry) {
	st := d.twin.before(d.entries)
	for _, a := range st {
		d.values.keep(a)
	}
	older, gone := !d.twin.at.IsZero(), map[occurrence]bool{}
	for _, e := range old {
		if older && e.call.At.After(d.twin.at) {
			maps.Copy(st, d.twin.snapshot())
			older = false
		}
		if e.applies() {
			for _, c := range st.apply(e) {
				d.values.keep(c.was)
			}
		}
		gone[occurrence{e.cause.Account, e.cause.EventID}] = true
	}
	maps.DeleteFunc(d.told, func(k line, _ uint64) bool { return gone[occurrence{k.account, k.event}] })
	if last := old[len(old)-1].call.At; last.After(d.twin.at) {
		d.twin.base, d.twin.at = slices.Collect(maps.Values(st)), last
	}
	d.entries = slices.Clone(d.entries[len(old):])
}

// fingerprint stands for all that a line says.
func (d *Detector) fingerprint(f model.Finding) uint64 {
	raw, err := json.Marshal(f)
	if err != nil { // a finding is data, which always encodes
		raw = []byte(err.Error())
	}
	return maphash.Bytes(d.seed, raw)
}

// story tells all events in their order.
func (d *Detector) story() []model.Finding {
	s := &story{d: d, state: d.twin.before(d.entries), ledger: newLedger(), lives: map[string]*life{}, refusals: map[string][]time.Time{}}
	s.rules = d.asking.Rules()
	d.values.reset()
	for _, a := range s.state {
		d.values.add(a)
	}
	s.counted = d.count()
	older := !d.twin.at.IsZero()
	var out []model.Finding
	for _, e := range d.entries {
		if older && e.call.At.After(d.twin.at) {
			s.settle()
			older = false
		}
		out = append(out, s.tell(e)...)
	}
	return out
}

// story is the events being told, up to one of them.
type story struct {
	d        *Detector
	state    state
	ledger   *ledger
	lives    map[string]*life       // by finding
	refusals map[string][]time.Time // of one actor, for one detection
	rules    []*sigma.Rule          // with placeholders
	counted  map[occurrence][]sigma.Hit
}

// occurrence names an event.
type occurrence struct{ account, id string }

// count is which correlations each event meets, when all are counted: a later event of the same second counts too.
func (d *Detector) count() map[occurrence][]sigma.Hit {
	if d.rules == len(d.fixed.Rules()) {
		return nil
	}
	met := map[occurrence][]sigma.Hit{}
	state := d.fixed.NewState(0)
	for _, e := range d.entries {
		var matches []sigma.Match
		for _, h := range e.met {
			matches = append(matches, sigma.Match{Rule: h.rule, Quiet: h.quiet})
		}
		for _, h := range state.Observe(e.raw, matches) {
			key := occurrence{h.Account, h.Event}
			met[key] = slices.DeleteFunc(met[key], func(o sigma.Hit) bool { return o.Rule == h.Rule })
			if h.Met {
				met[key] = append(met[key], h)
			}
		}
	}
	return met
}

// life is a finding so far: its worst cause that time does not mend, and those that later events may.
type life struct {
	count   int
	worst   weighed
	lasting []weighed
}

// add counts a cause, and gives the worst that stands.
func (l *life) add(own weighed, unsettled func(*entry) bool) weighed {
	l.count++
	switch {
	case own.lasts:
		l.lasting = append(l.lasting, own)
	case own.severity > l.worst.severity:
		l.worst = own
	}
	worst := own
	if l.worst.severity > worst.severity {
		worst = l.worst
	}
	l.lasting = slices.DeleteFunc(l.lasting, func(c weighed) bool { return c.entry != own.entry && !unsettled(c.entry) })
	for _, c := range l.lasting {
		if c.severity > worst.severity {
			worst = c
		}
	}
	return worst
}

// weighed is one cause of a finding with its severity.
type weighed struct {
	entry    *entry
	severity model.Severity
	reason   string
	lasts    bool // it counts until what it cost is made good
}

// settle puts the Snapshot in the place of what the older events led to: it is what was read.
func (s *story) settle() {
	for id, a := range s.d.twin.snapshot() {
		s.state[id] = a
		s.d.values.add(a)
	}
}

// tell tells one event.
func (s *story) tell(e *entry) []model.Finding {
	var diff *difference
	if e.applies() {
		if changes := s.state.apply(e); len(changes) > 0 {
			diff = s.ledger.book(e, changes, &s.d.o)
			for _, c := range changes {
				s.d.values.add(c.is)
			}
		}
	}
	var out []model.Finding
	for _, m := range s.met(e) {
		out = append(out, s.finding(e, m, diff))
	}
	return out
}

// meeting is a detection that an event meets.
type meeting struct {
	of     *Detection
	about  model.Ref
	action Action
	count  int // of a correlation
}

// met are the detections that the event meets, each once, with the severest of its rules.
func (s *story) met(e *entry) []meeting {
	hits := slices.Clone(e.met)
	if e.asks {
		hits = append(hits, s.ask(e)...)
	}
	var out []meeting
	add := func(h hit, count int) {
		if h.quiet {
			return
		}
		det := s.d.of[h.rule]
		m := meeting{det, h.about, det.action(h.rule, e.cause.EventName), count}
		switch i := slices.IndexFunc(out, func(o meeting) bool { return o.of == det && o.about == h.about }); {
		case i < 0:
			out = append(out, m)
		case out[i].action.Severity < m.action.Severity:
			out[i] = m
		}
	}
	for _, h := range hits {
		add(h, 0)
	}
	for _, h := range s.counted[occurrence{e.cause.Account, e.cause.EventID}] {
		add(hit{rule: h.Rule, about: model.Ref{Kind: model.AccountKind, ID: e.cause.Account}}, h.Count)
	}
	slices.SortStableFunc(out, func(a, b meeting) int { return strings.Compare(a.of.ID, b.of.ID) })
	return out
}

// ask asks the rules with placeholders, filled as of now.
func (s *story) ask(e *entry) []hit {
	rec, err := event.Parse(e.raw)
	if err != nil { // it was read before
		return nil
	}
	r := record{rec.Tree()}
	var out []hit
	for _, m := range s.d.values.now(s.rules).Match(e.raw) {
		out = append(out, hit{m.Rule, s.d.resource(m.Rule).of(r, e.cause), m.Quiet})
	}
	return out
}

// finding is what a detection says after the event.
func (s *story) finding(e *entry, m meeting, diff *difference) model.Finding {
	id := model.FindingID(e.cause.Account, m.of.ID, m.about)
	l := s.lives[id]
	if l == nil {
		l = &life{}
		s.lives[id] = l
	}
	own := s.weigh(e, m, diff)
	worst := l.add(own, s.ledger.unsettled)
	cause := e.cause
	cause.Severity = own.severity
	f := model.Finding{
		ID: id, Rule: m.of.ID, Title: m.of.Title, Status: model.StatusFail, Severity: worst.severity, Label: worst.severity.Label(),
		Account: cause.Account, Region: cmp.Or(model.ARNRegion(m.about.ID), cause.Region), Resource: m.about,
		Notes: []string{}, Evidence: []model.Evidence{}, Controls: []model.Control{}, Page: m.of.page(),
	}
	if s.d.o.Controls != nil {
		f.Controls = s.d.o.Controls(m.of.ID)
	}
	if diff != nil {
		diff.fill(&cause)
		f.Notes = append(f.Notes, diff.notes...)
		f.Fix = repair(e, diff, m.about)
		if f.Fix == "" && len(diff.lost) > 0 {
			f.Notes = append(f.Notes, "No command restores it: what the trail was is not known well enough.")
		}
	}
	f.Message = message(e, m, diff)
	f.RealTime = &model.RealTime{Kind: string(m.of.Kind), Declared: m.of.Severity, Reason: worst.reason, Means: m.action.Means, Count: l.count, Cause: &cause}
	return f
}

// fill writes into a cause what the event came to.
func (d *difference) fill(c *model.Cause) {
	for _, ch := range d.changes {
		for _, edit := range ch.edits() {
			if !slices.ContainsFunc(c.Changes, func(o model.Edit) bool { return o.Resource == edit.Resource && o.Attribute == edit.Attribute }) {
				c.Changes = append(c.Changes, edit)
			}
		}
	}
	for _, l := range d.lost {
		c.Lost = append(c.Lost, l.Loss)
	}
	c.Regained = append(c.Regained, d.regained...)
	c.Verdicts = append(c.Verdicts, d.flips...)
	c.Unknown = append(c.Unknown, d.unknown...)
}

// repair is the commands that make good what an event took, one a line; "" when it took nothing.
func repair(e *entry, d *difference, about model.Ref) string {
	hurt := len(d.lost) > 0 || slices.ContainsFunc(d.flips, func(f model.Flip) bool { return f.To == model.StatusFail })
	if !hurt || about.Kind != model.TrailKind {
		return ""
	}
	for _, c := range d.changes {
		if c.is.ID != model.ARNAccount(about.ID) {
			continue
		}
		for _, was := range []*model.Account{c.was, rewound(c.is, e.call)} {
			lines, err := remediate.Commands(remediate.Restore(c.is, was, about.ID))
			if err == nil && len(lines) > 0 {
				return strings.Join(lines, "\n")
			}
		}
	}
	return ""
}
