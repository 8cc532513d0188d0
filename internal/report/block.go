package report

import (
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// block is findings that are told together: one rule's on several resources, or several rules' that are unknown
// for the same reason.
type block struct {
	word  string
	rules []string
	title string
	items []*model.Finding
}

// blocks groups an account's findings and keeps their order, the worst first.
func blocks(found []model.Finding) []*block {
	var out []*block
	for i := range found {
		f := &found[i]
		if slices.ContainsFunc(out, func(b *block) bool { return b.take(f) }) {
			continue
		}
		out = append(out, &block{wordOf(f), []string{f.Rule}, f.Title, []*model.Finding{f}})
	}
	return out
}

// take adds a finding if it belongs to the block.
func (b *block) take(f *model.Finding) bool {
	first := b.items[0]
	switch {
	case b.word != wordOf(f):
		return false
	case f.Status == model.StatusUnknown && len(b.items) == 1 && first.Rule != f.Rule && same(first, f):
		b.rules = append(b.rules, f.Rule)
		return true
	case len(b.rules) == 1 && first.Rule == f.Rule:
		b.items = append(b.items, f)
		return true
	}
	return false
}

// same tells that two findings say the same of one resource.
func same(a, b *model.Finding) bool {
	return a.Resource == b.Resource && a.Message == b.Message && a.Fix == b.Fix && slices.Equal(a.Notes, b.Notes)
}

// where stands at the end of a block's first line.
func (b *block) where() string {
	if len(b.items) == 1 {
		return resource(b.items[0])
	}
	if slices.ContainsFunc(b.items, func(f *model.Finding) bool { return f.Resource.Kind != model.TrailKind }) {
		return model.Count(len(b.items), "resource", "resources")
	}
	return model.Count(len(b.items), "trail", "trails")
}

// shared are the notes of more than one of the findings.
func (b *block) shared() []string {
	var once, again []string
	for _, f := range b.items {
		for _, n := range f.Notes {
			if slices.Contains(once, n) {
				again = add(again, n)
			}
			once = add(once, n)
		}
	}
	return again
}

// layout is where the columns of an account's findings begin.
type layout struct{ rule, title int }

const between = 2 // spaces between columns

// layoutOf makes room for the longest word and rule, so that every account's columns are the same.
func layoutOf(found []model.Finding) layout {
	word, rule := len(wordUnknown)+1, 0
	for i := range found {
		word = max(word, len(wordOf(&found[i]))+1)
		rule = max(rule, len(found[i].Rule)+between)
	}
	return layout{word, word + rule}
}

// block writes the block's line, what it says of each resource, what to do next, and what holds for several of them.
func (s *sheet) block(b *block, l layout) {
	placed, shared := s.head(b, l), b.shared()
	for i, f := range b.items {
		subject := ""
		if len(b.items) > 1 || !placed && f.Resource.Kind != model.AccountKind {
			subject = resource(f) + ": "
		}
		own := slices.DeleteFunc(slices.Clone(f.Notes), func(n string) bool { return slices.Contains(shared, n) })
		s.body(f, subject, own, l.rule)
		if f.Status == model.StatusFail && (i+1 == len(b.items) || nextStep(f) != nextStep(b.items[i+1])) {
			s.raw(l.rule, nextStep(f))
		}
	}
	for _, n := range shared {
		s.para(l.rule, l.rule, sentence(n))
	}
}

// head writes the block's first line and tells whether there was room for the resource.
func (s *sheet) head(b *block, l layout) bool {
	lead, hang, text := s.colored(b.word, l.rule), l.rule, strings.Join(b.rules, ", ")
	if len(b.rules) == 1 {
		lead += pad(s.clean(text), l.title-l.rule)
		hang, text = l.title, b.title
	}
	lines := s.wrap(text, s.width-hang, s.width-hang)
	where := s.clean(b.where())
	room := s.width - hang - columns(lines[0]) - columns(where)
	placed := len(lines) == 1 && room >= between
	if placed {
		lines[0] += strings.Repeat(" ", room) + where
	}
	s.hanging(lead, hang, lines)
	return placed
}

// mostLines is how many lines a failure may explain itself in; -v shows all of it.
const mostLines = 4

func (s *sheet) body(f *model.Finding, subject string, notes []string, indent int) {
	width := s.width - indent
	message := subject + sentence(f.Message)
	if subject == "" {
		message = opened(message)
	}
	lines := s.wrap(message, width, width)
	for _, n := range notes {
		lines = append(lines, s.wrap(sentence(n), width, width)...)
	}
	if f.Status == model.StatusFail && !s.style.Verbose && len(lines) > mostLines {
		const more = " ... (-v: all of it)"
		room := width - len(more)
		lines = append(lines[:mostLines-1], s.wrap(lines[mostLines-1], room, room)[0]+more)
	}
	s.hanging(strings.Repeat(" ", indent), indent, lines)
}

// nextStep is the line to paste: the fix, or where there is none the page that says what a person can do.
func nextStep(f *model.Finding) string {
	if f.Fix != "" {
		return f.Fix
	}
	return f.Page
}

// short writes a verdict that asks for nothing: one line, where it fits.
func (s *sheet) short(f *model.Finding, l layout) {
	lead := s.colored(wordOf(f), l.rule) + pad(s.clean(f.Rule), l.title-l.rule)
	width := s.width - l.title
	s.hanging(lead, l.title, s.wrap(resource(f)+": "+sentence(f.Message), width, width))
}
