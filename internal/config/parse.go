package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"cairn.example/internal/rule"
)

// severityKey stands among a rule's options, so no option may take its name.
const severityKey = "severity"

// section is a top-level key and what reads it.
type section struct {
	key  string
	read func(*reader, ast.Node)
}

var sections = []section{
	{"preset", (*reader).preset},
	{"rules", (*reader).rules},
	{"regions", (*reader).regions},
}

var regionShape = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]{2,})+-[0-9]{1,2}$`)

// reader walks the document, fills the configuration and gathers what is wrong.
type reader struct {
	name   string
	config *Config
	errs   []mistake
}

// mistake is an error with its place, so that all can be told in the order of the file.
type mistake struct {
	line, column int
	err          error
}

// Parse reads cairn.yaml; name stands before each line and column. The errors are all there are, or the first
// one of syntax.
func Parse(name string, data []byte, rules rule.Registry) (*Config, error) {
	r := &reader{name: name, config: Default(rules)}
	if body := r.document(data); body != nil {
		r.sections(body)
	}
	if len(r.errs) > 0 {
		return nil, r.all()
	}
	return r.config, nil
}

// document is the only document's body, or nil for an empty file or one that is no YAML.
func (r *reader) document(data []byte) ast.Node {
	if len(data) > maxSize {
		r.bad(nil, "larger than %d KiB, which no file of settings is", maxSize>>10)
		return nil
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if deep := tooDeep(tokens); deep != nil {
		r.bad(deep, "nested deeper than %d levels", maxDepth)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			r.bad(start(doc.Body), "a second document: want one")
		}
		if body == nil {
			body = doc.Body
		}
	}
	return body
}

func (r *reader) syntax(err error) {
	e, ok := errors.AsType[*yaml.SyntaxError](err)
	switch {
	case !ok || e.Token == nil:
		r.bad(nil, "%w", err)
	case strings.HasPrefix(strings.TrimLeft(e.Token.Origin, " \n"), "\t"):
		r.bad(e.Token, "a tab: YAML is indented with spaces")
	default:
		r.bad(e.Token, "%s", e.Message)
	}
}

func (r *reader) bad(at *token.Token, format string, args ...any) {
	where, m := r.name, mistake{}
	if at != nil && at.Position != nil {
		m.line, m.column = at.Position.Line, at.Position.Column
		where = fmt.Sprintf("%s:%d:%d", r.name, m.line, m.column)
	}
	m.err = fmt.Errorf("%s: "+format, append([]any{where}, args...)...)
	r.errs = append(r.errs, m)
}

// all joins the mistakes in the order of the file.
func (r *reader) all() error {
	slices.SortStableFunc(r.errs, func(a, b mistake) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var errs []error
	for _, m := range r.errs {
		errs = append(errs, m.err)
	}
	return errors.Join(errs...)
}

func (r *reader) sections(body ast.Node) {
	var known []string
	for _, s := range sections {
		known = append(known, s.key)
	}
	for _, e := range r.mapping(body, "the file") {
		i := slices.IndexFunc(sections, func(s section) bool { return s.key == e.key })
		if i < 0 {
			r.bad(e.at, "unknown key %q%s", e.key, rule.Suggest(e.key, known))
			continue
		}
		if e.value.Type() != ast.NullType {
			sections[i].read(r, e.value)
		}
	}
}

func (r *reader) preset(n ast.Node) {
	name, ok := r.text(n, "preset")
	if !ok {
		return
	}
	if err := r.config.SetPreset(name); err != nil {
		r.bad(start(n), "%w", err)
	}
}

func (r *reader) rules(n ast.Node) {
	for _, e := range r.mapping(n, "rules") {
		found, err := r.config.registry.Lookup(e.key)
		if err != nil {
			r.bad(e.at, "rules: %w", err)
			continue
		}
		if _, twice := r.config.Rules[found.ID]; twice {
			r.bad(e.at, "rules: %s is set twice, here as %s", found.ID, e.key)
			continue
		}
		r.config.Rules[found.ID] = r.rule(found, e)
	}
}

func (r *reader) rule(of *rule.Rule, e entry) Rule {
	var chosen Rule
	if e.value.Type() == ast.NullType {
		return chosen
	}
	for _, o := range r.mapping(e.value, "rules."+e.key) {
		where := "rules." + e.key + "." + o.key
		if err := checkKey(of, o.key); err != nil {
			r.bad(o.at, "rules.%s: %w", e.key, err)
			continue
		}
		value, ok := r.text(o.value, where)
		if !ok {
			continue
		}
		if err := chosen.set(of, o.key, value); err != nil {
			r.bad(start(o.value), "%s: %w", where, err)
		}
	}
	return chosen
}

func (r *reader) regions(n ast.Node) {
	for _, e := range r.mapping(n, "regions") {
		if e.key != "acceptUnread" {
			r.bad(e.at, "regions: unknown key %q%s", e.key, rule.Suggest(e.key, []string{"acceptUnread"}))
			continue
		}
		for _, item := range r.list(e.value, "regions.acceptUnread") {
			r.region(item)
		}
	}
}

func (r *reader) region(n ast.Node) {
	const where = "regions.acceptUnread"
	name, ok := r.text(n, where)
	switch {
	case !ok:
	case !regionShape.MatchString(name):
		r.bad(start(n), "%s: %q is not shaped like a Region, such as eu-south-2", where, name)
	case slices.Contains(r.config.AcceptUnread, name):
		r.bad(start(n), "%s: %s stands twice", where, name)
	default:
		r.config.AcceptUnread = append(r.config.AcceptUnread, name)
	}
}
