package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
	"cairn.example/internal/yamltree"
)

// Value is what is written for a setting: a text, or where to find one. A secret is never a text.
type Value struct {
	Text string
	Source
}

// Source is where a value stands that is not in cairn.yaml; one of its fields is set, or none.
type Source struct {
	Env       string // name of an environment variable
	File      string // path, in the folder of cairn.yaml where it is relative
	AWSSecret string // name or ARN in Secrets Manager; NAME#KEY is one value of a secret that is a JSON object
}

// Lookup gives what sources name.
type Lookup interface {
	Env(name string) (string, bool)
	File(path string) ([]byte, error)
	Secret(ctx context.Context, name string) (string, error)
}

// sourceKind is one way to write a source.
type sourceKind struct {
	key, want string
	shape     *regexp.Regexp
	of        func(*Source) *string
}

var sourceKinds = []sourceKind{
	{"env", "the name of an environment variable", regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`), func(s *Source) *string { return &s.Env }},
	{"file", "a path", regexp.MustCompile(`^[^\x00]+$`), func(s *Source) *string { return &s.File }},
	{
		"awsSecret", "a secret's name or ARN, with #KEY behind it where the secret is a JSON object", // what Secrets Manager takes as a name
		regexp.MustCompile(`^[A-Za-z0-9/_+=.@:-]+(#.+)?$`), func(s *Source) *string { return &s.AWSSecret },
	},
}

const (
	wantSource  = "want {env: NAME}, {file: PATH} or {awsSecret: NAME}"
	plainSecret = "secrets are not kept in cairn.yaml: write {env: NAME}, {file: PATH} or {awsSecret: NAME}"
)

// values reads a setting; said is false where nothing is written.
func (r *reader) values(s notify.Setting, n ast.Node, where string) (out []Value, said bool) {
	if n.Type() == ast.NullType {
		return nil, false
	}
	items := []ast.Node{n}
	if s.List {
		if items = r.settingList(s, n, where); len(items) == 0 {
			return nil, true
		}
	}
	for _, item := range items {
		if v, ok := r.setting(s, item, where); ok {
			out = append(out, v)
		}
	}
	return out, true
}

// settingList tells of what is no list without repeating it.
func (r *reader) settingList(s notify.Setting, n ast.Node, where string) []ast.Node {
	such := "[a, b]"
	if s.Secret {
		such = "[{env: NAME}]"
	}
	items := r.list(n, where, such)
	if n.Type() == ast.SequenceType && len(items) == 0 {
		r.bad(yamltree.Start(n), "%s: an empty list", where)
	}
	return items
}

func (r *reader) setting(s notify.Setting, n ast.Node, where string) (Value, bool) {
	if isMapping(n) {
		source, ok := r.source(n, where)
		return Value{Source: source}, ok
	}
	if s.Secret {
		r.noSource(n, where)
		return Value{}, false
	}
	text, ok := r.text(n, where)
	if !ok {
		return Value{}, false
	}
	if err := check(s, text); err != nil {
		r.bad(yamltree.Start(n), "%s: %w", where, err)
		return Value{}, false
	}
	return Value{Text: text}, true
}

// noSource says what is wrong with a secret that is no source, without repeating it.
func (r *reader) noSource(n ast.Node, where string) {
	if _, ok := yamltree.Scalar(n); ok || n.Type() == ast.LiteralType {
		r.bad(yamltree.Start(n), "%s: %s", where, plainSecret)
		return
	}
	r.bad(yamltree.Start(n), "%s: %s, this is %s", where, wantSource, r.Kind(n))
}

// check holds a text to what its setting takes.
func check(s notify.Setting, text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("an empty value")
	case len(s.Values) > 0 && !slices.Contains(s.Values, text):
		return fmt.Errorf("%q is not one of its values: want %s%s", text, either(s.Values), rule.Suggest(text, s.Values))
	case s.Check != nil:
		return s.Check(text)
	}
	return nil
}

