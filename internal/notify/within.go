package notify

import (
	"strings"
	"unicode/utf8"

	"cairn.example/internal/model"
)

// Clean is text on one line in which nothing is hidden, as all text of a [Message] is: for what a channel takes from the
// notice itself.
func Clean(text string) string { return clean(text) }

// Within is the message with its parts cut so that its plain text has at most n characters, for an n of 1000 or more. A
// command is left out whole, and how many there are besides is said; the word and the finding's id always stay.
func (m Message) Within(n int) Message {
	if length(m.Text()) <= n {
		return m
	}
	m.Title, m.Who, m.Facts = Cut(m.Title, n/8), Cut(m.Who, n/8), cutFacts(m.Facts, n/32)
	bare := m
	bare.Blind, bare.Do = "", nil
	if length(bare.Text()) > n*3/4 {
		m.Links, bare.Links = nil, nil
	}
	lead := length("\n" + m.Lead() + ": ")
	rest, commands := n-length(bare.Text())-lead, 0
	for _, line := range doLines(m.Commands()) {
		commands += length(line) + 1
	}
	m.Blind = Cut(m.Blind, max(rest/2, rest-commands))
	return m.fitCommands(rest - length(m.Blind))
}

func cutFacts(all []Fact, n int) []Fact {
	var out []Fact
	for _, f := range all {
		out = append(out, Fact{f.Name, Cut(f.Value, n)})
	}
	return out
}

// fitCommands is the message with as many whole commands as the plain text has room for, and how many more there are.
func (m Message) fitCommands(room int) Message {
	if lines := doLines(m.Commands()); len(Whole(lines, room)) == len(lines) {
		return m
	}
	count := len(m.Do) + m.More
	last := doLines([]string{moreCommands(count)})
	kept := len(Whole(doLines(m.Do), room-length(last[0])-1))
	m.Do, m.More = m.Do[:kept], count-kept
	return m
}

// doLines are the commands as the plain text has them.
func doLines(commands []string) []string {
	out := make([]string, len(commands))
	for i, command := range commands {
		out[i] = "Do: " + command
	}
	return out
}

func length(text string) int { return utf8.RuneCountInString(text) }

// Told says what became of a finding that the channel was told of before: Now EXTREME, it was HIGH. It is "" where
// nothing was told, and where the message says all that is new.
func (m Message) Told() string {
	n := m.Notice
	switch {
	case n.Before == "" || m.State != Open:
		return ""
	case n.Before == Resolved:
		return "Open again."
	case n.Was != 0 && n.Was != m.Severity:
		return "Now " + words(m.Severity) + ", it was " + words(n.Was) + "."
	}
	return ""
}

func words(s model.Severity) string { return strings.ToUpper(strings.ReplaceAll(s.String(), "-", " ")) }
