package sigma

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/yamltree"
)

// reserved are keys of a detection that name no selection.
const (
	keyCondition = "condition"
	keyTimeframe = "timeframe"
)

// detection reads the selections, then the condition that joins them.
func (r *reader) detection(e yamltree.Entry) (*node, []string) {
	selections := map[string]*node{}
	var names []string
	var condition *yamltree.Entry
	for _, s := range r.Mapping(e.Value, "detection") {
		switch s.Key {
		case keyCondition:
			condition = &s
		case keyTimeframe:
			r.bad(s.At, "timeframe is of the old aggregations, which are not supported: write a correlation")
		default:
			selections[s.Key] = r.selection(s)
			names = append(names, s.Key)
		}
	}
	slices.Sort(names)
	if condition == nil {
		r.bad(e.At, "detection: no condition")
		return nil, nil
	}
	before := len(r.errs)
	root, used := r.conditions(*condition, names, selections)
	if root == nil || len(r.errs) > before {
		return nil, nil
	}
	var warnings []string
	for _, n := range names {
		if !used[n] && !strings.HasPrefix(n, "_") {
			warnings = append(warnings, "the condition does not use "+n)
		}
	}
	return root, warnings
}

// conditions reads the condition; a list of them is linked with or.
func (r *reader) conditions(e yamltree.Entry, names []string, selections map[string]*node) (*node, map[string]bool) {
	used := map[string]bool{}
	nodes := []ast.Node{e.Value}
	if list, ok := e.Value.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	var kids []*node
	for _, n := range nodes {
		text, ok := scalarText(n)
		if !ok {
			r.bad(yamltree.Start(n), "condition: want text, this is %s", r.Kind(n))
			continue
		}
		c, err := parseCondition(text)
		if err != nil {
			r.bad(yamltree.Start(n), "condition: %v", err)
			continue
		}
		kid, err := c.resolve(names, selections, used)
		if err != nil {
			r.bad(yamltree.Start(n), "condition: %v", err)
			continue
		}
		kids = append(kids, kid)
	}
	if len(kids) == 0 {
		if len(nodes) == 0 {
			r.bad(e.At, "condition: an empty list")
		}
		return nil, used
	}
	return join(opOr, kids), used
}

// join spares a level where there is nothing to join.
func join(o op, kids []*node) *node {
	if len(kids) == 1 {
		return kids[0]
	}
	return &node{op: o, kids: kids}
}

// selection is a mapping of fields, a list of such mappings, or keywords. It is never nil, so that what is wrong
// in it is not told again of the condition.
func (r *reader) selection(e yamltree.Entry) *node {
	nodes := []ast.Node{e.Value}
	if list, ok := e.Value.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	var kids []*node
	keywords := &item{at: yamltree.Start(e.Value), how: modifiers{compare: hasInside}}
	for _, n := range nodes {
		switch n.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			if k := r.fields(n, e.Key); k != nil {
				kids = append(kids, k)
			}
			continue
		}
		v, ok := r.value(n, e.Key)
		if ok && v.kind == kindNull {
			r.bad(v.at, "%s: null is no keyword", e.Key)
		} else if ok {
			keywords.values = append(keywords.values, v)
		}
	}
	if len(keywords.values) > 0 {
		kids = append(kids, &node{op: opItem, item: keywords})
	}
	if len(kids) == 0 {
		if len(nodes) == 0 {
			r.bad(e.At, "%s: an empty list matches nothing", e.Key)
		}
		return &node{op: opOr}
	}
	return join(opOr, kids)
}

// fields is one mapping of a selection. neq becomes a negation here, so that nothing behind needs to know of it.
func (r *reader) fields(n ast.Node, selection string) *node {
	entries := r.Mapping(n, selection)
	if len(entries) == 0 {
		r.bad(yamltree.Start(n), "%s: an empty mapping matches nothing", selection)
		return nil
	}
	var kids []*node
	for _, e := range entries {
		if it := r.item(e); it != nil {
			kid := &node{op: opItem, item: it}
			if it.how.neq {
				kid = &node{op: opNot, kids: []*node{kid}}
			}
			kids = append(kids, kid)
		}
	}
	if len(kids) == 0 {
		return nil
	}
	return join(opAnd, kids)
}

// item is one field of a selection with its modifiers and values; nil when they cannot go together.
func (r *reader) item(e yamltree.Entry) *item {
	parts := strings.Split(e.Key, "|")
	how, err := parseModifiers(parts[1:])
	if err != nil {
		r.bad(e.At, "%s: %v", e.Key, err)
		return nil
	}
	it := &item{field: parts[0], how: how, at: e.At}
	if it.field == "" && !r.keyword(it, e.Key) {
		return nil
	}
	if it.field != "" && slices.Contains(strings.Split(it.field, "."), "") {
		r.bad(e.At, "%s: a part of the field's name is empty", e.Key)
		return nil
	}
	nodes := []ast.Node{e.Value}
	if list, ok := e.Value.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	if len(nodes) == 0 {
		r.bad(e.At, "%s: an empty list matches nothing", e.Key)
	}
	for _, n := range nodes {
		v, ok := r.value(n, e.Key)
		if !ok {
			continue
		}
		if err := how.accepts(v); err != nil {
			r.bad(v.at, "%s: %v", e.Key, err)
			continue
		}
		it.values = append(it.values, v)
	}
	r.whole(it, e)
	return it
}

// keyword makes an item without a field one that looks inside values.
func (r *reader) keyword(it *item, key string) bool {
	if it.how.fieldref || it.how.neq || !it.how.compare.textual() && it.how.compare != isRegexp {
		r.bad(it.at, "%s: this modifier needs a field", key)
		return false
	}
	if it.how.compare == isEqual {
		it.how.compare = hasInside
	}
	return true
}

// whole checks what only all values together can show.
func (r *reader) whole(it *item, e yamltree.Entry) {
	if it.how.compare == isThere && len(it.values) > 1 {
		r.bad(it.at, "%s: want true or false, this is a list", e.Key)
	}
	if !it.how.expand || len(it.values) == 0 {
		return
	}
	if !slices.ContainsFunc(it.values, func(v value) bool { return v.kind == kindText && len(placeholders(v.text)) > 0 }) {
		r.bad(it.at, "%s: no %%placeholder%% to expand", e.Key)
	}
}
