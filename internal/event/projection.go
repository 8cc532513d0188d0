package event

import (
	"bytes"
	"slices"
	"strings"
)

// Projection picks values out of records by dotted paths, `userIdentity.arn`, without decoding the
// rest. It is compiled once and safe for concurrent use.
type Projection struct {
	paths []string
	roots []node
}

// node is one name of the paths, at its depth.
type node struct {
	name  string
	field field // of a root
	path  int   // the path that ends here, -1 if none does
	next  []node
}

// Values are what a projection picked: for each path the values found, as they stand in the record.
// They are valid as long as the record.
type Values [][][]byte

// NewProjection compiles paths; a path given twice is there once.
func NewProjection(paths ...string) *Projection {
	p := &Projection{}
	for _, path := range paths {
		if slices.Contains(p.paths, path) {
			continue
		}
		level := &p.roots
		names := strings.Split(path, ".")
		for i, name := range names {
			at := slices.IndexFunc(*level, func(n node) bool { return n.name == name })
			if at < 0 {
				at = len(*level)
				*level = append(*level, node{name: name, field: fieldOf([]byte(name)), path: -1})
			}
			n := &(*level)[at]
			if i == len(names)-1 {
				n.path = len(p.paths)
			}
			level = &n.next
		}
		p.paths = append(p.paths, path)
	}
	return p
}

// Paths are the paths in the order of Values.
func (p *Projection) Paths() []string { return p.paths }

// Project picks the values of a record. An array on the way is entered, and each of its elements
// can give a value; one at the end of a path is a value itself. What is not there gives no value, a
// null gives `null`. A record that holds an object's JSON as a string gives nothing below it. into
// is used again if it has room.
func (p *Projection) Project(r *Record, into Values) Values {
	into = slices.Grow(into[:0], len(p.paths))[:len(p.paths)]
	for i := range into {
		into[i] = into[i][:0]
	}
	for i := range p.roots {
		n := &p.roots[i]
		var value []byte
		if n.field != unknownField {
			value = r.value(n.field)
		} else {
			value = member(r.Raw, n.name)
		}
		if len(value) > 0 {
			n.pick(value, into)
		}
	}
	return into
}

func (n *node) pick(value []byte, into Values) {
	if n.path >= 0 {
		into[n.path] = append(into[n.path], value)
	}
	if len(n.next) > 0 {
		n.descend(value, into)
	}
}

// descend looks for the next names in an object, or in the elements of an array.
func (n *node) descend(value []byte, into Values) {
	switch value[0] {
	case '[':
		for item := range items(value) {
			n.descend(item, into)
		}
	case '{':
		for some := range slices.Chunk(n.next, 64) {
			pickSome(some, value, into)
		}
	}
}

// pickSome looks for up to 64 names in an object, all in one pass. Of two members with one name the
// first counts.
func pickSome(nodes []node, object []byte, into Values) {
	missing := ^uint64(0) >> (64 - len(nodes))
	for name, value := range members(object) {
		if bytes.IndexByte(name, '\\') >= 0 {
			name = Unescape(name)
		}
		for left := missing; left != 0; left &= left - 1 {
			n := &nodes[trailing(left)]
			if string(name) == n.name {
				n.pick(value, into)
				missing &^= left & -left
				break
			}
		}
		if missing == 0 {
			return
		}
	}
}
