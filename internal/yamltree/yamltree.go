// Package yamltree reads YAML that people write: whole documents as trees whose every node has its place, so that all
// mistakes of a file can be told at once, each with line and column. What is no tree (anchors, aliases, merge keys) and
// tags are told as mistakes where a value is wanted.
package yamltree

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// File is one kind of file.
type File struct {
	Is       string // what it is: "file of settings"
	MaxSize  int    // in bytes
	MaxDepth int    // levels of nesting
	Not      string // what is said of anchors and tags: "which cairn.yaml does not use"
	// Bad is told each mistake. The reading goes on: an author mends them all in one go.
	Bad func(at Place, format string, args ...any)
}

// Place is a position in a file, counted from 1; the zero Place is the whole file.
type Place struct{ Line, Column int }

// Compare orders places as the file has them.
func (p Place) Compare(other Place) int {
	return cmp.Or(cmp.Compare(p.Line, other.Line), cmp.Compare(p.Column, other.Column))
}

// In is name:line:column, which editors know, or the name alone for the whole file.
func (p Place) In(name string) string {
	if p.Line == 0 {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, p.Line, p.Column)
}

func placeOf(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{}
	}
	return Place{t.Position.Line, t.Position.Column}
}

// Documents are the bodies of the file's documents; empty ones, which editors leave behind a last ---, are none.
func (f *File) Documents(data []byte) []ast.Node {
	if len(data) > f.MaxSize {
		f.Bad(Place{}, "larger than %d KiB, which no %s is", f.MaxSize>>10, f.Is)
		return nil
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if deep := tooDeep(tokens, f.MaxDepth); deep != nil {
		f.Bad(placeOf(deep), "nested deeper than %d levels", f.MaxDepth)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		f.syntax(err, data)
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

func (f *File) syntax(err error, data []byte) {
	e, ok := errors.AsType[*yaml.SyntaxError](err)
	switch {
	case !ok || e.Token == nil:
		f.Bad(Place{}, "%v", err)
	case strings.HasPrefix(strings.TrimLeft(e.Token.Origin, " \n"), "\t"), strings.Contains(e.Message, "'\t'"):
		f.Bad(tabOf(placeOf(e.Token), data), "a tab: YAML is indented with spaces")
	default:
		f.Bad(placeOf(e.Token), "%s", e.Message)
	}
}

// tabOf is where the first tab of a line stands: the parser's place is that of what it indents, or behind.
func tabOf(at Place, data []byte) Place {
	lines := bytes.Split(bytes.TrimPrefix(data, []byte("\ufeff")), []byte{'\n'})
	if at.Line < 1 || at.Line > len(lines) {
		return at
	}
	if before, _, ok := bytes.Cut(lines[at.Line-1], []byte{'\t'}); ok {
		at.Column = utf8.RuneCount(before) + 1
	}
	return at
}

// tooDeep is the token at which a file is nested too deeply, or nil: the YAML parser recurses without a limit of its
// own, and a Go stack that overflows cannot be caught. It errs to the strict side: what opens a level on one line
// counts, whether or not the levels are really inside each other, and eight columns of indentation are a level.
func tooDeep(tokens token.Tokens, most int) *token.Token {
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
		if flow > most || openers > most || first && t.Type != token.CommentType && t.Position.Column > 8*most {
			return t
		}
	}
	return nil
}
