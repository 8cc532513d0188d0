package sigma

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"cairn.example/internal/event"
	"cairn.example/internal/yamltree"
)

// Engine matches records against rules. It does not change, so any number of goroutines may use it.
type Engine struct {
	rules    []running
	index    map[string]map[string][]int // rules by the source and the name of their keys
	anywhere map[string][]int            // those of any source, by name
	all      []int                       // rules that no key leads to
	counts   []counter
	scratch  sync.Pool
	each     []int // every rule
}

type running struct {
	rule    *Rule
	program *program
	counted bool // by a correlation that does not generate it
	told    bool // by one that does
}

// Match is a rule that a record meets.
type Match struct {
	Rule  *Rule
	Quiet bool // the rule is only counted by correlations of its file, not told on its own
}

// NewEngine compiles the rules. The ones that cannot run are refused by name and place, and the engine runs without
// them: a placeholder without a value, an id given twice, a correlation whose rules are not there.
func NewEngine(rules []*Rule, values Values) (*Engine, Errors) {
	e := &Engine{index: map[string]map[string][]int{}}
	c := &compiler{values}
	var refused Errors
	ids := map[string]*Rule{}
	var correlations []*Rule
	for _, r := range rules {
		if first := ids[r.ID]; r.ID != "" && first != nil {
			refused = append(refused, refuse(r, yamltree.Place{Line: r.Line, Column: 1},
				fmt.Sprintf("its id is that of %s:%d, too", first.File, first.Line)))
			continue
		}
		ids[r.ID] = r
		if r.Correlation != nil {
			correlations = append(correlations, r)
			continue
		}
		p, errs := c.compile(r)
		if refused = append(refused, errs...); len(errs) == 0 {
			e.rules = append(e.rules, running{rule: r, program: p})
		}
	}
	for _, r := range correlations {
		refused = append(refused, e.correlate(r)...)
	}
	e.sort()
	e.scratch.New = func() any { return new(record) }
	return e, refused
}

// sort puts the rules into the index.
func (e *Engine) sort() {
	for i, r := range e.rules {
		e.each = append(e.each, i)
		keys, ok := r.rule.Keys()
		if !ok {
			e.all = append(e.all, i)
		}
		for _, k := range keys {
			if e.index[k.Source] == nil {
				e.index[k.Source] = map[string][]int{}
			}
			e.index[k.Source][k.Name] = append(e.index[k.Source][k.Name], i)
		}
	}
	e.anywhere = e.index[""]
}

// Rules are the detections that run, in the order given.
func (e *Engine) Rules() []*Rule {
	out := make([]*Rule, len(e.rules))
	for i, r := range e.rules {
		out[i] = r.rule
	}
	return out
}

// Unindexed are the rules that must see every record.
func (e *Engine) Unindexed() []*Rule {
	var out []*Rule
	for _, i := range e.all {
		out = append(out, e.rules[i].rule)
	}
	return out
}

// Keys are the keys of all rules, sorted; false where a rule must see every record.
func (e *Engine) Keys() ([]Key, bool) {
	var out []Key
	for source, names := range e.index {
		for name := range names {
			out = append(out, Key{source, name})
		}
	}
	slices.SortFunc(out, compareKeys)
	return out, len(e.all) == 0
}

// Fields are the fields that rules and correlations look at, sorted; whole is true where a rule looks at all of the
// record.
func (e *Engine) Fields() (paths []string, whole bool) {
	paths = []string{fieldSource, fieldName}
	for _, r := range e.rules {
		p, w := r.rule.Fields()
		paths, whole = append(paths, p...), whole || w
	}
	for _, c := range e.counts {
		paths = append(paths, c.fields()...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), whole
}

// Match gives the rules that a record meets, in the order of the rules.
func (e *Engine) Match(rec *event.Record) []Match {
	var out []Match
	e.run(rec, false, func(r running) { out = append(out, Match{r.rule, r.counted && !r.told}) })
	return out
}

// MayMatch gives the rules that a record does not meet but would, if placeholders had some further values.
func (e *Engine) MayMatch(rec *event.Record) []*Rule {
	var out []*Rule
	e.run(rec, true, func(r running) { out = append(out, r.rule) })
	if len(out) == 0 {
		return nil
	}
	met := e.Match(rec)
	return slices.DeleteFunc(out, func(r *Rule) bool {
		return slices.ContainsFunc(met, func(m Match) bool { return m.Rule == r })
	})
}

// run finds the rules among the candidates that hold. Its room is pooled: a record that meets nothing, as nearly all
// do, allocates nothing.
func (e *Engine) run(rec *event.Record, may bool, found func(running)) {
	r, ok := e.scratch.Get().(*record)
	if !ok {
		return
	}
	r.Record = rec
	for _, i := range e.candidates(r) {
		if e.rules[i].program.holds(r, may) {
			found(e.rules[i])
		}
	}
	r.Record = nil
	e.scratch.Put(r)
}

// What the index is made of.
var (
	sourceField = event.NewProjection(fieldSource)
	nameField   = event.NewProjection(fieldName)
)

// candidates are the rules that the record's source and name lead to, in their order. Nearly no record's source leads
// anywhere, and then its name is not looked at.
func (e *Engine) candidates(r *record) []int {
	var room [2][96]byte
	source, plain := indexText(room[0][:0], r.reach(sourceField))
	if !plain {
		return e.each
	}
	here := e.index[string(source)]
	if len(here) == 0 && len(e.anywhere) == 0 {
		return e.all
	}
	name, plain := indexText(room[1][:0], r.reach(nameField))
	if !plain {
		return e.each
	}
	r.chosen = append(r.chosen[:0], e.all...)
	for _, names := range []map[string][]int{here, e.anywhere} {
		r.chosen = append(append(r.chosen, names[string(name)]...), names[""]...)
	}
	slices.Sort(r.chosen)
	r.chosen = slices.Compact(r.chosen)
	return r.chosen
}

// indexText is the folded text, in room if it has to be written anew; false where the field is there and no string,
// which only the rules themselves can judge.
func indexText(room []byte, found [][]byte) ([]byte, bool) {
	if len(found) == 0 || isNull(found[0]) {
		return nil, true
	}
	text, ok := event.Text(found[0])
	if !ok {
		return nil, false
	}
	if !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf || lower[c] != c }) {
		return text, true
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return append(room[:0], foldText(string(text))...), true
		}
		room = append(room, lower[c])
	}
	return room, true
}
