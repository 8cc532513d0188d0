package rule

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// Registry is the rules there are, by ID in order.
type Registry []*Rule

// Find is the rule of an ID or of an alias, in any case, or nil.
func (reg Registry) Find(name string) *Rule {
	same := func(known string) bool { return strings.EqualFold(known, name) }
	i := slices.IndexFunc(reg, func(r *Rule) bool { return same(r.ID) || slices.ContainsFunc(r.Aliases, same) })
	if i < 0 {
		return nil
	}
	return reg[i]
}

// Lookup is Find with an error that says what was probably meant.
func (reg Registry) Lookup(name string) (*Rule, error) {
	if r := reg.Find(name); r != nil {
		return r, nil
	}
	var known []string
	for _, r := range reg {
		known = append(append(known, r.ID), r.Aliases...)
	}
	return nil, fmt.Errorf("no rule %q%s", name, cmp.Or(Suggest(name, known), "; cairn rules lists them"))
}

// Needs are the facts that the rules together need.
func (reg Registry) Needs() []*model.FactKind {
	var out []*model.FactKind
	for _, r := range reg {
		out = append(out, r.Needs...)
	}
	return model.Closure(out)
}

var ruleID = regexp.MustCompile(`^[A-Z]{2,4}-\d{3}$`)

// Validate finds every authoring mistake in one go.
func (reg Registry) Validate() error {
	var errs []error
	seen := map[string]string{}
	for _, r := range reg {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: "+format, append([]any{r.ID}, args...)...))
		}
		for _, name := range append([]string{r.ID}, r.Aliases...) {
			if other, ok := seen[name]; ok {
				bad("name %q is also %s's", name, other)
			}
			seen[name] = r.ID
		}
		r.validate(bad)
	}
	return errors.Join(errs...)
}

func (r *Rule) validate(bad func(string, ...any)) {
	if !ruleID.MatchString(r.ID) {
		bad("want an ID such as CT-001")
	}
	if r.Title == "" || r.Kind == "" || r.Severity == 0 || len(r.Categories) == 0 {
		bad("title, kind, severity and categories are all needed")
	}
	if r.Check == nil {
		bad("no check")
	}
	for _, date := range []string{r.Published, r.Updated} {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			bad("date %q: want YYYY-MM-DD", date)
		}
	}
	for _, o := range r.Options {
		o.validate(bad)
	}
	if r.Files == nil {
		bad("no files: embed page.md and cases")
		return
	}
	if _, err := fs.Stat(r.Files, "page.md"); err != nil {
		bad("no page.md: %w", err)
	}
	if cases, err := fs.Glob(r.Files, "cases/*.txtar"); err != nil || len(cases) == 0 {
		bad("no cases/*.txtar")
	}
}

func (o Option) validate(bad func(string, ...any)) {
	if o.Name == "" || o.Help == "" || len(o.Values) < 2 {
		bad("option %q: a name, a help text and at least two values are needed", o.Name)
	}
	if o.Name == "severity" {
		bad("option %q is cairn.yaml's own word", o.Name)
	}
	for preset, v := range o.Presets {
		if !slices.Contains(Presets, preset) || !slices.Contains(o.Values, v) {
			bad("option %s: preset %s takes %q, which is not one of %v", o.Name, preset, v, o.Values)
		}
	}
}
