package sigma

import (
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// entry is one pair of a mapping.
type entry struct {
	key   string
	at    place
	value ast.Node
}

// mapping gives the pairs in the order of the file; a repeated key is reported and left out.
func (r *reader) mapping(n ast.Node, what string) []entry {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = append(pairs, n)
	default:
		r.bad(start(n), "%s: want keys and values, this is %s", what, kindOf(n))
		return nil
	}
	first := map[string]place{}
	var out []entry
	for _, p := range pairs {
		at := placeOf(p.Key.GetToken())
		key, ok := scalarText(p.Key)
		if !ok {
			r.bad(at, "%s: want a name, this is %s", what, kindOf(p.Key))
			continue
		}
		if before, twice := first[key]; twice {
			r.bad(at, "%s: %q stands twice, first in line %d", what, key, before.line)
			continue
		}
		first[key] = at
		out = append(out, entry{key, at, p.Value})
	}
	return out
}

// text is a scalar as it was written.
func (r *reader) text(e entry) string {
	s, ok := scalarText(e.value)
	if !ok && e.value.Type() != ast.NullType {
		r.bad(start(e.value), "%s: want text, this is %s", e.key, kindOf(e.value))
	}
	return s
}

// texts is a list of scalars; one alone is a list of one.
func (r *reader) texts(e entry) []string {
	nodes := []ast.Node{e.value}
	switch n := e.value.(type) {
	case *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		nodes = n.Values
	}
	var out []string
	for _, n := range nodes {
		s, ok := scalarText(n)
		if !ok {
			r.bad(start(n), "%s: want text, this is %s", e.key, kindOf(n))
			continue
		}
		out = append(out, s)
	}
	return out
}

// scalarText takes what YAML thinks is a number or a boolean as the text it is: a title may well be 1984.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// plain gives a node as Go values. The YAML library's own decoder panics on some tagged scalars (!00), so it is not
// used at all.
func (r *reader) plain(n ast.Node, what string) any {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.StringNode, *ast.LiteralNode:
		s, _ := scalarText(n)
		return s
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		written := n.GetToken().Value
		if i, err := strconv.ParseInt(written, 10, 64); err == nil {
			return i
		}
		if f, err := strconv.ParseFloat(written, 64); err == nil {
			return f
		}
		return written
	case *ast.SequenceNode:
		out := make([]any, 0, len(n.Values))
		for _, v := range n.Values {
			out = append(out, r.plain(v, what))
		}
		return out
	case *ast.MappingNode, *ast.MappingValueNode:
		out := map[string]any{}
		for _, e := range r.mapping(n, what) {
			out[e.key] = r.plain(e.value, what+"."+e.key)
		}
		return out
	}
	r.bad(start(n), "%s: want plain values, this is %s", what, kindOf(n))
	return nil
}

// kind is what a rule's value is in YAML.
type kind uint8

const (
	kindNull kind = iota
	kindText
	kindNumber
	kindBool
)

// value is one of the values that a field is compared with, as written.
type value struct {
	kind kind
	text string
	at   place
}

// number is JSON's grammar, since what is compared are JSON's numbers.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// value reads one value of the item or list of keywords that what names.
func (r *reader) value(n ast.Node, what string) (value, bool) {
	v := value{at: start(n)}
	switch n := n.(type) {
	case *ast.NullNode:
		return v, true
	case *ast.BoolNode:
		v.kind, v.text = kindBool, strconv.FormatBool(n.Value)
		return v, true
	case *ast.IntegerNode, *ast.FloatNode:
		v.kind, v.text = kindNumber, n.GetToken().Value
		if !number.MatchString(v.text) {
			// 012345678901 may be an account or, to YAML 1.1, octal.
			r.bad(v.at, "%s: %s can be read in more than one way: put it into quotes if it is text", what, v.text)
			return v, false
		}
		return v, true
	case *ast.StringNode, *ast.LiteralNode:
		v.kind = kindText
		v.text, _ = scalarText(n)
		return v, true
	}
	r.bad(v.at, "%s: want a value, this is %s", what, kindOf(n))
	return v, false
}

// start is where a node begins; a mapping's own token may be its first colon.
func start(n ast.Node) place {
	var t *token.Token
	switch n := n.(type) {
	case *ast.MappingValueNode:
		t = n.Key.GetToken()
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			t = n.Values[0].Key.GetToken()
		}
	}
	if t == nil {
		t = n.GetToken()
	}
	return placeOf(t)
}

// kindOf says in words what a node is. Anchors make one place of a file mean another, and tags are another type
// system: neither is in any rule that circulates.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias, which is not supported"
	case *ast.TagNode:
		return "a tag, which is not supported"
	}
	return "a " + n.Type().YAMLName()
}
