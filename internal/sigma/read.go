package sigma

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize is far more than the longest file of rules in circulation.
const maxSize = 1 << 20

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
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	}
	if e.Rule != "" {
		where += ": " + e.Rule
	}
	return where + ": " + e.Message
}

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

// place is a position in a file.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

// reader walks one file and gathers what is wrong.
type reader struct {
	name string
	rule string // of the document being read
	errs Errors
}

// Load reads a file of one or more YAML documents, each a rule or a correlation; name stands before each line of
// the error, which is an Errors. A file with any mistake gives no rule.
func Load(name string, data []byte) ([]*Rule, error) {
	r := &reader{name: name}
	var rules []*Rule
	for _, body := range r.documents(data) {
		rules = append(rules, r.document(body))
	}
	if len(rules) == 0 && len(r.errs) == 0 {
		r.bad(place{}, "holds no rule")
	}
	if len(r.errs) > 0 {
		slices.SortStableFunc(r.errs, func(a, b *Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, r.errs
	}
	return rules, nil
}

// documents are the bodies of the file's documents; empty ones, which editors leave behind a last ---, are none.
func (r *reader) documents(data []byte) []ast.Node {
	if len(data) > maxSize {
		r.bad(place{}, "larger than %d KiB, which no file of rules is", maxSize>>10)
		return nil
	}
	if !utf8.Valid(data) {
		r.bad(place{}, "is no UTF-8")
		return nil
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if deep := tooDeep(tokens); deep != nil {
		r.bad(placeOf(deep), "nested deeper than %d levels", maxDepth)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var out []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			out = append(out, doc.Body)
		}
	}
	return out
}

func (r *reader) syntax(err error) {
	e, ok := errors.AsType[*yaml.SyntaxError](err)
	if !ok {
		r.bad(place{}, "%v", err)
		return
	}
	r.bad(placeOf(e.Token), "%s", e.Message)
}

// bad notes a mistake and lets the reading go on: an author mends them all in one go.
func (r *reader) bad(at place, format string, args ...any) {
	r.errs = append(r.errs, &Error{
		File: r.name, Line: at.line, Column: at.column, Rule: r.rule, Message: fmt.Sprintf(format, args...),
	})
}

// maxDepth is far more than a rule needs. The YAML parser recurses without a limit of its own, and a Go stack
// that overflows cannot be caught.
const maxDepth = 32

// tooDeep is the token at which a file is nested too deeply, or nil. It errs to the strict side: what opens a level
// on one line counts, whether or not the levels are really inside each other.
func tooDeep(tokens token.Tokens) *token.Token {
	flow, openers, line := 0, 0, 0
	for _, t := range tokens {
		first := t.Position.Line != line
		if first {
			line, openers = t.Position.Line, 0
		}
		switch t.Type { //nolint:exhaustive // the other kinds open nothing
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			openers++
		}
		if flow > maxDepth || openers > maxDepth || first && t.Type != token.CommentType && t.Position.Column > 8*maxDepth {
			return t
		}
	}
	return nil
}
