package coverage

import (
	"slices"
	"strings"
)

// field is one dimension of the space of events. Data and network activity events will add resources.type,
// resources.ARN and their other fields here.
type field uint8

const (
	fieldCategory field = iota
	fieldKind           // not a field of the record: see kind
	fieldReadOnly
	fieldSource
	fieldName
	fieldRegion // last: the fields before it fit one word each in the base space, at a fixed place
	fieldCount
)

// readOnlyAbsent stands for a record without readOnly. No goal holds it and whether a ReadWriteType or a readOnly
// constraint keeps it is not documented.
const readOnlyAbsent = "absent"

const categoryManagement = "Management"

// Places of values in their alphabets.
const (
	management = 0
	writes     = 0
	reads      = 1
)

// op is how a constraint compares.
type op uint8

const (
	equals op = iota
	prefix
	suffix
)

// match compares a field's value with a text.
type match struct {
	op   op
	text string
}

// value is a candidate: the text head, or, fresh, any long text that begins with head, ends with tail and has
// nothing else in common with the texts in play.
type value struct {
	head, tail string
	fresh      bool
}

func (m match) holds(v value) bool {
	switch m.op {
	case prefix:
		return strings.HasPrefix(v.head, m.text)
	case suffix:
		if v.fresh {
			return strings.HasSuffix(v.tail, m.text)
		}
		return strings.HasSuffix(v.head, m.text)
	case equals:
	}
	return !v.fresh && v.head == m.text
}

// alphabet is one field's candidates: first each literal, then each prefix joined to each suffix by a fresh middle.
// They are enough: whatever a text has in common with the literals, prefixes and suffixes, the candidate of its
// longest prefix and longest suffix has too.
type alphabet struct {
	literals           []string
	prefixes, suffixes []string // "" first; both empty in a closed field, which has its literals only
	values             []value
}

func newAlphabet(literals []string, closed bool) alphabet {
	a := alphabet{literals: literals}
	if !closed {
		a.prefixes, a.suffixes = []string{""}, []string{""}
	}
	a.fill()
	return a
}

func (a *alphabet) fill() {
	a.values = make([]value, 0, len(a.literals)+len(a.prefixes)*len(a.suffixes))
	for _, l := range a.literals {
		a.values = append(a.values, value{head: l})
	}
	for _, p := range a.prefixes {
		for _, s := range a.suffixes {
			a.values = append(a.values, value{head: p, tail: s, fresh: true})
		}
	}
}

// with returns the alphabet that also tells apart what the matches do.
func (a *alphabet) with(ms []match) alphabet {
	b := alphabet{slices.Clone(a.literals), slices.Clone(a.prefixes), slices.Clone(a.suffixes), nil}
	add := func(l *[]string, s string) {
		if !slices.Contains(*l, s) {
			*l = append(*l, s)
		}
	}
	for _, m := range ms {
		switch m.op {
		case prefix:
			add(&b.prefixes, m.text)
		case suffix:
			add(&b.suffixes, m.text)
		case equals:
			add(&b.literals, m.text)
		}
	}
	b.fill()
	return b
}

// knows reports whether the alphabet already tells apart what m does.
func (a *alphabet) knows(m match) bool {
	switch m.op {
	case prefix:
		return slices.Contains(a.prefixes, m.text)
	case suffix:
		return slices.Contains(a.suffixes, m.text)
	case equals:
	}
	return slices.Contains(a.literals, m.text)
}

// locate returns the index of the candidate that stands for v, -1 when a closed field has none.
func (a *alphabet) locate(v value) int {
	if !v.fresh {
		if i := slices.Index(a.literals, v.head); i >= 0 {
			return i
		}
	}
	if len(a.prefixes) == 0 {
		return -1
	}
	p := longest(a.prefixes, func(s string) bool { return match{prefix, s}.holds(v) })
	s := longest(a.suffixes, func(s string) bool { return match{suffix, s}.holds(v) })
	return len(a.literals) + p*len(a.suffixes) + s
}

func longest(list []string, ok func(string) bool) int {
	best := 0
	for i, s := range list {
		if len(s) > len(list[best]) && ok(s) {
			best = i
		}
	}
	return best
}

// space lays the candidates of all fields out as bits: a box is space.words() words, the sets of its fields in turn.
type space struct {
	fields   [fieldCount]alphabet
	off      [fieldCount + 1]int
	services []service // by event source
	base     bool      // all fields but the Region have the base alphabet, for which selectors are compiled when parsed
	sure     int       // the first Regions are enabled for certain,
	enabled  int       // these too or not; others are only there to be the global one
	order    []int     // Regions as a witness prefers them: the global ones first
	globals  []string  // the readings: Regions in which global service events may occur, one of them in truth
}

func newSpace(fields [fieldCount]alphabet) *space {
	sp := &space{fields: fields}
	for f := range fieldCount {
		sp.off[f+1] = sp.off[f] + (len(fields[f].values)+63)/64
	}
	sp.services = make([]service, len(fields[fieldSource].values))
	for i, v := range fields[fieldSource].values {
		if !v.fresh {
			sp.services[i] = serviceOf(v.head)
		}
	}
	return sp
}

func (sp *space) words() int { return sp.off[fieldCount] }

// set returns the words of one field of a box.
func (sp *space) set(box []uint64, f field) []uint64 { return box[sp.off[f]:sp.off[f+1]] }

func put(set []uint64, i int) { set[i/64] |= 1 << (i % 64) }

func has(set []uint64, i int) bool { return i >= 0 && set[i/64]&(1<<(i%64)) != 0 }

// fillSet puts every candidate of the field that ok accepts into the set.
func (sp *space) fillSet(box []uint64, f field, ok func(value) bool) {
	set := sp.set(box, f)
	for i, v := range sp.fields[f].values {
		if ok(v) {
			put(set, i)
		}
	}
}

func empty(set []uint64) bool {
	for _, w := range set {
		if w != 0 {
			return false
		}
	}
	return true
}

// baseFields are the alphabets of the fields before the Region in every goal that names no service of its own.
var baseFields = [fieldCount]alphabet{
	fieldCategory: newAlphabet([]string{categoryManagement, "Data", "NetworkActivity"}, false),
	fieldKind:     newAlphabet([]string{"plain", "global", "doubtful"}, true),   // in the order of kind
	fieldReadOnly: newAlphabet([]string{"false", "true", readOnlyAbsent}, true), // writes, reads
	fieldSource:   newAlphabet(baseSources, false),
	fieldName:     newAlphabet(nil, false),
}

// baseSpace is where selectors are compiled when they are parsed; it has no Region yet.
var baseSpace = newSpace(baseFields)
