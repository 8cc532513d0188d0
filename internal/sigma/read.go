package sigma

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cairn.example/internal/yamltree"
)

// Both are far more than any rule in circulation has.
const (
	maxSize  = 1 << 20
	maxDepth = 32
)

// Error is one thing that is wrong with a rule, and where.
type Error struct {
	File         string
	Line, Column int    // 0: the whole file
	Rule         string // id or title, where they could be read
	Message      string
	Foreign      bool // the rule is for another log source
}

// Error gives file:line:column, the rule and the message.
func (e *Error) Error() string {
	where := e.place().In(e.File)
	if e.Rule != "" {
		where += ": " + e.Rule
	}
	return where + ": " + e.Message
}

func (e *Error) place() yamltree.Place { return yamltree.Place{Line: e.Line, Column: e.Column} }

// Errors is all that is wrong, in the order of the file.
type Errors []*Error

// Error gives one line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Foreign tells whether nothing is wrong but that the rules are for other log sources.
func (e Errors) Foreign() bool {
	return !slices.ContainsFunc(e, func(one *Error) bool { return !one.Foreign })
}

// reader walks one file and gathers what is wrong.
type reader struct {
	yamltree.File
	name string
	rule string // of the document being read
	errs Errors
}

// Load reads a file of one or more YAML documents, each a rule or a correlation; name stands before each line of
// the error, which is an Errors. A file with any mistake gives no rule.
func Load(name string, data []byte) ([]*Rule, error) {
	r := &reader{name: name}
	r.File = yamltree.File{Is: "file of rules", MaxSize: maxSize, MaxDepth: maxDepth, Not: "which is not supported", Bad: r.bad}
	var rules []*Rule
	if utf8.Valid(data) {
		for _, body := range r.Documents(data) {
			rules = append(rules, r.document(body))
		}
	} else {
		r.bad(yamltree.Place{}, "is no UTF-8")
	}
	if len(rules) == 0 && len(r.errs) == 0 {
		r.bad(yamltree.Place{}, "holds no rule")
	}
	if len(r.errs) > 0 {
		slices.SortStableFunc(r.errs, func(a, b *Error) int { return a.place().Compare(b.place()) })
		return nil, r.errs
	}
	return rules, nil
}

// bad notes a mistake and lets the reading go on: an author mends them all in one go.
func (r *reader) bad(at yamltree.Place, format string, args ...any) {
	r.errs = append(r.errs, &Error{
		File: r.name, Line: at.Line, Column: at.Column, Rule: r.rule, Message: fmt.Sprintf(format, args...),
	})
}
