package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/event"
	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
)

// start is a story before the first of its events.
func (d *Detector) start(entries []*entry) *story {
	s := &story{
		d: d, state: d.twin.before(entries), ledger: newLedger(d.worlds), lives: map[string]*life{}, refusals: map[attempt][]time.Time{},
		rules: d.asking.Rules(), counted: d.correlated, costs: map[*entry]*difference{}, pointed: d.values.begin(d.begin),
	}
	for _, a := range s.state {
		s.pointed.add(a)
	}
	return s
}

// run tells the story to the end of the entries, of which it may have told some.
func (s *story) run(entries []*entry) {
	for ; s.at < len(entries); s.at++ {
		e := entries[s.at]
		if !s.settled && !s.d.twin.holds(e) {
			s.settle(entries[:s.at])
			s.settled = true
		}
		e.fresh, e.weights = false, nil
		switch {
		case e.folded != nil:
			s.unfold(e.folded)
		case !e.again:
			s.out = append(s.out, s.tell(e)...)
		}
	}
}

// correct says of losses that the Snapshot shows ended when that was, at the latest.
func (s *story) correct() {
	for _, c := range s.costly {
		if !slices.ContainsFunc(c.diff.lost, func(l *loss) bool { return l.silent != nil }) {
			continue
		}
		for i := range s.out {
			f := &s.out[i]
			if f.ID == c.finding && f.Cause.EventID == c.entry.cause.EventID {
				f.Cause.Lost, f.Message = c.diff.told(), message(c.entry, c.of, c.diff)
				f.Notes = append(f.Notes, c.diff.silence())
				if !slices.ContainsFunc(c.diff.lost, func(l *loss) bool { return l.silent == nil }) {
					f.Fix = ""
				}
			}
		}
	}
}

// silence says of losses of which no event told the end how it is known.
func (d *difference) silence() string {
	if slices.ContainsFunc(d.lost, func(l *loss) bool { return l.silent != nil && l.silent.AtMost }) {
		return "It had ended when the account was read; no event told how."
	}
	return "It ended at the StartLoggingTime of the trail; no event told how."
}

// story is the events being told, up to one of them.
type story struct {
	d        *Detector
	at       int  // of the events were told
	settled  bool // the Snapshot is in the place of what events led to, and one that it does not hold was told
	out      []model.Finding
	state    state
	ledger   *ledger
	lives    map[string]*life        // by finding
	refusals map[attempt][]time.Time // the last of each kind
	swept    time.Time               // when those of long ago were taken out
	rules    []*sigma.Rule           // with placeholders
	counted  map[occurrence][]sigma.Hit
	costly   []costly
	costs    map[*entry]*difference // of calls of which several records tell
	pointed  *pointed
}

// costly is what was told of an event that cost something, to be told rightly when the Snapshot shows that it ended.
type costly struct {
	finding string
	entry   *entry
	of      meeting
	diff    *difference
}

func (s *story) life(finding string) *life {
	l := s.lives[finding]
	if l == nil {
		l = &life{}
		s.lives[finding] = l
	}
	return l
}

// life is a finding so far: its worst cause that time does not mend, and those that later events may.
type life struct {
	count   int
	worst   weighed
	lasting []weighed
	mends   bool // what its last events are about is something that later events make good
}

// add counts a cause, and gives the worst that stands.
func (l *life) add(own weighed, stands func(weighed) bool) weighed {
	l.count++
	switch {
	case own.once:
	case own.lasts || len(own.edits) > 0:
		l.lasting = append(l.lasting, own)
	case own.severity > l.worst.severity:
		l.worst = own
	}
	worst := own
	if l.worst.severity > worst.severity {
		worst = l.worst
	}
	l.lasting = slices.DeleteFunc(l.lasting, func(c weighed) bool { return c.entry != own.entry && !stands(c) })
	for _, c := range l.lasting {
		if c.severity > worst.severity {
			worst = c
		}
	}
	return worst
}

// stands tells whether what an event cost is still so.
func (s *story) stands(w weighed) bool {
	if w.lasts && s.ledger.unsettled(w.entry) {
		return true
	}
	return slices.ContainsFunc(w.edits, s.inForce)
}

// inForce tells whether a trail is still as an event made it.
func (s *story) inForce(edit model.Edit) bool {
	owner := s.state[model.ARNAccount(edit.Resource)]
	if owner == nil {
		return true
	}
	t := owner.Trail(edit.Resource)
	a := model.AttributeNamed(edit.Attribute)
	if t == nil || a == nil {
		return false
	}
	return text(value(a, t)) == text(edit.After)
}

// weighed is one cause of a finding with its severity.
type weighed struct {
	entry    *entry
	severity model.Severity
	reason   string
	lasts    bool         // it counts until what it cost is made good
	once     bool         // it counts for its own event alone
	edits    []model.Edit // that it counts as long as they stay
}

// after is the reason as an event of the finding tells it: of an earlier event with its time and name.
func (w weighed) after(e *entry) string {
	if w.entry == e {
		return w.reason
	}
	out := w.entry.cause.EventName + " at " + model.Moment(w.entry.call.At)
	if w.lasts {
		out = "open since " + model.Moment(w.entry.call.At) + " by " + w.entry.cause.EventName
	}
	if w.reason != "" {
		out += ": " + w.reason
	}
	return out
}

