package kb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
)

const (
	audit      = "Audit"
	auditCLI   = "AWS CLI"
	fixes      = "Remediation"
	references = "References"
)

// heading is one that every page has, or may have.
type heading struct {
	level    int
	title    string
	optional bool
	form     string // of the one fix block under it
}

// The headings in their order, of rules and of detections: these print no fix before they know what was lost.
var (
	headings          = slices.Concat(beforeFixes, fixHeadings(), afterFixes)
	detectionHeadings = slices.Concat(beforeFixes, afterFixes)
)

var beforeFixes = []heading{
	{level: 2, title: "Description"},
	{level: 2, title: "Rationale"},
	{level: 2, title: "Impact"},
	{level: 2, title: "Default value"},
	{level: 2, title: audit},
	{level: 3, title: "AWS console"},
	{level: 3, title: auditCLI},
	{level: 2, title: "Verdicts"},
	{level: 2, title: fixes},
}

var afterFixes = []heading{
	{level: 2, title: "Verify"},
	{level: 2, title: "Where the original page differs", optional: true},
	{level: 2, title: references},
}

// fixHeadings has one for each form in which a fix is printed.
func fixHeadings() []heading {
	var out []heading
	for _, f := range remediate.Forms {
		out = append(out, heading{level: 3, title: f.Heading, form: string(f.Form)})
	}
	return out
}

// Check finds all that the page.md of a rule or detection lacks of the fixed form.
func Check(r *rule.Rule) error {
	p, err := read(r)
	if err != nil {
		return err
	}
	form, check := headings, "audit --rules "
	if r.Kind == rule.RealTime {
		form, check = detectionHeadings, "watch --detections "
	}
	var errs []error
	bad := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("the page of %s: line %d: "+format, append([]any{r.ID, line}, args...)...))
	}
	if want := r.ID + " " + r.Title; p.Title != want {
		bad(1, "the title is %q, want %q", p.Title, want)
	}
	if !checkOrder(p, form, bad) {
		return errors.Join(errs...)
	}
	for _, s := range p.Sections {
		checkSection(s, r.Kind, bad)
	}
	last := p.Sections[len(p.Sections)-1]
	want := "Check it: `cairn " + check + r.ID + "`"
	if n := len(last.Blocks); n == 0 || last.Blocks[n-1].Text != want {
		bad(last.Line, "the last paragraph is not: %s", want)
	}
	return errors.Join(errs...)
}

// checkOrder compares the headings with the fixed ones, and tells whether they are these.
func checkOrder(p Page, form []heading, bad func(int, string, ...any)) bool {
	rest := p.Sections
	for _, h := range form {
		switch {
		case len(rest) > 0 && rest[0].Level == h.level && rest[0].Title == h.title:
			rest = rest[1:]
		case h.optional:
		case len(rest) == 0:
			bad(0, "the heading %q is missing at the end", h.title)
			return false
		default:
			bad(rest[0].Line, "the heading is %q, want %s %s", rest[0].Title, strings.Repeat("#", h.level), h.title)
			return false
		}
	}
	if len(rest) > 0 {
		bad(rest[0].Line, "the heading %q is one too many", rest[0].Title)
		return false
	}
	return true
}

func checkSection(s Section, kind rule.Kind, bad func(int, string, ...any)) {
	form := ""
	if s.Parent == fixes {
		i := slices.IndexFunc(headings, func(h heading) bool { return h.form != "" && h.title == s.Title })
		form = headings[i].form
	}
	if want := slices.DeleteFunc([]string{form}, func(f string) bool { return f == "" }); !slices.Equal(s.Forms, want) {
		bad(s.Line, "%s holds the fix blocks %v, want %v", s.Title, s.Forms, want)
	}
	if len(s.Blocks) == 0 && form == "" && s.Title != audit {
		bad(s.Line, "nothing under %s", s.Title)
	}
	if s.Title == "Verdicts" && !slices.ContainsFunc(s.Blocks, func(b Block) bool { return b.Kind == Table }) {
		bad(s.Line, "Verdicts has no table")
	}
	if s.Parent == audit && s.Title == auditCLI && kind != rule.RealTime && !slices.ContainsFunc(s.Blocks, s.failing) {
		bad(s.Line, "the audit by CLI shows no failing output")
	}
	for _, b := range s.Blocks {
		if b.Kind == Code && b.Lang == "" {
			bad(b.Line, "a code block without a language")
		}
		if b.Kind == Code && strings.TrimSpace(b.Text) == "" {
			bad(b.Line, "an empty code block")
		}
	}
}
