package kb

import "strings"

// line is words that stand beside each other.
type line []word

func (l line) width() int {
	n := max(0, len(l)-1)
	for _, w := range l {
		n += w.width()
	}
	return n
}

// wrap fills lines greedily. A word longer than the width keeps a line of its own: an address that is cut
// cannot be opened.
func wrap(text string, width int) []line {
	var out []line
	var now line
	room := 0
	for _, w := range words(inline(text), width) {
		if len(now) > 0 && room+1+w.width() > width {
			out, now = append(out, now), nil
		}
		if len(now) == 0 {
			now, room = line{w}, w.width()
			continue
		}
		now, room = append(now, w), room+1+w.width()
	}
	if len(now) > 0 {
		out = append(out, now)
	}
	return out
}

// text writes a line, with its looks if there is colour.
func (l line) text(color bool) string {
	var b strings.Builder
	for i, w := range l {
		if i > 0 {
			b.WriteByte(' ')
		}
		for _, s := range w {
			b.WriteString(paint(s.text, s.style, color))
		}
	}
	return b.String()
}

func paint(text, style string, color bool) string {
	if !color || style == "" || text == "" {
		return text
	}
	return style + text + reset
}
