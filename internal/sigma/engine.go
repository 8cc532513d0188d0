package sigma

import (
	"fmt"
	"slices"
	"sync"

	"cairn.example/internal/event"
	"cairn.example/internal/yamltree"
)

// Engine matches records against rules. It does not change, so any number of goroutines may use it.
type Engine struct {
	rules   []running
	slots   map[string]int // top-level member to its place in record.slots
	source  int
	name    int
	index   map[Key][]int
	all     []int // rules that no key leads to
	counts  []counter
	scratch sync.Pool
	each    []int // every rule
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
	e := &Engine{slots: map[string]int{}, index: map[Key][]int{}}
	c := &compiler{slots: e.slots, values: values}
	e.source, _ = c.slot(fieldSource)
	e.name, _ = c.slot(fieldName)
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
	e.scratch.New = func() any { return &record{slots: make([][]byte, len(e.slots))} }
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
			e.index[k] = append(e.index[k], i)
		}
	}
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
	for k := range e.index {
		out = append(out, k)
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

// Match gives the rules that a record, valid JSON of one object, meets, in the order of the rules.
func (e *Engine) Match(raw []byte) []Match {
	var out []Match
	e.run(raw, false, func(r running) { out = append(out, Match{r.rule, r.counted && !r.told}) })
	return out
}

// MayMatch gives the rules that a record does not meet but would, if placeholders had some further values.
func (e *Engine) MayMatch(raw []byte) []*Rule {
	var out []*Rule
	met := e.Match(raw)
	e.run(raw, true, func(r running) {
		if !slices.ContainsFunc(met, func(m Match) bool { return m.Rule == r.rule }) {
			out = append(out, r.rule)
		}
	})
	return out
}

// run finds the rules among the candidates that hold. Its room is pooled: a record that meets nothing, as nearly all
// do, allocates nothing.
func (e *Engine) run(raw []byte, may bool, found func(running)) {
	r, ok := e.scratch.Get().(*record)
	if !ok {
		return
	}
	defer e.scratch.Put(r)
	r.fill(raw, e.slots)
	for _, i := range e.candidates(r) {
		if e.rules[i].program.holds(r, may) {
			found(e.rules[i])
		}
	}
}

// fill finds the top-level members that are looked at, all in one pass: a pass for each costs more from the second on.
func (r *record) fill(raw []byte, slots map[string]int) {
	clear(r.slots)
	start := skipSpace(raw, 0)
	if r.raw = raw[start:]; len(r.raw) == 0 || r.raw[0] != '{' {
		r.raw = nil
		return
	}
	for c := cursorOf(r.raw); ; {
		key, val, ok := c.member()
		if !ok {
			return
		}
		if slices.Contains(key, '\\') {
			key = event.Unescape(key)
		}
		if slot, wanted := slots[string(key)]; wanted {
			r.slots[slot] = val
		}
	}
}

// candidates are the rules that the record's source and name lead to, in their order.
func (e *Engine) candidates(r *record) []int {
	var room [2][96]byte
	source, plain := indexText(room[0][:0], r.slots[e.source])
	name, also := indexText(room[1][:0], r.slots[e.name])
	if !plain || !also {
		return e.each
	}
	r.chosen = append(r.chosen[:0], e.all...)
	r.chosen = append(r.chosen, e.index[Key{string(source), string(name)}]...)
	if len(source) > 0 {
		r.chosen = append(r.chosen, e.index[Key{string(source), ""}]...)
	}
	if len(name) > 0 && len(source) > 0 {
		r.chosen = append(r.chosen, e.index[Key{"", string(name)}]...)
	}
	slices.Sort(r.chosen)
	r.chosen = slices.Compact(r.chosen)
	return r.chosen
}

// indexText appends the folded text; false where it is there and no string, which only the rules themselves can
// judge.
func indexText(dst, raw []byte) ([]byte, bool) {
	if isNull(raw) {
		return dst, true
	}
	if raw[0] != '"' {
		return dst, false
	}
	for _, c := range textOf(raw) {
		if c >= 0x80 {
			return append(dst[:0], foldText(string(textOf(raw)))...), true
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst, true
}
