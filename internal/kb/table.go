package kb

import (
	"slices"
	"strings"
)

const (
	columnGap = 2
	hanging   = 2 // of what continues a cell, so that it is not taken for the next row
	minColumn = 5
	// maxColumns is what the narrowest layout holds at minColumn each.
	maxColumns = 5
)

// table lays out rows in columns that fit the width, without any drawing.
func (w *writer) table(b Block, indent, width int) {
	columns := fit(b, width)
	if len(b.Head) > 0 {
		w.row(b.Head, columns, indent, bold)
		var rules []string
		for _, c := range columns {
			rules = append(rules, strings.Repeat("-", c))
		}
		w.row(rules, columns, indent, "")
	}
	for _, r := range b.Rows {
		w.row(r, columns, indent, "")
	}
}

// fit gives each column the room it would like, and takes from the widest while that is too much. No column
// is squeezed below its longest word while another can still give way.
func fit(b Block, width int) []int {
	rows := b.Rows
	if len(b.Head) > 0 {
		rows = append([][]string{b.Head}, rows...)
	}
	want, least := make([]int, len(rows[0])), make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			all := line(words(inline(cell), width))
			want[i] = max(want[i], all.width(), 1)
			for _, one := range all {
				least[i] = max(least[i], one.width()+hanging)
			}
		}
	}
	room := width - columnGap*(len(want)-1)
	for sum(want) > room {
		i := widest(want, least)
		if want[i] <= minColumn {
			break
		}
		want[i]--
	}
	return want
}

func widest(want, least []int) int {
	best := -1
	for i, w := range want {
		if w > least[i] && (best < 0 || w > want[best]) {
			best = i
		}
	}
	if best < 0 {
		best = slices.Index(want, slices.Max(want))
	}
	return best
}

func sum(of []int) int {
	total := 0
	for _, n := range of {
		total += n
	}
	return total
}

func (w *writer) row(cells []string, columns []int, indent int, style string) {
	wrapped, height := make([][]line, len(cells)), 0
	for i, cell := range cells {
		wrapped[i] = wrapCell(cell, columns[i])
		height = max(height, len(wrapped[i]))
	}
	for h := range height {
		var b strings.Builder
		gap := indent
		for i, lines := range wrapped {
			if h >= len(lines) {
				gap += columns[i] + columnGap
				continue
			}
			in := 0
			if h > 0 {
				in = min(hanging, columns[i]-1)
			}
			b.WriteString(strings.Repeat(" ", gap+in))
			b.WriteString(paint(lines[h].text(w.color && style == ""), style, w.color))
			gap = max(columns[i]-in-lines[h].width(), 0) + columnGap
		}
		w.line(b.String())
	}
}

// wrapCell leaves room for the hanging indent on every line but the first, and cuts words that would not fit.
func wrapCell(text string, width int) []line {
	if one := wrap(text, width); len(one) <= 1 && (len(one) == 0 || one[0].width() <= width) {
		return one
	}
	room := max(width-hanging, 1)
	var out []line
	for _, l := range wrap(text, room) {
		if len(l) == 1 && l.width() > room {
			out = append(out, cut(l[0].String(), room)...)
			continue
		}
		out = append(out, l)
	}
	return out
}

func cut(text string, width int) []line {
	var out []line
	for part := range slices.Chunk([]rune(text), width) {
		out = append(out, line{{{text: string(part)}}})
	}
	return out
}
