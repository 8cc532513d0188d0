package kb

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	headingLine = regexp.MustCompile(`^(#+)[ \t]+(.*)$`)
	itemLine    = regexp.MustCompile(`^(?:-|(\d{1,3})\.)[ \t]+(\S.*)$`)
	nestedLine  = regexp.MustCompile(`^[ \t]+(?:[-*+]|\d{1,3}\.)[ \t]`)
	fixStart    = regexp.MustCompile(`^<!-- fix:([a-z-]+) -->$`)
	rowRule     = regexp.MustCompile(`^\|[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|$`)
	// Markup that we do not render, so that no page comes to depend on it.
	foreign = regexp.MustCompile(`^(?:>|[*+][ \t]|={3,}$|-{3,}$|<[a-zA-Z/])|!\[`)
)

const fixEnd = "<!-- /fix -->"

// parser reads a page line by line.
type parser struct {
	page  Page
	lines []string
	at    int    // of the line being read
	form  string // of the fix block around it, or ""
	opens int    // the line at which that block began
	errs  []error
}

// Parse reads the Markdown that our pages use: headings of three levels, paragraphs, flat lists, fenced code,
// tables, comments. Everything else is an error with its line, so that nothing is ever shown as markup.
func Parse(data []byte) (Page, error) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	if !utf8.Valid(data) {
		return Page{}, errors.New("not UTF-8")
	}
	p := &parser{lines: strings.Split(string(data), "\n")}
	for ; p.at < len(p.lines); p.at++ {
		// A page is shown on terminals, where these would be commands.
		if strings.ContainsFunc(p.lines[p.at], func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			p.bad("a control character")
		}
	}
	for p.at = 0; p.at < len(p.lines); p.at++ {
		p.line(strings.TrimRight(p.lines[p.at], " \t"))
	}
	if p.form != "" {
		p.at = p.opens - 1
		p.bad("the fix block of %s is not closed", p.form)
	}
	if p.page.Title == "" {
		p.at = 0
		p.bad("no heading # ID Title")
	}
	if err := errors.Join(p.errs...); err != nil {
		return Page{}, err
	}
	return p.page, nil
}

func (p *parser) bad(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("line %d: "+format, append([]any{p.at + 1}, args...)...))
}

// line reads the block that begins here, and leaves p.at on its last line.
func (p *parser) line(line string) {
	switch {
	case line == "":
	case strings.HasPrefix(line, "<!--"):
		p.comment(line)
	case strings.HasPrefix(line, "```"):
		p.code(line)
	case headingLine.MatchString(line):
		p.heading(headingLine.FindStringSubmatch(line))
	case strings.HasPrefix(line, "|"):
		p.table()
	case itemLine.MatchString(line):
		p.list()
	case foreign.MatchString(line) || line[0] == ' ' || line[0] == '\t' || line[0] == '#':
		p.bad("markup that the pages do not use: %s", line)
	default:
		p.add(Block{Kind: Paragraph, Text: p.joined(line)})
	}
}

// section is where blocks go now; before the first heading of level 2 there is none.
func (p *parser) section() *Section {
	if len(p.page.Sections) == 0 {
		return nil
	}
	return &p.page.Sections[len(p.page.Sections)-1]
}

func (p *parser) add(b Block) {
	s := p.section()
	if s == nil {
		p.bad("text before the first section")
		return
	}
	if b.Line == 0 {
		b.Line = p.at + 1
	}
	b.Form = p.form
	s.Blocks = append(s.Blocks, b)
}

func (p *parser) heading(m []string) {
	level, title := len(m[1]), strings.TrimSpace(m[2])
	switch {
	case title == "":
		p.bad("a heading without words")
	case p.form != "":
		p.bad("a heading inside the fix block of %s", p.form)
	case level == 1 && p.page.Title == "" && len(p.page.Sections) == 0:
		p.page.Title = title
	case level == 2:
		p.page.Sections = append(p.page.Sections, Section{Level: 2, Title: title, Line: p.at + 1})
	case level == 3 && len(p.page.Sections) > 0:
		parent := p.section().Parent
		if p.section().Level == 2 {
			parent = p.section().Title
		}
		p.page.Sections = append(p.page.Sections, Section{Level: 3, Title: title, Parent: parent, Line: p.at + 1})
	default:
		p.bad("a heading of level %d does not belong here", level)
	}
}

