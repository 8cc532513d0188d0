package sigma

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/event"
)

// counter is a correlation with its rules found.
type counter struct {
	rule   *Rule
	counts map[*Rule]string // the rules that it counts, and how it calls them
}

// correlate finds the rules of a correlation and makes quiet the ones that it does not generate. Only rules of the
// same file are made quiet: a correlation of somebody else must not silence a detection.
func (e *Engine) correlate(r *Rule) Errors {
	c := counter{rule: r, counts: map[*Rule]string{}}
	at := r.Correlation.at
	var errs Errors
	for _, name := range r.Correlation.Rules {
		found := e.named(name, r.File)
		switch len(found) {
		case 0:
			errs = append(errs, refuse(r, at, fmt.Sprintf("correlation: no detection %q runs (correlations of correlations are not supported)", name)))
		case 1:
			r := e.rules[found[0]].rule
			if _, twice := c.counts[r]; twice && c.rule.Correlation.byRule() {
				errs = append(errs, refuse(c.rule, at, fmt.Sprintf("correlation: the detection %q is named twice", name)))
			}
			c.counts[r] = name
		default:
			errs = append(errs, refuse(r, at, fmt.Sprintf("correlation: %d detections are called %q", len(found), name)))
		}
	}
	for alias, fields := range r.Correlation.Aliases {
		for name := range fields {
			if !slices.Contains(r.Correlation.Rules, name) {
				errs = append(errs, refuse(r, at, fmt.Sprintf("correlation: alias %s is for %q, which is none of its rules", alias, name)))
			}
		}
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b *Error) int { return cmp.Compare(a.Message, b.Message) })
		return errs
	}
	for i := range e.rules {
		if _, counted := c.counts[e.rules[i].rule]; counted && e.rules[i].rule.File == r.File {
			e.rules[i].told = e.rules[i].told || r.Correlation.Generate
			e.rules[i].counted = e.rules[i].counted || !r.Correlation.Generate
		}
	}
	e.counts = append(e.counts, c)
	return nil
}

// named are the detections with this id, name or title; the ones of the same file go first.
func (e *Engine) named(name, file string) []int {
	var here, anywhere []int
	for i, r := range e.rules {
		if !r.rule.Named(name) {
			continue
		}
		anywhere = append(anywhere, i)
		if r.rule.File == file {
			here = append(here, i)
		}
	}
	if len(here) > 0 {
		return here
	}
	return anywhere
}

// fields are what counting looks at in a record.
func (c counter) fields() []string {
	out := []string{"eventTime", "eventID", "recipientAccountId"}
	for _, rule := range c.counts {
		for _, f := range append(slices.Clone(c.rule.Correlation.GroupBy), c.rule.Correlation.Field) {
			if f != "" {
				out = append(out, c.field(f, rule))
			}
		}
	}
	return out
}

// field resolves an alias for the rule that is called so.
func (c counter) field(name, rule string) string {
	if f, ok := c.rule.Correlation.Aliases[name][rule]; ok {
		return f
	}
	return name
}

// Hit says that an event meets a correlation, does with another count, or does no longer: counted with the events of
// its group in the timespan up to and including its own time, as far as they have been seen. What holds after all
// events does not depend on their order.
type Hit struct {
	Rule    *Rule
	Met     bool
	Account string // with Event, which event
	Event   string
	Time    time.Time
	Group   []string // values of group-by, in its order; absent is empty
	Count   int      // so far
}

// State counts for the correlations of an Engine, by event time. It is for one goroutine.
type State struct {
	engine *Engine
	late   time.Duration
	newest time.Time
	swept  time.Time
	groups map[groupKey]*group

	// Untimed counts events without a readable eventTime, Late those older than the state reaches. Neither was
	// counted by any correlation.
	Untimed, Late int
}

type groupKey struct {
	rule   *Rule
	values string
}

// NewState counts for the engine's correlations. An event that is late by more than the given time may find its
// neighbours forgotten, so it is not counted; 0 forgets nothing.
func (e *Engine) NewState(late time.Duration) *State {
	return &State{engine: e, late: late, groups: map[groupKey]*group{}}
}

// Correlates tells whether the engine has correlations.
func (e *Engine) Correlates() bool { return len(e.counts) > 0 }

// Observe counts a record with what Engine.Match said of it, and gives what has changed: also for events seen
// before, when this one is late.
func (s *State) Observe(raw []byte, matches []Match) []Hit {
	if !slices.ContainsFunc(s.engine.counts, func(c counter) bool { return len(c.met(matches)) > 0 }) {
		return nil
	}
	rec, err := event.Parse(raw)
	if err != nil {
		s.Untimed++
		return nil
	}
	return s.Count(rec, string(rec.RecipientAccountID()), string(rec.EventID()), matches)
}

