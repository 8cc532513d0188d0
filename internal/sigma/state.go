package sigma

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
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
			c.counts[e.rules[found[0]].rule] = name
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
		if name != r.rule.ID && name != r.rule.Name && name != r.rule.Title {
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

// Hit says that an event meets a correlation, or does no longer: counted with the events of its group in the
// timespan up to and including its own time, as far as they have been seen. What holds after all events does not
// depend on their order.
type Hit struct {
	Rule    *Rule
	Met     bool
	Account string // with Event, which event
	Event   string
	Time    time.Time
	Group   []string // values of group-by, in its order; absent is empty
	Count   int      // when it was told
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

// Observe counts a record with what Engine.Match said of it, and gives what has changed: also for events seen
// before, when this one is late.
func (s *State) Observe(raw []byte, matches []Match) []Hit {
	var hits []Hit
	var ev *counted
	for _, c := range s.engine.counts {
		for _, m := range matches {
			name, counts := c.counts[m.Rule]
			if !counts {
				continue
			}
			if ev == nil {
				if ev = s.event(raw); ev == nil {
					return nil
				}
			}
			hits = append(hits, s.count(c, name, raw, *ev)...)
		}
	}
	return hits
}

// event reads what tells an event from others; nil when it cannot be placed in time.
func (s *State) event(raw []byte) *counted {
	raw = raw[skipSpace(raw, 0):]
	text := func(field string) string { return string(textOf(lookup(raw, field))) }
	at, err := time.Parse(time.RFC3339, text("eventTime"))
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
	return &counted{at: at.UTC(), account: text("recipientAccountId"), id: text("eventID")}
}

// count puts an event into its group. An event of value_count without the value cannot change any count.
func (s *State) count(c counter, rule string, raw []byte, ev counted) []Hit {
	raw = raw[skipSpace(raw, 0):]
	of := c.rule.Correlation
	values := make([]string, len(of.GroupBy))
	for i, f := range of.GroupBy {
		values[i] = groupValue(raw, c.field(f, rule))
	}
	if of.Field != "" {
		for _, n := range reach(nil, raw, strings.Split(c.field(of.Field, rule), ".")) {
			for _, l := range leaves(nil, n) {
				ev.values = append(ev.values, string(textOf(l)))
			}
		}
		if len(ev.values) == 0 {
			return nil
		}
		slices.Sort(ev.values)
		ev.values = slices.Compact(ev.values)
	}
	key := groupKey{c.rule, fmt.Sprintf("%q", values)}
	g := s.groups[key]
	if g == nil {
		g = &group{of: of, tally: map[string]int{}}
		s.groups[key] = g
	}
	hits := g.add(ev)
	for i := range hits {
		hits[i].Rule, hits[i].Group = c.rule, values
	}
	return hits
}

// groupValue is one text for all that a path leads to.
func groupValue(raw []byte, field string) string {
	var texts []string
	for _, n := range reach(nil, raw, strings.Split(field, ".")) {
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
	for k, g := range s.groups {
		if g.forget(s.newest.Add(-s.late - g.of.Timespan)); len(g.events) == 0 {
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
