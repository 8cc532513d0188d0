package notify

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cairn.example/internal/model"
)

// moreCommands stands in place of commands that are not told.
const moreCommands = "# and %d more"

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
	for _, line := range doLines(m.Do) {
		commands += length(line) + 1
	}
	m.Blind = Cut(m.Blind, max(rest/2, rest-commands))
	m.Do = fitCommands(m.Do, rest-length(m.Blind))
	return m
}

func cutFacts(all []Fact, n int) []Fact {
	var out []Fact
	for _, f := range all {
		out = append(out, Fact{f.Name, Cut(f.Value, n)})
	}
	return out
}

// fitCommands gives as many whole commands as the plain text has room for, and says how many more there are.
func fitCommands(all []string, room int) []string {
	if kept, left := Whole(doLines(all), room); left == 0 {
		return all[:len(kept)]
	}
	count := len(all)
	var more int
	if _, err := fmt.Sscanf(all[count-1], moreCommands, &more); err == nil {
		all, count = all[:count-1], count-1+more
	}
	last := doLines([]string{fmt.Sprintf(moreCommands, count)})[0]
	kept, _ := Whole(doLines(all), room-length(last)-1)
	if len(kept) == 0 {
		return []string{"# " + model.Count(count, "command", "commands") + ", too long for this place"}
	}
	return append(all[:len(kept):len(kept)], fmt.Sprintf(moreCommands, count-len(kept)))
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
