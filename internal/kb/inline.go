package kb

import (
	"strings"
	"unicode/utf8"
)

// The escape sequences of a terminal that we use.
const (
	bold      = "\x1b[1m"
	highlight = "\x1b[33m"
	reset     = "\x1b[0m"
)

// span is a run of text of one look.
type span struct {
	text  string
	style string // an escape sequence, or ""
}

// word is what is not broken over lines: letters, or code with its spaces.
type word []span

func (w word) width() int {
	n := 0
	for _, s := range w {
		n += utf8.RuneCountInString(s.text)
	}
	return n
}

func (w word) String() string {
	var b strings.Builder
	for _, s := range w {
		b.WriteString(s.text)
	}
	return b.String()
}

// inline reads code, bold and links. Code keeps its backticks, because without them "require: any" is prose;
// a link shows its address, because a terminal has nothing to click.
func inline(text string) []span {
	var out []span
	plain := 0
	flush := func(to int) {
		if to > plain {
			out = append(out, span{text: text[plain:to]})
		}
	}
	for i := 0; i < len(text); {
		n, s := markup(text[i:])
		if n == 0 {
			i++
			continue
		}
		flush(i)
		out = append(out, s...)
		i += n
		plain = i
	}
	flush(len(text))
	return out
}

// markup reads the code, bold text or link that begins the text, and tells how long it is; 0 when none does.
func markup(text string) (int, []span) {
	switch text[0] {
	case '`':
		ticks := text[:len(text)-len(strings.TrimLeft(text, "`"))]
		if body, _, ok := strings.Cut(text[len(ticks):], ticks); ok && body != "" {
			whole := text[:len(body)+2*len(ticks)]
			return len(whole), []span{{text: whole, style: codeStyle}}
		}
		return len(ticks), []span{{text: ticks}}
	case '*':
		if body, _, ok := strings.Cut(strings.TrimPrefix(text, "**"), "**"); ok && strings.HasPrefix(text, "**") && body != "" {
			return len(body) + 4, []span{{text: body, style: bold}}
		}
	case '[':
		label, rest, ok := strings.Cut(text[1:], "](")
		address, _, closed := strings.Cut(rest, ")")
		if !ok || !closed || strings.Contains(label, "[") || strings.Contains(address, " ") {
			return 0, nil
		}
		n := len(label) + len(address) + 4
		if label == address {
			return n, []span{{text: address}}
		}
		return n, []span{{text: label + " (" + address + ")"}}
	}
	return 0, nil
}

// codeStyle marks code so that it is kept in one piece; it is no colour.
const codeStyle = "code"

// words cuts spans at spaces. Code stays whole where it fits into the width: a command that is broken over
// lines does not run as pasted.
func words(spans []span, width int) []word {
	var out []word
	var now word
	for _, s := range spans {
		if s.style == codeStyle {
			now = append(now, span{text: s.text})
			continue
		}
		for i, part := range strings.Split(s.text, " ") {
			if i > 0 {
				out, now = append(out, now.fitting(width)...), nil
			}
			if part != "" {
				now = append(now, span{part, s.style})
			}
		}
	}
	return append(out, now.fitting(width)...)
}

// fitting is the word, or its parts where it is too wide and holds code with spaces.
func (w word) fitting(width int) []word {
	if len(w) == 0 {
		return nil
	}
	if w.width() <= width {
		return []word{w}
	}
	var out []word
	var now word
	for _, s := range w {
		for i, part := range strings.Split(s.text, " ") {
			if i > 0 && len(now) > 0 {
				out, now = append(out, now), nil
			}
			if part != "" {
				now = append(now, span{part, s.style})
			}
		}
	}
	if len(now) > 0 {
		out = append(out, now)
	}
	return out
}

// plainText is inline Markdown as it is shown, without its markup.
func plainText(text string) string {
	var b strings.Builder
	for _, s := range inline(text) {
		b.WriteString(s.text)
	}
	return b.String()
}
