package coverage

import (
	"fmt"
	"slices"
	"strings"
)

// Explain tells what becomes of one event: who records it, and why the others do not. It asks the selectors about
// this one event, by another way than Decide. A member of the event that is not known leaves the answer unknown
// unless nothing depends on it; so does a record without readOnly, where a selector asks for it.
func (w World) Explain(e Event, recorders []Recorder) Explanation {
	x := Explanation{By: make([]Reason, len(recorders))}
	points := w.points(e)
	for i := range recorders {
		x.By[i] = recorders[i].explain(e, points[0])
		for _, p := range points[1:] {
			if r := recorders[i].explain(e, p); r.Kept != x.By[i].Kept {
				r.Kept, r.Selector = Unknown, -1
				r.Fact, r.Why = FactEvent, "it depends on what is not known of the event"
				x.By[i] = r
				break
			}
		}
	}
	for i, p := range points {
		verdict := No
		for r := range recorders {
			verdict = verdict.or(recorders[r].explain(e, p).Kept)
		}
		if i > 0 && verdict != x.Verdict {
			verdict = Unknown
		}
		if x.Verdict = verdict; verdict == Unknown {
			break
		}
	}
	return x
}

// kindOf is the kind that an Event's Global tells.
func kindOf(global Tri) kind {
	if global == Yes {
		return kindGlobal
	}
	return kindPlain
}

// point is one way in which the event can have happened.
type point struct {
	region string
	kind   kind
}

// points lists the Regions and kinds that what is known of the event leaves open.
func (w World) points(e Event) []point {
	globals := w.readings()
	regions := []string{e.Region}
	if e.Region == "" {
		regions = globals
		if serviceOf(e.Source) != alwaysGlobal {
			regions = appendNew(w.all(), globals)
		}
	}
	var out []point
	for _, region := range regions {
		for _, k := range e.kinds(region, globals) {
			out = append(out, point{region, k})
		}
	}
	if len(out) == 0 { // a world without any Region
		out = []point{{e.Region, kindPlain}}
	}
	return out
}

// kinds lists what the event can be in a Region. Where it is not documented which Region is the global one, it can be
// as it is there or as it is elsewhere.
func (e Event) kinds(region string, globals []string) []kind {
	s := serviceOf(e.Source)
	if s == alwaysGlobal {
		return []kind{kindGlobal}
	}
	var out []kind
	for k := range kindCount {
		here, there := s.has(k, true) && slices.Contains(globals, region), s.has(k, false)
		if here || (there && (len(globals) > 1 || !slices.Contains(globals, region))) {
			out = append(out, k)
		}
	}
	if known := kindOf(e.Global); e.Global != Unknown && slices.Contains(out, known) {
		return []kind{known}
	}
	return out
}

// explain tells what the recorder makes of the event; the first fact that keeps it out is the reason.
func (r *Recorder) explain(e Event, p point) Reason {
	facts := []struct {
		fact        Fact
		holds       Tri
		no, unknown string
	}{
		{FactLogging, r.Logging, "it is not logging", "whether it is logging is not known"},
		{FactSees, r.Sees, "it does not see this account", "whether it sees this account is not known"},
		{
			FactMultiRegion, r.reaches(p.region), fmt.Sprintf("it records %s only", r.Home),
			fmt.Sprintf("whether it records %s is not known", p.region),
		},
		{FactGlobal, r.takes(p.kind), "it does not record global service events", r.globalDoubt()},
	}
	// A known no beats an unknown: of a stopped trail it does not matter what else could not be read.
	why := r.selects(e)
	for _, f := range facts {
		if f.holds == No {
			return Reason{r.ID, No, -1, f.fact, f.no}
		}
	}
	if why.Kept == No {
		return why
	}
	for _, f := range facts {
		if f.holds == Unknown {
			return Reason{r.ID, Unknown, -1, f.fact, f.unknown}
		}
	}
	return why
}

// selects tells what the recorder's selectors alone make of the event.
func (r *Recorder) selects(e Event) Reason {
	no := Reason{ID: r.ID, Kept: No, Selector: -1, Fact: FactSelectors, Why: "no selector keeps it"}
	unknown := Reason{ID: r.ID, Selector: -1, Fact: FactSelectors}
	switch {
	case e.Category != "" && e.Category != categoryManagement:
		unknown.Why = fmt.Sprintf("only management events are decided, not %s events", e.Category)
		return unknown
	case r.Selectors == nil || r.Selectors.parsed == nil:
		unknown.Why = "its selectors are not known"
		return unknown
	}
	for i := range r.Selectors.must {
		if m := &r.Selectors.must[i]; m.takes(e, sureOf) {
			yes := Reason{r.ID, Yes, m.selector, FactSelectors, fmt.Sprintf("selector %d keeps it", m.selector+1)}
			if m.selector < 0 {
				yes.Why = "it has no selectors, and AWS's default keeps every management event"
			}
			return yes
		}
	}
	for i := range r.Selectors.may {
		if m := &r.Selectors.may[i]; m.takes(e, maybeOf) {
			unknown.Selector = m.selector
			unknown.Why = r.Selectors.why(m.selector)
			return unknown
		}
	}
	if i := r.Selectors.excludes(e); i >= 0 {
		no.Selector = i
		no.Why = fmt.Sprintf("selector %d excludes %s", i+1, shortSource(e.Source))
		if e.Source == sourceRDSData {
			no.Why += " (Aurora Serverless v1 only, which is retired)"
		}
	}
	return no
}

// takes asks the row about one event.
func (r *row) takes(e Event, s side) bool {
	is := [fieldCount]string{
		fieldCategory: categoryManagement, fieldReadOnly: readOnlyText(e.ReadOnly), fieldSource: e.Source, fieldName: e.Name,
	}
	for i := range r.conds {
		if c := &r.conds[i]; !c.accepts(value{head: is[c.field]}, s == maybeOf) {
			return false
		}
	}
	return true
}

// why says what is not known of one selector.
func (s *Selectors) why(selector int) string {
	var out []string
	for _, d := range s.doubts {
		if d.selector == selector {
			out = append(out, d.String())
		}
	}
	if out == nil { // then only a record without readOnly can be in doubt
		return fmt.Sprintf("selector %d asks for readOnly, which the record does not carry", selector+1)
	}
	return strings.Join(out, "; ")
}

// excludes returns the selector that would keep the event but for its source, -1 when there is none. People take an
// excluded service for an accident of the selectors unless they are told which one names it.
func (s *Selectors) excludes(e Event) int {
	for i := range s.may {
		r := row{selector: s.may[i].selector}
		for _, c := range s.may[i].conds {
			if c.field != fieldSource {
				r.conds = append(r.conds, c)
			}
		}
		if r.takes(e, sureOf) {
			return r.selector
		}
	}
	return -1
}
