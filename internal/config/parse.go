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
			r.bad(e.at, "unknown key %q%s", e.key, suggest(e.key, known))
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
	if !slices.Contains(rule.Presets, name) {
		r.bad(start(n), "preset: %q is none: want %s%s", name, either(rule.Presets), suggest(name, rule.Presets))
		return
	}
	r.config.Preset = name
}

func (r *reader) rules(n ast.Node) {
	for _, e := range r.mapping(n, "rules") {
		found, err := findRule(r.config.registry, e.key)
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
			r.bad(e.at, "regions: unknown key %q%s", e.key, suggest(e.key, []string{"acceptUnread"}))
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

func findRule(rules rule.Registry, name string) (*rule.Rule, error) {
	if r := rules.Find(name); r != nil {
		return r, nil
	}
	var known []string
	for _, r := range rules {
		known = append(append(known, r.ID), r.Aliases...)
	}
	hint := suggest(name, known)
	if hint == "" {
		hint = "; cairn rules lists them"
	}
	return nil, fmt.Errorf("no rule %q%s", name, hint)
}

func checkKey(r *rule.Rule, key string) error {
	known := []string{severityKey}
	for _, o := range r.Options {
		known = append(known, o.Name)
	}
	if slices.Contains(known, key) {
		return nil
	}
	return fmt.Errorf("%s has no option %q: want %s%s", r.ID, key, either(known), suggest(key, known))
}

func checkValue(r *rule.Rule, option, value string) error {
	i := slices.IndexFunc(r.Options, func(o rule.Option) bool { return o.Name == option })
	values := r.Options[i].Values
	if slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("%q is not one of its values: want %s%s", value, either(values), suggest(value, values))
}

// either lists choices: a, b or c.
func either(choices []string) string {
	last := len(choices) - 1
	if last <= 0 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
