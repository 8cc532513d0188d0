package yamltree

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Entry is one pair of a mapping.
type Entry struct {
	Key   string
	At    Place // of the key
	Value ast.Node
}

// Mapping gives the pairs in the order of the file; a key that is no word or stands twice is told and left out. What
// names the mapping in messages.
func (f *File) Mapping(n ast.Node, what string) []Entry {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = append(pairs, n)
	default:
		f.Bad(Start(n), "%s: want keys and values, this is %s", what, f.Kind(n))
		return nil
	}
	first := map[string]Place{}
	var out []Entry
	for _, p := range pairs {
		at := placeOf(p.Key.GetToken())
		key, ok := Scalar(p.Key)
		if !ok {
			f.Bad(at, "%s: want a word, this is %s", what, f.Kind(p.Key))
			continue
		}
		if before, twice := first[key]; twice {
			f.Bad(at, "%s: %q stands twice, first in line %d", what, key, before.Line)
			continue
		}
		first[key] = at
		out = append(out, Entry{key, at, p.Value})
	}
	return out
}

// Scalar takes what YAML thinks is a number or a boolean as the text it is: a title may well be 1984, an option's value
// no.
func Scalar(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// Start is where a node begins; a mapping's own token may be its first colon.
func Start(n ast.Node) Place {
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

// Kind says in words what a node is. Anchors make one place of a file mean another, and tags are another type system: a
// glance must tell what is set.
func (f *File) Kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias, " + f.Not
	case *ast.TagNode:
		return "a tag, " + f.Not
	}
	return "a " + n.Type().YAMLName()
}
