package sigma

import (
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/yamltree"
)

// text is a scalar as it was written.
func (r *reader) text(e yamltree.Entry) string {
	s, ok := scalarText(e.Value)
	if !ok && e.Value.Type() != ast.NullType {
		r.bad(yamltree.Start(e.Value), "%s: want text, this is %s", e.Key, r.Kind(e.Value))
	}
	return s
}

// texts is a list of scalars; one alone is a list of one.
func (r *reader) texts(e yamltree.Entry) []string {
	nodes := []ast.Node{e.Value}
	switch n := e.Value.(type) {
	case *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		nodes = n.Values
	}
	var out []string
	for _, n := range nodes {
		s, ok := scalarText(n)
		if !ok {
			r.bad(yamltree.Start(n), "%s: want text, this is %s", e.Key, r.Kind(n))
			continue
		}
		out = append(out, s)
	}
	return out
}

// scalarText is a scalar as it was written, in one line or a block of them.
func scalarText(n ast.Node) (string, bool) {
	if block, ok := n.(*ast.LiteralNode); ok {
		return block.Value.Value, true
	}
	return yamltree.Scalar(n)
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
		for _, e := range r.Mapping(n, what) {
			out[e.Key] = r.plain(e.Value, what+"."+e.Key)
		}
		return out
	}
	r.bad(yamltree.Start(n), "%s: want plain values, this is %s", what, r.Kind(n))
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
	at   yamltree.Place
}

// number is JSON's grammar, since what is compared are JSON's numbers.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// value reads one value of the item or list of keywords that what names.
func (r *reader) value(n ast.Node, what string) (value, bool) {
	v := value{at: yamltree.Start(n)}
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
	r.bad(v.at, "%s: want a value, this is %s", what, r.Kind(n))
	return v, false
}