// comment drops what a reader need not see and notes the fix blocks.
func (p *parser) comment(line string) {
	if m := fixStart.FindStringSubmatch(line); m != nil {
		if p.form != "" || p.section() == nil {
			p.bad("a fix block does not belong here")
			return
		}
		p.form, p.opens = m[1], p.at+1
		p.section().Forms = append(p.section().Forms, m[1])
		return
	}
	if line == fixEnd {
		if p.form == "" {
			p.bad("no fix block to close")
		}
		p.form = ""
		return
	}
	for first := p.at; ; p.at++ {
		if p.at == len(p.lines) {
			p.at = first
			p.bad("the comment is not closed")
			p.at = len(p.lines)
			return
		}
		if _, rest, closed := strings.Cut(p.lines[p.at], "-->"); closed {
			if strings.TrimSpace(rest) != "" {
				p.bad("text after a comment")
			}
			return
		}
	}
}

func (p *parser) code(fence string) {
	b := Block{Kind: Code, Lang: strings.TrimSpace(strings.TrimLeft(fence, "`")), Line: p.at + 1}
	ticks := fence[:len(fence)-len(strings.TrimLeft(fence, "`"))]
	if strings.Contains(b.Lang, "`") {
		p.bad("a fence with more than a language")
	}
	var body []string
	for p.at++; p.at < len(p.lines); p.at++ {
		if strings.TrimRight(p.lines[p.at], " \t") == ticks {
			b.Text = strings.Join(body, "\n")
			p.add(b)
			return
		}
		body = append(body, p.lines[p.at])
	}
	p.at = b.Line - 1
	p.bad("the code block is not closed")
	p.at = len(p.lines)
}

// joined is a paragraph or item with the lines that continue it.
func (p *parser) joined(first string) string {
	words := strings.Fields(first)
	for p.at+1 < len(p.lines) {
		next := strings.TrimRight(p.lines[p.at+1], " \t")
		if next == "" || startsBlock(next) {
			break
		}
		p.at++
		words = append(words, strings.Fields(next)...)
	}
	return strings.Join(words, " ")
}

func startsBlock(line string) bool {
	return line[0] == '#' || line[0] == '|' || strings.HasPrefix(line, "```") || strings.HasPrefix(line, "<!--") ||
		itemLine.MatchString(line) || nestedLine.MatchString(line) || foreign.MatchString(line)
}

func (p *parser) list() {
	b := Block{Kind: List, Line: p.at + 1}
	for {
		m := itemLine.FindStringSubmatch(strings.TrimRight(p.lines[p.at], " \t"))
		if ordered := m[1] != ""; len(b.Items) == 0 {
			b.Ordered = ordered
		} else if ordered != b.Ordered {
			p.bad("a list that is numbered in part")
		}
		b.Items = append(b.Items, p.joined(m[2]))
		if p.at+1 >= len(p.lines) || !itemLine.MatchString(strings.TrimRight(p.lines[p.at+1], " \t")) {
			break
		}
		p.at++
	}
	p.add(b)
}

func (p *parser) table() {
	b := Block{Kind: Table, Line: p.at + 1}
	for i := 0; p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], "|"); i++ {
		line := strings.TrimRight(p.lines[p.at], " \t")
		switch i {
		case 0:
			b.Head = cells(line)
		case 1:
			if !rowRule.MatchString(line) {
				p.bad("a table without a rule under its head")
			}
		default:
			b.Rows = append(b.Rows, cells(line))
		}
		if len(cells(line)) != len(b.Head) {
			p.bad("a row of %d cells in a table of %d", len(cells(line)), len(b.Head))
		}
		p.at++
	}
	p.at--
	if len(b.Rows) == 0 {
		p.bad("a table without rows")
	}
	if len(b.Head) > maxColumns {
		p.bad("a table of %d columns: at most %d can be shown", len(b.Head), maxColumns)
	}
	p.add(b)
}

// cells splits a row; \| is a bar inside a cell.
func cells(line string) []string {
	const bar = "\x00"
	line = strings.TrimPrefix(strings.ReplaceAll(line, `\|`, bar), "|")
	line = strings.TrimSuffix(line, "|")
	var out []string
	for cell := range strings.SplitSeq(line, "|") {
		out = append(out, strings.Join(strings.Fields(strings.ReplaceAll(cell, bar, "|")), " "))
	}
	return out
}