// source reads where a value stands. No mistake repeats anything of it: where a source is wanted and something else is
// written, that may be the secret itself.
func (r *reader) source(n ast.Node, where string) (Source, bool) {
	told := false
	f := r.File
	f.Bad = func(at yamltree.Place, _ string, _ ...any) {
		r.bad(at, "%s: %s", where, wantSource)
		told = true
	}
	pairs := f.Mapping(n, where)
	if len(pairs) != 1 {
		if !told {
			r.bad(yamltree.Start(n), "%s: %s", where, wantSource)
		}
		return Source{}, false
	}
	e := pairs[0]
	i := slices.IndexFunc(sourceKinds, func(k sourceKind) bool { return k.key == e.Key })
	if i < 0 {
		r.bad(e.At, "%s: %s%s", where, wantSource, rule.Suggest(e.Key, []string{"env", "file", "awsSecret"}))
		return Source{}, false
	}
	var out Source
	kind := sourceKinds[i]
	text, ok := yamltree.Scalar(e.Value)
	if !ok || !kind.shape.MatchString(text) {
		r.bad(yamltree.Start(e.Value), "%s.%s: want %s", where, kind.key, kind.want)
		return Source{}, false
	}
	*kind.of(&out) = text
	return out, !told
}

// Resolve gives a channel's settings with defaults filled in and sources read. The errors, all there are, name the
// channel and the setting, and never a value.
func (c Channel) Resolve(ctx context.Context, from Lookup) (notify.Settings, error) {
	out := notify.Settings{}
	var errs []error
	for _, s := range c.Kind.Settings {
		values := c.Values[s.Name]
		if len(values) == 0 && s.Default != "" {
			values = []Value{{Text: s.Default}}
		}
		for _, v := range values {
			text, err := c.resolve(ctx, s, v, from)
			if err != nil {
				errs = append(errs, fmt.Errorf("notify.channels.%s.%s: %w", c.Name, s.Name, err))
				continue
			}
			out[s.Name] = append(out[s.Name], text)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

// Written gives a channel's settings as far as cairn.yaml alone says them, with defaults filled in and a word in place of
// each secret. It is false where something that is no secret stands elsewhere.
func (c Channel) Written() (notify.Settings, bool) {
	out := notify.Settings{}
	for _, s := range c.Kind.Settings {
		values := c.Values[s.Name]
		if len(values) == 0 && s.Default != "" {
			values = []Value{{Text: s.Default}}
		}
		for _, v := range values {
			if v.Source != (Source{}) && !s.Secret {
				return nil, false
			}
			out[s.Name] = append(out[s.Name], cmp.Or(v.Text, "secret"))
		}
	}
	return out, true
}

func (c Channel) resolve(ctx context.Context, s notify.Setting, v Value, from Lookup) (string, error) {
	if v.Source == (Source{}) {
		return v.Text, nil // it was checked where it was read
	}
	text, err := v.read(ctx, c.dir, from)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(text) == "" {
		return "", fmt.Errorf("%s is empty", v.Source)
	}
	if err := check(s, text); err != nil {
		return "", fmt.Errorf("what %s holds is not taken: %w", v.Source, withheld(err, s, text))
	}
	return text, nil
}

// withheld is an error that may hold a value, without it.
func withheld(err error, s notify.Setting, value string) error {
	quoted := strings.Trim(strconv.Quote(value), `"`)
	if said := err.Error(); !strings.Contains(said, value) && !strings.Contains(said, quoted) {
		return err
	}
	if len(s.Values) > 0 {
		return errors.New("want " + either(s.Values))
	}
	return errors.New("want " + cmp.Or(s.Help, "something else"))
}

// String says what a source is, for messages.
func (s Source) String() string {
	switch {
	case s.Env != "":
		return "the environment variable " + s.Env
	case s.File != "":
		return "the file " + s.File
	}
	return "the secret " + s.AWSSecret
}

func (s Source) read(ctx context.Context, dir string, from Lookup) (string, error) {
	switch {
	case s.Env != "":
		text, ok := from.Env(s.Env)
		if !ok {
			return "", fmt.Errorf("%s is not set", s)
		}
		return text, nil
	case s.File != "":
		data, err := from.File(within(dir, s.File))
		if err != nil {
			return "", fmt.Errorf("read %s: %w", s, err)
		}
		return strings.TrimRight(string(data), "\r\n"), nil // editors and echo end files with one
	}
	name, key, isObject := strings.Cut(s.AWSSecret, "#")
	text, err := from.Secret(ctx, name)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", s, err)
	}
	if isObject {
		return member(text, key, s)
	}
	return text, nil
}

// within is a path as seen from a folder.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// member takes one text out of a JSON object. The parser's own error would hold a letter of the secret.
func member(text, key string, s Source) (string, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil {
		return "", fmt.Errorf("%s is no JSON object: leave out #%s, or keep it as one", s, key)
	}
	raw, ok := object[key]
	if !ok {
		return "", fmt.Errorf("%s is a JSON object without the key %s", s, key)
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return "", fmt.Errorf("%s is a JSON object whose %s is no text", s, key)
	}
	return value, nil
}
