package kb

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hit is a page that holds every word of a search.
type Hit struct {
	Page    Page
	Heading string // of the section that the snippet is from; "" for the title and the index card
	Snippet string // one line, without markup
	Score   int
}

// What a word is worth, by the best place that holds it. A place outweighs any number of lesser ones.
const (
	inText    = 1
	inHeading = 30
	inTitle   = 100
	isName    = 1000
	mostText  = inHeading - 1
)

// snippetWidth leaves room for the margin of a terminal of 80 columns.
const snippetWidth = 76

// Search finds the pages that hold every word, best first: an id or alias, then the title, headings, text. A
// word is found where a word begins: log finds logging and not catalog.
func (l *Library) Search(query string) ([]Hit, error) {
	pages, err := l.Pages()
	if err != nil {
		return nil, err
	}
	wanted := strings.Fields(strings.ToLower(query))
	var hits []Hit
	for _, p := range pages {
		if h, ok := match(p, wanted); ok {
			hits = append(hits, h)
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Page.Rule.ID, b.Page.Rule.ID))
	})
	return hits, nil
}

// passage is text of a page with the heading it stands under.
type passage struct{ heading, text, lower string }

func match(p Page, wanted []string) (Hit, bool) {
	all := passages(p)
	h := Hit{Page: p}
	for _, w := range wanted {
		score := worth(p, all, w)
		if score == 0 {
			return Hit{}, false
		}
		h.Score += score
	}
	h.Heading, h.Snippet = snippet(p, all, wanted)
	return h, len(wanted) > 0
}

func worth(p Page, all []passage, w string) int {
	names := slices.Concat([]string{p.Rule.ID}, p.Rule.Aliases, p.Rule.External)
	if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, w) }) {
		return isName
	}
	if find(strings.ToLower(p.Title), w) >= 0 {
		return inTitle
	}
	if slices.ContainsFunc(p.Sections, func(s Section) bool { return find(strings.ToLower(s.Title), w) >= 0 }) {
		return inHeading
	}
	n := 0
	for _, one := range all {
		if find(one.lower, w) >= 0 {
			n += inText
		}
	}
	return min(n, mostText)
}

// find is where w stands at the beginning of a word, or -1.
func find(text, w string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], w)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		first, size := utf8.DecodeRuneInString(w)
		if i == 0 || !isLetter(before) || !isLetter(first) {
			return i
		}
		from = i + size
	}
}

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func passages(p Page) []passage {
	var out []passage
	add := func(heading, text string) {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			out = append(out, passage{heading, text, strings.ToLower(text)})
		}
	}
	for _, t := range texts(p.Card) {
		add("", t)
	}
	for _, s := range p.Sections {
		for _, b := range s.Blocks {
			for _, t := range texts(b) {
				add(s.Title, t)
			}
		}
	}
	for _, c := range p.Controls { // the table of standards has the versions apart
		add("Standards", c.Framework+" "+c.ID)
	}
	return out
}

// texts are a block's paragraph, items, rows or lines of code, as they are shown.
func texts(b Block) []string {
	if b.Kind == Code {
		return strings.Split(b.Text, "\n")
	}
	out := []string{plainText(b.Text)}
	for _, item := range b.Items {
		out = append(out, plainText(item))
	}
	for _, row := range b.Rows {
		out = append(out, plainText(strings.Join(row, "  ")))
	}
	return out
}

// snippet is the passage that holds most of the words, the first of equals, cut around the first word it holds.
// Where no passage holds any, as for a title, it is how the page begins.
func snippet(p Page, all []passage, wanted []string) (heading, text string) {
	var best passage
	most, at := 0, 0
	for _, one := range all {
		n, first := 0, len(one.lower)
		for _, w := range wanted {
			if i := find(one.lower, w); i >= 0 {
				n, first = n+1, min(first, i)
			}
		}
		if n > most {
			best, most, at = one, n, first
		}
	}
	if most == 0 && len(p.Sections) > 0 {
		i := slices.IndexFunc(all, func(one passage) bool { return one.heading == p.Sections[0].Title })
		if i >= 0 {
			best = all[i]
		}
	}
	return best.heading, around(best.text, at)
}

// around cuts a text to the snippet's width, at spaces, so that the place is in it.
func around(text string, at int) string {
	if utf8.RuneCountInString(text) <= snippetWidth {
		return text
	}
	const dots = "..."
	start := 0
	if at > snippetWidth/2 {
		start = strings.LastIndexByte(text[:min(at-snippetWidth/4, len(text))], ' ') + 1
	}
	out := ""
	if start > 0 {
		out = dots
	}
	for w := range strings.FieldsSeq(text[start:]) {
		if out != "" && out != dots {
			w = " " + w
		}
		if utf8.RuneCountInString(out+w) > snippetWidth-len(dots) {
			return strings.TrimRight(out, ".,;:") + dots
		}
		out += w
	}
	return out
}
