package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNesting bounds the parentheses and negations of a condition; the parser recurses.
const maxNesting = 64

// cond is a condition as written: names are not resolved yet.
type cond struct {
	op   op // opItem: name; opAtLeast: n of name, n 0 meaning all
	kids []*cond
	name string
	n    int
}

// String prints the condition so that it parses to the same tree.
func (c *cond) String() string {
	switch c.op {
	case opItem:
		return c.name
	case opAtLeast:
		if c.n == 0 {
			return "all of " + c.name
		}
		return strconv.Itoa(c.n) + " of " + c.name
	case opNot:
		return "not " + c.kids[0].inner(opNot)
	case opAnd, opOr:
	}
	word := map[op]string{opAnd: " and ", opOr: " or "}[c.op]
	parts := make([]string, len(c.kids))
	for i, k := range c.kids {
		parts[i] = k.inner(c.op)
	}
	return strings.Join(parts, word)
}

// inner puts parentheses where the parser would otherwise see another tree.
func (c *cond) inner(outside op) string {
	if c.op == opItem || c.op == opAtLeast || c.op == opNot || c.op == opAnd && outside == opOr {
		return c.String()
	}
	return "(" + c.String() + ")"
}

// condParser is a recursive descent over words; or binds least, then and, then not.
type condParser struct {
	words []string
	depth int
}

// parseCondition reads the specification's grammar; its words are taken in either case, as older rules write them.
func parseCondition(text string) (*cond, error) {
	if strings.Contains(text, "|") {
		return nil, fmt.Errorf("aggregations (count, near, ...) are not supported: write a correlation")
	}
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	p := &condParser{words: strings.Fields(text)}
	if len(p.words) == 0 {
		return nil, fmt.Errorf("empty")
	}
	c, err := p.list(opOr)
	if err != nil {
		return nil, err
	}
	if len(p.words) > 0 {
		return nil, fmt.Errorf("%q where an operator or the end was expected", p.words[0])
	}
	return c, nil
}

// peek is the next word, folded where it is a word of the grammar.
func (p *condParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	switch low := strings.ToLower(p.words[0]); low {
	case "and", "or", "not", "of", "all", "any", "them":
		return low
	}
	return p.words[0]
}

func (p *condParser) next() string {
	w := p.peek()
	if len(p.words) > 0 {
		p.words = p.words[1:]
	}
	return w
}

// list is a chain of one operator, its operands bound by the next tighter one.
func (p *condParser) list(o op) (*cond, error) {
	word, below := "or", func() (*cond, error) { return p.list(opAnd) }
	if o == opAnd {
		word, below = "and", p.unary
	}
	var kids []*cond
	for {
		k, err := below()
		if err != nil {
			return nil, err
		}
		kids = append(kids, k)
		if p.peek() != word {
			break
		}
		p.next()
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	return &cond{op: o, kids: kids}, nil
}

func (p *condParser) unary() (*cond, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d levels", maxNesting)
	}
	defer func() { p.depth-- }()
	switch w := p.next(); w {
	case "not":
		k, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &cond{op: opNot, kids: []*cond{k}}, nil
	case "(":
		k, err := p.list(opOr)
		if err != nil {
			return nil, err
		}
		if p.next() != ")" {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		return k, nil
	case "", ")", "and", "or", "of", "them":
		if w == "" {
			w = "the end"
		}
		return nil, fmt.Errorf("%s where a selection was expected", w)
	default:
		return p.quantified(w)
	}
}

// quantified is a name, or "N of pattern".
func (p *condParser) quantified(first string) (*cond, error) {
	if p.peek() != "of" {
		if strings.ContainsAny(first, "*") {
			return nil, fmt.Errorf("%s: a pattern needs 1 of or all of", first)
		}
		return &cond{op: opItem, name: first}, nil
	}
	p.next()
	n := 1
	switch first {
	case "all":
		n = 0
	case "any":
	default:
		var err error
		if n, err = strconv.Atoi(first); err != nil || n < 1 {
			return nil, fmt.Errorf("%s of: want a number from 1, any or all", first)
		}
	}
	name := p.next()
	switch name {
	case "", "(", ")", "and", "or", "not", "of", "all", "any":
		return nil, fmt.Errorf("%s of: want a name, a pattern or them", first)
	}
	return &cond{op: opAtLeast, n: n, name: name}, nil
}

// resolve puts the selections in the place of their names, and marks the ones used.
func (c *cond) resolve(names []string, selections map[string]*node, used map[string]bool) (*node, error) {
	if c.op == opItem {
		n, ok := selections[c.name]
		if !ok {
			return nil, fmt.Errorf("there is no selection %q, only %s", c.name, strings.Join(names, ", "))
		}
		used[c.name] = true
		return n, nil
	}
	out := &node{op: c.op, n: c.n}
	for _, k := range c.kids {
		kid, err := k.resolve(names, selections, used)
		if err != nil {
			return nil, err
		}
		out.kids = append(out.kids, kid)
	}
	if c.op != opAtLeast {
		return out, nil
	}
	for _, name := range names {
		if selects(c.name, name) {
			used[name] = true
			out.kids = append(out.kids, selections[name])
		}
	}
	switch {
	case len(out.kids) == 0:
		return nil, fmt.Errorf("no selection is named like %s, only %s", c.name, strings.Join(names, ", "))
	case c.n > len(out.kids):
		return nil, fmt.Errorf("%d of %s can never hold: there are %d", c.n, c.name, len(out.kids))
	case c.n == 0 || c.n == len(out.kids):
		return join(opAnd, out.kids), nil
	case c.n == 1:
		return join(opOr, out.kids), nil
	}
	return out, nil
}

// selects tells whether a pattern means a selection. One that starts with an underscore is meant only by a pattern
// that does so too.
func selects(pattern, name string) bool {
	if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
		return false
	}
	if pattern == "them" {
		return true
	}
	g := make(glob, 0, len(pattern))
	for _, r := range pattern {
		if r == '*' {
			r = anyRun
		}
		g = append(g, r)
	}
	return g.match([]byte(name), true)
}

// fieldsOf is the sorted set of fields below n, and whether the whole record is looked at.
func fieldsOf(n *node) (paths []string, whole bool) {
	n.each(func(it *item) {
		if it.field == "" {
			whole = true
			return
		}
		paths = append(paths, it.field)
		if it.how.fieldref {
			for _, v := range it.values {
				paths = append(paths, v.text)
			}
		}
	})
	slices.Sort(paths)
	return slices.Compact(paths), whole
}
