package config

import (
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// entry is one pair of a mapping.
type entry struct {
	key   string
	at    *token.Token
	value ast.Node
}

// mapping gives the pairs in the order of the file; a repeated key is reported and left out.
func (r *reader) mapping(n ast.Node, where string) []entry {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = append(pairs, n)
	default:
		r.bad(start(n), "%s: want keys and values, this is %s", where, kind(n))
		return nil
	}
	var out []entry
	for _, p := range pairs {
		key, ok := r.text(p.Key, where)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(out, func(e entry) bool { return e.key == key }); i >= 0 {
			r.bad(p.Key.GetToken(), "%s: %q stands twice, first in line %d", where, key, out[i].at.Position.Line)
			continue
		}
		out = append(out, entry{key, p.Key.GetToken(), p.Value})
	}
	return out
}

func (r *reader) list(n ast.Node, where string) []ast.Node {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return n.Values
	case *ast.NullNode:
		return nil
	}
	r.bad(start(n), "%s: want a list such as [eu-south-2], this is %s", where, kind(n))
	return nil
}

// text is a scalar as it was written: a rule's option may well have the value no or 1.
func (r *reader) text(n ast.Node, where string) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	r.bad(start(n), "%s: want a word, this is %s", where, kind(n))
	return "", false
}

// start is where a node begins; a mapping's own token may be its first colon.
func start(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	}
	return n.GetToken()
}

// kind says in words what a node is. What makes one place of a file mean another is not read at all: a glance
// must tell what is set.
func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias, which cairn.yaml does not use"
	case *ast.TagNode:
		return "a tag, which cairn.yaml does not use"
	}
	return "a " + n.Type().YAMLName()
}