// Count is Observe for a record that is read, of which its caller says which event it is: hits name it so, and a
// second record of the same event is not counted.
func (s *State) Count(rec *event.Record, account, id string, matches []Match) []Hit {
	var hits []Hit
	var ev *counted
	for _, c := range s.engine.counts {
		met := c.met(matches)
		if len(met) == 0 {
			continue
		}
		if ev == nil {
			if ev = s.event(rec); ev == nil {
				return nil
			}
			ev.account, ev.id = account, id
		}
		hits = append(hits, s.count(c, met, rec, *ev)...)
	}
	return hits
}

// met are the rules that the correlation counts among those that an event met, as it calls them.
func (c counter) met(matches []Match) []string {
	var out []string
	for _, m := range matches {
		if name, counts := c.counts[m.Rule]; counts {
			out = append(out, name)
		}
	}
	return out
}

// event places a record in time; nil when it cannot be.
func (s *State) event(rec *event.Record) *counted {
	at, err := rec.EventTime()
	if err != nil {
		s.Untimed++
		return nil
	}
	if s.late > 0 && at.Before(s.newest.Add(-s.late)) {
		s.Late++
		return nil
	}
	if at.After(s.newest) {
		s.newest = at
	}
	s.sweep()
	return &counted{at: at.UTC()}
}

// count puts an event into its groups: rules that it met may name other fields to group by.
func (s *State) count(c counter, rules []string, rec *event.Record, ev counted) []Hit {
	var keys []string
	values, groups := map[string][]string{}, map[string][]string{}
	for _, rule := range rules {
		counts, ok := c.values(rec, rule)
		if !ok {
			continue
		}
		by := c.groupBy(rec, rule)
		key := fmt.Sprintf("%q", by)
		if groups[key] == nil {
			keys, groups[key] = append(keys, key), by
		}
		values[key] = append(values[key], counts...)
	}
	var hits []Hit
	for _, key := range keys {
		ev.values = distinct(values[key])
		for _, h := range s.group(c.rule, key).add(ev) {
			h.Rule, h.Group = c.rule, groups[key]
			hits = append(hits, h)
		}
	}
	return hits
}

func (s *State) group(rule *Rule, key string) *group {
	k := groupKey{rule, key}
	if s.groups[k] == nil {
		s.groups[k] = newGroup(rule.Correlation)
	}
	return s.groups[k]
}

// groupBy are the values of group-by for an event that met the rule; never nil.
func (c counter) groupBy(rec *event.Record, rule string) []string {
	out := make([]string, len(c.rule.Correlation.GroupBy))
	for i, f := range c.rule.Correlation.GroupBy {
		out[i] = groupValue(rec, c.field(f, rule))
	}
	return out
}

// values are what is counted of an event that met the rule. One of value_count without the value cannot change any
// count.
func (c counter) values(rec *event.Record, rule string) (values []string, counts bool) {
	of := c.rule.Correlation
	switch {
	case of.byRule():
		return []string{rule}, true
	case of.Field == "":
		return nil, true
	}
	for _, n := range reach(rec, c.field(of.Field, rule)) {
		for _, l := range leaves(nil, n) {
			values = append(values, string(textOf(l)))
		}
	}
	return values, len(values) > 0
}

// reach is what a field of the few records that are counted leads to.
func reach(rec *event.Record, field string) [][]byte {
	return event.NewProjection(field).Project(rec, nil)[0]
}

func distinct(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}

// groupValue is one text for all that a path leads to.
func groupValue(rec *event.Record, field string) string {
	var texts []string
	for _, n := range reach(rec, field) {
		if !isNull(n) {
			texts = append(texts, string(textOf(n)))
		}
	}
	return strings.Join(texts, "\n")
}

// sweep forgets, once in a while, what no event can need any more.
func (s *State) sweep() {
	if s.late <= 0 || s.newest.Sub(s.swept) < s.late {
		return
	}
	s.swept = s.newest
	s.Forget(s.newest.Add(-s.late))
}

// Forget drops what no event of that time or later can need.
func (s *State) Forget(before time.Time) {
	for k, g := range s.groups {
		if g.forget(before.Add(-g.of.Timespan)); len(g.events) == 0 {
			delete(s.groups, k)
		}
	}
}

// Held is how many events the state remembers, each once for every correlation that counts it.
func (s *State) Held() int {
	n := 0
	for _, g := range s.groups {
		n += len(g.events)
	}
	return n
}
