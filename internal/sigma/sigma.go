// Package sigma reads Sigma rules for CloudTrail and matches records against them.
//
// Load turns YAML into rules, NewEngine rules into an Engine, Engine.Match a record into the rules that it
// meets, and State what was met into correlations. Whatever this package cannot honour is an error when a rule is
// loaded, with file, line and column: a part of a rule that is silently left out gives wrong verdicts for ever.
//
// # What a rule means here
//
// Where the specification leaves a choice to the backend, or CloudTrail's nested records go beyond it:
//
//   - A dotted field descends into objects and fans out over every array on its way, the last one included: the item
//     holds when one of the values that are reached meets it, and with the all modifier when each of the rule's values is met by
//     one of them. Names of fields are case-sensitive and have no dots of their own; of two members with one name the
//     first counts, as package event has it.
//   - null matches a field that is absent or null everywhere; exists is its opposite. An empty list or string is there.
//   - Text comparison is case-insensitive unless cased (re: unless i), by Unicode's simple folding. Strings, numbers
//     and booleans are compared as written; an object as its compact JSON in the record's order of keys, its strings
//     escaped only where JSON demands it. So '*' matches whatever is there and not null.
//   - Equality and order of numbers are exact and by value: 1 is 1.0. A number in the rule also equals a string that
//     spells it; one in quotes equals a number, and only itself as a string.
//   - A keyword is looked for inside every string, number and boolean of the record, names of fields excepted.
//   - neq is the negation of the whole item, so it holds where the field is absent.
//   - Placeholders are filled by Values when an Engine is made. Their values are Sigma strings: wildcards count.
//   - What a number cannot hold for certain (an exponent beyond a thousand million) is compared as text only.
//   - Rules of other log sources than product aws, service cloudtrail are refused, with Error.Foreign set.
//
// # What a correlation means here
//
// Each event is judged with its window, the timespan that ends with the event's own time, both ends included.
// event_count counts the events in it, value_count the values of a field, temporal the rules that were met, and
// temporal_ordered how many of the rules, from the first on, were met in their order; events of one time are in any
// order, since CloudTrail's times are whole seconds. Without a condition, temporal and temporal_ordered want all of
// their rules.
//
// The verdict is a function of the set of events, not of the order in which they come, so a late event changes what was
// said of its later neighbours. A group-by field that is absent counts as a value of its own; an event without the field
// of a value_count is not counted. A rule that a correlation of its own file counts is quiet unless generate is true;
// correlations of other files silence nothing.
package sigma

import "cairn.example/internal/yamltree"

// Logsource says which log a rule is for.
type Logsource struct {
	Product, Service, Category, Definition string
}

// Rule is one document of a Sigma file: a detection, or a correlation of others when Correlation is set.
type Rule struct {
	ID, Title, Name, Status, Level string
	Description, License, Author   string
	Date, Modified                 string // as written
	References, Tags               []string
	FalsePositives, Shown          []string // Shown is the key "fields": what an analyst wants to see
	Logsource                      Logsource
	Correlation                    *Correlation
	Custom                         map[string]any // the key "custom"; values are string, int64, float64, bool, nil, []any, map[string]any
	Extra                          map[string]any // keys that the specification does not know
	Warnings                       []string       // what a lint should tell
	File                           string
	Line                           int

	root *node
}

// String names the rule as messages do: its id, or its title.
func (r *Rule) String() string {
	if r.ID != "" {
		return r.ID
	}
	return r.Title
}

// Named tells whether a correlation may call the rule so.
func (r *Rule) Named(name string) bool { return name == r.ID || name == r.Name || name == r.Title }

// op is what a node does with its kids.
type op uint8

const (
	opAnd op = iota
	opOr
	opNot
	opAtLeast
	opItem
)

// node is a detection's condition with its selections put in.
type node struct {
	op   op
	kids []*node
	n    int // of opAtLeast
	item *item
}

// item is one line of a selection: a field, how to compare, and with what.
type item struct {
	field  string // empty: a keyword
	how    modifiers
	values []value
	at     yamltree.Place
}

// each calls f for every item below n.
func (n *node) each(f func(*item)) {
	if n.item != nil {
		f(n.item)
	}
	for _, k := range n.kids {
		k.each(f)
	}
}
