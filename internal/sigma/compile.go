package sigma

import (
	"slices"

	"cairn.example/internal/event"
	"cairn.example/internal/yamltree"
)

// program is a node with its values compiled.
type program struct {
	op   op
	kids []*program
	n    int
	test *test
}

// test is an item with its values compiled.
type test struct {
	field  *event.Projection // of one path; nil: the whole record
	all    bool
	null   bool        // a value is null
	exists *bool       // modifier exists
	groups [][]matcher // one a value: any matcher of it will do
	refs   []ref       // or, with fieldref, these
	open   bool        // a placeholder is among the values
}

type ref struct {
	field   *event.Projection
	matcher refMatcher
}

type compiler struct{ values Values }

// refuse says why the rule cannot run, at the item's place.
func refuse(r *Rule, at yamltree.Place, message string) *Error {
	return &Error{File: r.File, Line: at.Line, Column: at.Column, Rule: r.String(), Message: message}
}

func (c *compiler) compile(r *Rule) (*program, Errors) {
	var errs Errors
	p := c.node(r, r.root, &errs)
	return p, errs
}

// node compiles all of a rule even when a part is refused, so that all reasons are told.
func (c *compiler) node(r *Rule, n *node, errs *Errors) *program {
	p := &program{op: n.op, n: n.n}
	if n.item != nil {
		p.test = c.test(r, n.item, errs)
	}
	for _, k := range n.kids {
		p.kids = append(p.kids, c.node(r, k, errs))
	}
	return p
}

func (c *compiler) test(r *Rule, it *item, errs *Errors) *test {
	t := &test{all: it.how.all, open: len(it.placeholders()) > 0}
	if it.field != "" {
		t.field = event.NewProjection(it.field)
	}
	for _, name := range it.placeholders() {
		if len(c.values[name]) == 0 {
			message := "placeholder %" + name + "% has no value"
			if !slices.ContainsFunc(*errs, func(e *Error) bool { return e.Message == message }) {
				*errs = append(*errs, refuse(r, it.at, message))
			}
		}
	}
	for _, v := range it.values {
		switch {
		case it.how.compare == isThere:
			want := v.text == "true"
			t.exists = &want
		case v.kind == kindNull:
			t.null = true
		case it.how.fieldref:
			t.refs = append(t.refs, ref{event.NewProjection(v.text), refMatcher{it.how.compare, it.how.cased}})
		default:
			group, err := it.how.matchers(v, c.values)
			if err != nil {
				*errs = append(*errs, refuse(r, v.at, it.field+": "+err.Error()))
			}
			t.groups = append(t.groups, group)
		}
	}
	return t
}

// record is a record and room to work in.
type record struct {
	*event.Record
	nodes  event.Values
	values [][]byte
	others [][]byte // values of the field that these are compared with
	chosen []int
}

// reach is what a path leads to, fanning out over arrays on the way, not over the last one.
func (r *record) reach(path *event.Projection) [][]byte {
	r.nodes = path.Project(r.Record, r.nodes)
	return r.nodes[0]
}

// holds evaluates the program. With may, a placeholder is taken to match whatever it might come to match: its values
// only ever grow, so under a not it keeps what it has.
func (p *program) holds(r *record, may bool) bool {
	switch p.op {
	case opItem:
		return may && p.test.open || p.test.holds(r)
	case opNot:
		return !p.kids[0].holds(r, false)
	case opAnd:
		for _, k := range p.kids {
			if !k.holds(r, may) {
				return false
			}
		}
		return true
	case opOr, opAtLeast:
	}
	missing := max(1, p.n)
	for _, k := range p.kids {
		if k.holds(r, may) {
			if missing--; missing == 0 {
				return true
			}
		}
	}
	return false
}

// holds finds the item's values in the record, then compares. null and exists are about what is reached, the others
// about the leaves of it.
func (t *test) holds(r *record) bool {
	r.values = r.values[:0]
	if t.field == nil {
		r.values = scalars(r.values, r.Raw)
	} else {
		nodes := r.reach(t.field)
		there := slices.ContainsFunc(nodes, func(n []byte) bool { return !isNull(n) })
		switch {
		case t.exists != nil:
			return there == *t.exists
		case t.null && !there && !t.all:
			return true
		case t.null && t.all && (there || len(t.groups) > 0): // null and something else at once
			return false
		case t.null && t.all:
			return true
		case !there:
			return false
		}
		for _, n := range nodes {
			r.values = leaves(r.values, n)
		}
	}
	if t.refs != nil {
		return t.refer(r)
	}
	if t.all {
		return !slices.ContainsFunc(t.groups, func(g []matcher) bool { return !some(r.values, g) })
	}
	for _, raw := range r.values {
		l := leafOf(raw)
		for _, g := range t.groups {
			for _, m := range g {
				if m.match(l) {
					return true
				}
			}
		}
	}
	return false
}

// some tells whether one of the values meets one of the matchers.
func some(values [][]byte, group []matcher) bool {
	for _, raw := range values {
		l := leafOf(raw)
		if slices.ContainsFunc(group, func(m matcher) bool { return m.match(l) }) {
			return true
		}
	}
	return false
}

// refer compares with other fields: with one of them, or with all.
func (t *test) refer(r *record) bool {
	for _, other := range t.refs {
		if found := other.some(r); found != t.all {
			return found
		}
	}
	return t.all
}

// some tells whether one of the values here and one there agree.
func (f ref) some(r *record) bool {
	r.others = r.others[:0]
	for _, n := range r.reach(f.field) {
		r.others = leaves(r.others, n)
	}
	for _, a := range r.values {
		x := leafOf(a)
		if slices.ContainsFunc(r.others, func(b []byte) bool { return f.matcher.match(x, leafOf(b)) }) {
			return true
		}
	}
	return false
}