// settle puts the Snapshot in the place of what the older events led to: it is what was read. While it was read,
// accounts went on to change, so what happened meanwhile is done to it again.
func (s *story) settle(older []*entry) {
	told := maps.Clone(s.state)
	for id, a := range s.d.twin.snapshot() {
		s.state[id] = a
		s.pointed.add(a)
	}
	if s.d.begin != nil {
		s.resume(s.d.begin)
		return
	}
	for _, e := range older {
		if e.applies() && e.call.At.After(s.d.twin.began) {
			s.state.apply(e)
		}
	}
	if s.d.o.Snapshot == nil {
		return
	}
	for id, a := range s.state {
		s.ledger.correct(change{was: told[id], is: a}, &s.d.o)
	}
	s.correct()
}

// reading is how long the reading of a Snapshot may take that does not say when it began; its time is that of the end.
const reading = time.Minute

// tell tells one event.
func (s *story) tell(e *entry) []model.Finding {
	diff := s.cost(e.first)
	var out []model.Finding
	for _, m := range s.met(e) {
		out = append(out, s.finding(e, m, diff))
	}
	return out
}

// cost is what the event did, nil where it changed nothing. One that several records tell of is done once.
func (s *story) cost(e *entry) *difference {
	if !e.applies() {
		return nil
	}
	diff, done := s.costs[e]
	if done {
		return diff
	}
	if changes := s.state.apply(e); len(changes) > 0 {
		diff = s.ledger.book(e, changes, &s.d.o)
		for _, c := range changes {
			s.pointed.add(c.is)
		}
	}
	if e.shared != "" {
		s.costs[e] = diff
	}
	return diff
}

// meeting is a detection that an event meets.
type meeting struct {
	of      *Detection
	about   model.Ref
	action  Action
	counted string // what a correlation counted; "" for other rules
}

// met are the detections that the event meets, each once, with the severest of its rules.
func (s *story) met(e *entry) []meeting {
	hits := slices.Clone(e.met)
	if e.asks {
		hits = append(hits, s.ask(e)...)
	}
	var out []meeting
	add := func(h hit, counted string) {
		if h.quiet {
			return
		}
		det := s.d.of[h.rule]
		m := meeting{det, h.about, det.action(h.rule, e.cause.EventName), counted}
		switch i := slices.IndexFunc(out, func(o meeting) bool { return o.of == det && o.about == h.about }); {
		case i < 0:
			out = append(out, m)
		case out[i].action.Severity < m.action.Severity:
			out[i] = m
		}
	}
	for _, h := range hits {
		add(h, "")
	}
	for _, h := range s.counted[occurrence{e.cause.Account, e.cause.EventID}] {
		add(hit{rule: h.Rule, about: model.Ref{Kind: model.AccountKind, ID: e.cause.Account}}, counting(h))
	}
	slices.SortStableFunc(out, func(a, b meeting) int { return strings.Compare(a.of.ID, b.of.ID) })
	return out
}

// ask asks the rules with placeholders, filled as of now. Most are filled as they were when they were asked before.
func (s *story) ask(e *entry) []hit {
	engine := s.pointed.now(s.rules)
	if e.engine != engine {
		e.engine, e.asked = engine, s.matches(engine, e)
	}
	var out []hit
	for _, h := range e.asked {
		if s.pointed.theirs(h.rule, h.about, e.cause) {
			out = append(out, h)
		}
	}
	return out
}

// matches are the rules of an engine that an event meets.
func (s *story) matches(engine *sigma.Engine, e *entry) []hit {
	rec, err := event.Parse(e.raw)
	if err != nil { // it was read before
		return nil
	}
	met := engine.Match(rec)
	if len(met) == 0 {
		return nil
	}
	r := record{rec.Tree()}
	var out []hit
	for _, m := range met {
		if s.d.of[m.Rule].Ours && e.copied() {
			continue
		}
		out = append(out, hit{m.Rule, s.d.resource(m.Rule).of(r, e.cause), m.Quiet})
	}
	return out
}

// finding is what a detection says after the event.
func (s *story) finding(e *entry, m meeting, diff *difference) model.Finding {
	id := model.FindingID(e.cause.Account, m.of.ID, m.about)
	l := s.life(id)
	own := s.weigh(e, m, diff)
	worst := l.add(own, s.stands)
	l.follow(own, diff != nil && len(diff.regained) > 0, s.stands)
	e.weights = append(e.weights, weight{id, m.of.ID, own})
	cause := e.cause
	cause.Severity, cause.Reason = own.severity, own.reason
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
		fix, notes := s.repair(e, diff)
		f.Fix, f.Notes = fix, append(append(f.Notes, diff.notes...), notes...)
	}
	if m.counted != "" {
		f.Notes = append(f.Notes, m.counted)
	}
	f.Message = message(e, m, diff)
	if diff != nil {
		s.costly = append(s.costly, costly{id, e, m, diff})
	}
	f.RealTime = &model.RealTime{
		Kind: string(m.of.Kind), Declared: m.of.Severity, Reason: worst.after(e.first), Means: m.action.Means, Count: l.count, Author: m.of.Author, Cause: &cause,
	}
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
	c.Lost = append(c.Lost, d.told()...)
	c.Regained = append(c.Regained, d.regained...)
	c.Verdicts = append(c.Verdicts, d.flips...)
	c.Unknown = append(c.Unknown, d.unknown...)
}
