package coverage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// parser fills the rows and doubts of Selectors.
type parser struct{ s *Selectors }

func (p *parser) doubt(selector int, format string, args ...any) {
	p.s.doubts = append(p.s.doubts, selectorDoubt{selector, fmt.Sprintf(format, args...)})
}

// may notes what a selector may keep, at the least one row.
func (p *parser) mayKeep(selector int, conds ...cond) {
	p.s.may = append(p.s.may, row{selector: selector, conds: conds})
}

func (p *parser) mustKeep(selector int, conds ...cond) {
	p.s.must = append(p.s.must, row{selector: selector, conds: conds})
}

// assume notes AWS's default. A member that we do not know may hold selectors of a new kind, and then it is not.
func (p *parser) assume(unknown []string) {
	management := isCategory(categoryManagement)
	p.mayKeep(-1, management)
	for _, name := range unknown {
		p.doubt(-1, "the answer has the member %q, which is not known", name)
	}
	if len(unknown) == 0 {
		p.mustKeep(-1, management)
	}
}

func isCategory(name string) cond {
	return cond{field: fieldCategory, any: []match{{equals, name}}}
}

// member is one member of a JSON object, its name as written: encoding/json would fold its case and drop what it does
// not know, and a dropped constraint makes a selector wider than it is.
type member struct {
	name string
	raw  json.RawMessage
}

func (m member) null() bool { return string(m.raw) == "null" }

// members reads an object; dup is a name that occurs twice, of which no reading is safe.
func members(doc []byte) (ms []member, dup string, err error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	tok, err := dec.Token()
	if err != nil {
		return nil, "", fmt.Errorf("no JSON: %w", err)
	}
	if tok != json.Delim('{') {
		return nil, "", errors.New("not a JSON object")
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, "", fmt.Errorf("no JSON: %w", err)
		}
		name, _ := tok.(string)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, "", fmt.Errorf("no JSON: %w", err)
		}
		if slices.ContainsFunc(ms, func(m member) bool { return m.name == name }) {
			dup = name
		}
		ms = append(ms, member{name, raw})
	}
	if _, err := dec.Token(); err != nil {
		return nil, "", fmt.Errorf("no JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, "", errors.New("more than one JSON value")
	}
	return ms, dup, nil
}

// list reads a list that must be one: null is an answer that was cut or damaged, not an empty list.
func list(m member) ([]json.RawMessage, error) {
	if m.null() {
		return nil, errors.New("null in place of a list")
	}
	var l []json.RawMessage
	if err := json.Unmarshal(m.raw, &l); err != nil {
		return nil, errors.New("not a list")
	}
	return l, nil
}

// texts reads a list of strings; encoding/json would take null for "".
func texts(m member) ([]string, error) {
	l, err := list(m)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(l))
	for _, raw := range l {
		var s *string
		if err := json.Unmarshal(raw, &s); err != nil || s == nil {
			return nil, errors.New("a value is not a string")
		}
		out = append(out, *s)
	}
	return out, nil
}
