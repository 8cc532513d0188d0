// Package kb is the knowledge base: the page of each rule and detection parsed, completed by what that itself knows,
// written for a terminal and searched. A detection is a rule of the kind [rule.RealTime], of which there is the index card.
package kb

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"cairn.example/frameworks"
	"cairn.example/internal/rule"
)

// Page is a rule's page: its index card, then the sections of page.md with the generated ones among them.
type Page struct {
	Rule     *rule.Rule // nil while the page is only parsed
	Title    string     // ID and title, as the first heading has them
	Card     Block      // severity, aliases and the like
	Sections []Section  // in order; subsections follow theirs
	// Controls are the requirements that the rule answers, as findings carry them.
	Controls []frameworks.Control
}

// Section is a heading and what stands under it, up to the next heading.
type Section struct {
	Level  int // 2 or 3
	Title  string
	Parent string // the level-2 heading above a level-3 one
	Line   int    // in page.md; 0 when generated
	Blocks []Block
	Forms  []string // of the fix blocks that stand here, filled or not
}

// Kind tells what a block is.
type Kind uint8

// The blocks that our pages are made of.
const (
	Paragraph Kind = iota + 1
	List
	Code
	Table
)

// Block is a paragraph, a list, a fenced code block or a table. Paragraphs, items and cells hold inline Markdown.
type Block struct {
	Kind    Kind
	Line    int    // in page.md; 0 when generated
	Text    string // paragraph, on one line; code, verbatim
	Lang    string // of code, as the fence names it
	Ordered bool   // of a list
	Items   []string
	Head    []string // of a table; nil for one without a heading
	Rows    [][]string
	Form    string // of the fix that a program wrote here, such as cli
}

// Library is all pages, with the standards that they answer.
type Library struct {
	rules      rule.Registry
	frameworks frameworks.Frameworks
	tags       map[string][]string
}

// Open reads the standards; a page is read when it is asked for.
func Open(rules rule.Registry) (*Library, error) {
	all, err := frameworks.All()
	if err != nil {
		return nil, fmt.Errorf("open the knowledge base: %w", err)
	}
	tags, err := frameworks.Tags()
	if err != nil {
		return nil, fmt.Errorf("open the knowledge base: %w", err)
	}
	return &Library{rules, all, tags}, nil
}

// Families are the short names of the standards whose requirements the rule answers.
func (l *Library) Families(r *rule.Rule) []string {
	var out []string
	for _, f := range l.frameworks {
		answers := slices.ContainsFunc(f.Requirements, func(q frameworks.Requirement) bool { return q.AnsweredBy(r.ID) })
		if answers && !slices.Contains(out, f.Family()) {
			out = append(out, f.Family())
		}
	}
	return out
}

// Page is a rule's page, complete.
func (l *Library) Page(r *rule.Rule) (Page, error) {
	p, err := read(r)
	if err != nil {
		return Page{}, err
	}
	p.Rule, p.Card, p.Controls = r, l.card(r), l.frameworks.Controls(r.ID)
	if r.Kind == rule.RealTime {
		p.insert(fixes, settings(r))
		p.insert(references, l.standards(r))
		return p, nil
	}
	p.pointToFix()
	p.insert(fixes, options(r))
	p.insert(references, permissions(r), l.standards(r))
	return p, nil
}

// Pages are all rules' pages, in the registry's order.
func (l *Library) Pages() ([]Page, error) {
	var pages []Page
	var errs []error
	for _, r := range l.rules {
		p, err := l.Page(r)
		pages, errs = append(pages, p), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return pages, nil
}

func read(r *rule.Rule) (Page, error) {
	data, err := fs.ReadFile(r.Files, "page.md")
	if err != nil {
		return Page{}, fmt.Errorf("read the page of %s: %w", r.ID, err)
	}
	p, err := Parse(data)
	if err != nil {
		return Page{}, fmt.Errorf("the page of %s: %w", r.ID, err)
	}
	return p, nil
}

// pointToFix says how to get the fix with the real names, and that a rule has none.
func (p *Page) pointToFix() {
	for i := range p.Sections {
		s := &p.Sections[i]
		generated := slices.ContainsFunc(s.Blocks, func(b Block) bool { return b.Form != "" })
		text := ""
		switch {
		case s.Level == 2 && s.Title == fixes && p.Rule.Fix != nil:
			text = "For the finding at hand, with its real names: `cairn fix " + p.Rule.ID + "`."
		case len(s.Forms) == 0 || generated:
		case p.Rule.Fix == nil:
			text = "None: only a person can put this right, as said above."
		default:
			text = "`cairn fix " + p.Rule.ID + " --format " + s.Forms[0] + "` prints it."
		}
		if text != "" {
			s.Blocks = append(s.Blocks, Block{Kind: Paragraph, Text: text})
		}
	}
}

// insert puts sections before the one of that title, or at the end.
func (p *Page) insert(before string, added ...Section) {
	var out []Section
	for i, s := range p.Sections {
		if s.Level == 2 && s.Title == before {
			out = append(out, added...)
			p.Sections = append(out, p.Sections[i:]...)
			return
		}
		out = append(out, s)
	}
	p.Sections = append(out, added...)
}
