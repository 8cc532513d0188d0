package sigma

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// The two fields that the index is made of.
const (
	fieldSource = "eventSource"
	fieldName   = "eventName"
)

// maxKeys bounds what sources and names of one rule multiply to.
const maxKeys = 4096

// Key is an eventSource and an eventName, folded to lower case; an empty one stands for any.
type Key struct{ Source, Name string }

// Keys gives what a record's eventSource and eventName must be for the rule to hold. It is false where the rule
// must see every record; a key with an empty part must see every record of the other.
func (r *Rule) Keys() ([]Key, bool) {
	if r.root == nil {
		return nil, false
	}
	set, ok := cover(r.root)
	if !ok {
		return nil, false
	}
	return slices.SortedFunc(maps.Keys(set), compareKeys), true
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
}

// Fields gives the fields that the rule compares, sorted; whole is true where keywords look at all of the record.
func (r *Rule) Fields() (paths []string, whole bool) {
	if r.root == nil {
		return nil, false
	}
	return fieldsOf(r.root)
}

// Placeholders are the names that Values must fill, sorted.
func (r *Rule) Placeholders() []string {
	if r.root == nil {
		return nil
	}
	var out []string
	r.root.each(func(it *item) { out = append(out, it.placeholders()...) })
	slices.Sort(out)
	return slices.Compact(out)
}

// Negates tells whether a placeholder stands under a not: then a record that meets the rule may meet it no longer when
// the placeholder has more values.
func (r *Rule) Negates() bool { return r.root != nil && r.root.negates(false) }

func (n *node) negates(under bool) bool {
	if n.item != nil {
		return under && len(n.item.placeholders()) > 0
	}
	return slices.ContainsFunc(n.kids, func(k *node) bool { return k.negates(under || n.op == opNot) })
}

func (it *item) placeholders() []string {
	if !it.how.expand {
		return nil
	}
	var out []string
	for _, v := range it.values {
		if v.kind == kindText {
			out = append(out, placeholders(v.text)...)
		}
	}
	return out
}

// cover is a set of keys such that n holds for no record outside of it; false: there is none but all.
func cover(n *node) (map[Key]bool, bool) {
	switch n.op {
	case opItem:
		return n.item.cover()
	case opNot:
		return nil, false
	case opAnd:
		return coverAnd(n.kids)
	case opOr, opAtLeast:
	}
	union := map[Key]bool{}
	for _, k := range n.kids {
		set, ok := cover(k)
		if !ok {
			return nil, false
		}
		maps.Copy(union, set)
	}
	return union, len(n.kids) > 0
}

// coverAnd needs one operand with a cover: the rest can only narrow it.
func coverAnd(kids []*node) (map[Key]bool, bool) {
	var all map[Key]bool
	known := false
	for _, k := range kids {
		set, ok := cover(k)
		switch {
		case !ok:
		case !known:
			all, known = set, true
		case len(all)*len(set) <= maxKeys: // else the wider set of the two stays true
			all = meet(all, set)
		}
	}
	return all, known
}

// meet gives the keys that lie in both sets.
func meet(a, b map[Key]bool) map[Key]bool {
	out := map[Key]bool{}
	for x := range a {
		for y := range b {
			source, ok := both(x.Source, y.Source)
			name, also := both(x.Name, y.Name)
			if ok && also {
				out[Key{source, name}] = true
			}
		}
	}
	return out
}

// both is what two parts have in common, an empty one being anything.
func both(a, b string) (string, bool) {
	return cmp.Or(a, b), a == "" || b == "" || a == b
}

// cover is what an equality with text says. Placeholders may grow, and a number in quotes equals numbers that are
// written otherwise, so both say nothing.
func (it *item) cover() (map[Key]bool, bool) {
	if it.field != fieldSource && it.field != fieldName || it.how.compare != isEqual || it.how.fieldref ||
		len(it.how.encoders) > 0 {
		return nil, false
	}
	out := map[Key]bool{}
	for _, v := range it.values {
		text, ok := parseGlob(v.text).literal()
		if !ok || text == "" || v.kind != kindText || it.how.expand {
			return nil, false
		}
		if _, numeric := parseDecimal([]byte(text)); numeric {
			return nil, false
		}
		if text = foldText(text); it.field == fieldSource {
			out[Key{Source: text}] = true
		} else {
			out[Key{Name: text}] = true
		}
	}
	return out, len(out) > 0
}

func foldText(s string) string { return strings.Map(fold, s) }
