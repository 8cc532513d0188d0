package report

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The widths that text uses: a wider terminal does not make longer lines readable, and below the least a
// wrapped line holds no sentence.
const (
	leastWidth   = 40
	defaultWidth = 80
	mostWidth    = 120
)

// sheet is text on its way out, wrapped and cleaned. Its first write error is kept and told by flush.
type sheet struct {
	out   *bufio.Writer
	style Style
	width int
}

func newSheet(out io.Writer, style Style) *sheet {
	width := style.Width
	if width == 0 {
		width = defaultWidth
	}
	return &sheet{bufio.NewWriter(out), style, min(max(width, leastWidth), mostWidth)}
}

func (s *sheet) flush() error { return s.out.Flush() }

// raw writes a line as it is, so that what is pasted from it is whole: it is cleaned but never wrapped.
func (s *sheet) raw(indent int, text string) { s.line(indent, s.clean(text)) }

func (s *sheet) blank() { s.write("\n") }

// para writes a paragraph; every line after the first is indented by hang.
func (s *sheet) para(indent, hang int, text string) {
	s.hanging(strings.Repeat(" ", indent), hang, s.wrap(text, s.width-indent, s.width-hang))
}

// hanging writes lines that were wrapped, the first behind a lead, the others indented.
func (s *sheet) hanging(lead string, hang int, lines []string) {
	for _, l := range lines {
		s.write(lead)
		s.write(l)
		s.write("\n")
		lead = strings.Repeat(" ", hang)
	}
}

func (s *sheet) line(indent int, text string) {
	s.hanging(strings.Repeat(" ", indent), 0, []string{text})
}

// write leaves an error to flush: a bufio.Writer remembers its first one.
func (s *sheet) write(text string) { s.out.WriteString(text) } //nolint:errcheck,gosec // kept by the writer

// wrap cleans a text and breaks it between words.
func (s *sheet) wrap(text string, first, rest int) []string {
	return fill(strings.Fields(s.clean(text)), first, rest)
}

// fill puts words into lines. One that is longer than a line, such as an ARN, is left whole.
func fill(words []string, first, rest int) []string {
	var lines []string
	line, width := "", first
	for _, word := range words {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line, width = word, rest
		}
	}
	return append(lines, line)
}

// clean makes a text safe for a terminal: names and messages come from AWS, and whoever named a trail or wrote
// a policy's message may not move the cursor, hide text or turn its direction.
func (s *sheet) clean(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case !unicode.IsPrint(r), s.style.ASCII && r > unicode.MaxASCII:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func columns(s string) int { return utf8.RuneCountInString(s) }

// pad fills a word up to a width.
func pad(word string, width int) string {
	return word + strings.Repeat(" ", max(0, width-columns(word)))
}

// colored fills a word up to a width, and colours the word alone.
func (s *sheet) colored(word string, width int) string {
	padded := pad(word, width)
	if code := colors[word]; code != "" && s.style.Color {
		return "\x1b[" + code + "m" + word + "\x1b[0m" + padded[len(word):]
	}
	return padded
}

// colors are the ANSI codes of the words that are coloured: nothing else is.
var colors = map[string]string{
	"EXTREME": "1;31", "VERY-HIGH": "1;31", "HIGH": "31", "MEDIUM": "33", "LOW": "36", wordUnknown: "35", wordPass: "32",
	wordResolved: "32", wordExcepted: "35",
}
