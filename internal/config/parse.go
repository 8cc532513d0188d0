package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/rule"
	"cairn.example/internal/yamltree"
)

// maxDepth is far more than the settings need.
const maxDepth = 16

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
	{"watch", (*reader).watch},
	{"notify", (*reader).notify},
	{"exceptions", (*reader).exceptionsFile},
}

var regionShape = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]{2,})+-[0-9]{1,2}$`)

// reader walks the document, fills the configuration and gathers what is wrong.
type reader struct {
	yamltree.File
	name   string
	known  Known
	config *Config
	setUp  map[string]yamltree.Place // the channels, rightly or not
	errs   []mistake
}

// mistake is an error with its place, so that all can be told in the order of the file.
type mistake struct {
	at  yamltree.Place
	err error
}

// Parse reads cairn.yaml; name stands before each line and column, and its folder is where paths in the file begin. The
// errors are all there are, or the first one of syntax.
func Parse(name string, data []byte, known Known) (*Config, error) {
	r := newReader(name, "file of settings", "which cairn.yaml does not use", known)
	r.config = Default(known)
	r.config.dir = filepath.Dir(name)
	if body := r.document(data); body != nil {
		r.sections(body)
	}
	if len(r.errs) > 0 {
		return nil, r.all()
	}
	return r.config, nil
}

func newReader(name, is, not string, known Known) *reader {
	r := &reader{name: name, known: known, setUp: map[string]yamltree.Place{}}
	r.File = yamltree.File{Is: is, MaxSize: maxSize, MaxDepth: maxDepth, Not: not, Bad: r.bad}
	return r
}

// document is the only document's body, or nil for an empty file or one that is no YAML.
func (r *reader) document(data []byte) ast.Node {
	docs := r.Documents(data)
	if len(docs) == 0 {
		return nil
	}
	for _, another := range docs[1:] {
		r.bad(yamltree.Start(another), "a second document: want one")
	}
	return docs[0]
}

func (r *reader) bad(at yamltree.Place, format string, args ...any) {
	err := fmt.Errorf("%s: "+format, append([]any{at.In(r.name)}, args...)...)
	r.errs = append(r.errs, mistake{at, err})
}

// all joins the mistakes in the order of the file.
func (r *reader) all() error {
	slices.SortStableFunc(r.errs, func(a, b mistake) int { return a.at.Compare(b.at) })
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
	for _, e := range r.Mapping(body, "the file") {
		i := slices.IndexFunc(sections, func(s section) bool { return s.key == e.Key })
		if i < 0 {
			r.bad(e.At, "unknown key %q%s", e.Key, rule.Suggest(e.Key, known))
			continue
		}
		if e.Value.Type() != ast.NullType {
			sections[i].read(r, e.Value)
		}
	}
}

func (r *reader) preset(n ast.Node) {
	name, ok := r.text(n, "preset")
	if !ok {
		return
	}
	if err := r.config.SetPreset(name); err != nil {
		r.bad(yamltree.Start(n), "%w", err)
	}
}

func (r *reader) rules(n ast.Node) {
	for _, e := range r.Mapping(n, "rules") {
		found, err := r.known.Rules.Lookup(e.Key)
		if err != nil {
			r.bad(e.At, "rules: %w", err)
			continue
		}
		if _, twice := r.config.Rules[found.ID]; twice {
			r.bad(e.At, "rules: %s is set twice, here as %s", found.ID, e.Key)
			continue
		}
		r.config.Rules[found.ID] = r.rule(found, e)
	}
}

func (r *reader) rule(of *rule.Rule, e yamltree.Entry) Rule {
	var chosen Rule
	if e.Value.Type() == ast.NullType {
		return chosen
	}
	for _, o := range r.Mapping(e.Value, "rules."+e.Key) {
		where := "rules." + e.Key + "." + o.Key
		if err := checkKey(of, o.Key); err != nil {
			r.bad(o.At, "rules.%s: %w", e.Key, err)
			continue
		}
		value, ok := r.text(o.Value, where)
		if !ok {
			continue
		}
		if err := chosen.set(of, o.Key, value); err != nil {
			r.bad(yamltree.Start(o.Value), "%s: %w", where, err)
		}
	}
	return chosen
}

func (r *reader) regions(n ast.Node) {
	for _, e := range r.Mapping(n, "regions") {
		if e.Key != "acceptUnread" {
			r.bad(e.At, "regions: unknown key %q%s", e.Key, rule.Suggest(e.Key, []string{"acceptUnread"}))
			continue
		}
		for _, item := range r.list(e.Value, "regions.acceptUnread", "[eu-south-2]") {
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
		r.bad(yamltree.Start(n), "%s: %q is not shaped like a Region, such as eu-south-2", where, name)
	case slices.Contains(r.config.AcceptUnread, name):
		r.bad(yamltree.Start(n), "%s: %s stands twice", where, name)
	default:
		r.config.AcceptUnread = append(r.config.AcceptUnread, name)
	}
}

// placeholderShape is what Sigma allows between two percent signs.
var placeholderShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

func (r *reader) watch(n ast.Node) {
	for _, e := range r.Mapping(n, "watch") {
		if e.Key != "values" {
			r.bad(e.At, "watch: unknown key %q%s", e.Key, rule.Suggest(e.Key, []string{"values"}))
			continue
		}
		for _, v := range r.Mapping(e.Value, "watch.values") {
			r.value(v)
		}
	}
}

func (r *reader) value(v yamltree.Entry) {
	where := "watch.values." + v.Key
	if !placeholderShape.MatchString(v.Key) {
		r.bad(v.At, "watch.values: %q is no name of a placeholder: letters, digits and _", v.Key)
		return
	}
	if r.config.Watch == nil {
		r.config.Watch = map[string][]string{}
	}
	for _, item := range r.list(v.Value, where, "[trail-changes]") {
		switch text, ok := r.text(item, where); {
		case !ok:
		case text == "":
			r.bad(yamltree.Start(item), "%s: an empty value names nothing", where)
		default:
			r.config.Watch[v.Key] = append(r.config.Watch[v.Key], text)
		}
	}
}

func (r *reader) list(n ast.Node, where, such string) []ast.Node {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return n.Values
	case *ast.NullNode:
		return nil
	}
	r.bad(yamltree.Start(n), "%s: want a list such as %s, this is %s", where, such, r.Kind(n))
	return nil
}

func (r *reader) text(n ast.Node, where string) (string, bool) {
	text, ok := yamltree.Scalar(n)
	if !ok {
		r.bad(yamltree.Start(n), "%s: want a word, this is %s", where, r.Kind(n))
	}
	return text, ok
}
