package kb

import (
	"fmt"
	"strings"
)

// Widths between which a page is laid out: narrower cannot be read, wider neither.
const (
	minWidth = 40
	maxWidth = 120
)

// writer writes a page for a terminal.
type writer struct {
	out   strings.Builder
	color bool
}

func (w *writer) line(text string) {
	w.out.WriteString(strings.TrimRight(text, " "))
	w.out.WriteByte('\n')
}

// Render writes the page for a terminal of that width, in the manner of a manual page. Code is never wrapped.
// Colour adds nothing that the text does not say.
func Render(p Page, width int, color bool) string {
	width = min(max(width, minWidth), maxWidth)
	w := &writer{color: color}
	for _, l := range wrap(p.Title, width) {
		w.line(paint(l.text(false), bold, color))
	}
	if len(p.Card.Rows) > 0 {
		w.line("")
		w.block(p.Card, 2, width, "")
	}
	for _, s := range p.Sections {
		title, indent := strings.ToUpper(s.Title), 2
		if s.Level > 2 {
			title, indent = s.Title, 4
		}
		w.line("")
		for _, l := range wrap(title, width-indent) {
			w.line(strings.Repeat(" ", indent-2) + paint(l.text(false), bold, color))
		}
		for i, b := range s.Blocks {
			if i > 0 {
				w.line("")
			}
			look := ""
			if s.failing(b) {
				look = highlight
			}
			w.block(b, indent, width, look)
		}
	}
	return w.out.String()
}

// failing tells that a block shows what a trail that fails answers: whatever the audit by CLI shows and is no command.
func (s Section) failing(b Block) bool {
	return b.Kind == Code && !isCommand(b.Lang) && s.Parent == audit && s.Title == auditCLI
}

func isCommand(lang string) bool { return lang == "sh" || lang == "bash" || lang == "console" }

func (w *writer) block(b Block, indent, width int, look string) {
	room := width - indent
	margin := strings.Repeat(" ", indent)
	switch b.Kind {
	case Paragraph:
		for _, l := range wrap(b.Text, room) {
			w.line(margin + l.text(w.color))
		}
	case List:
		for i, item := range b.Items {
			mark := "- "
			if b.Ordered {
				mark = fmt.Sprintf("%d. ", i+1)
			}
			for j, l := range wrap(item, room-len(mark)) {
				if j > 0 {
					mark = strings.Repeat(" ", len(mark))
				}
				w.line(margin + mark + l.text(w.color))
			}
		}
	case Code:
		for l := range strings.SplitSeq(b.Text, "\n") {
			if strings.TrimSpace(l) == "" {
				w.line("")
				continue
			}
			w.line(margin + "  " + paint(l, look, w.color))
		}
	case Table:
		w.table(b, indent, room)
	}
}
