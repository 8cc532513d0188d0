package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// Message is a notice in words: the same five parts for every channel, which cuts them to what its far end takes.
// All text is clean: one line each, without control characters. What it may mean in the markup of a far end is for
// the channel to escape.
type Message struct {
	Key      string // the finding's id, the same for everything that is told of it
	State    State
	Severity model.Severity
	Test     bool

	Title string   // what happened to what: StopLogging on trail/org-trail, account 111122223333
	Blind string   // what is not recorded, and since when; for a finding that is resolved what was not, and how long
	Who   string   // who did it, from where and with what; "" where nobody did
	Do    []string // commands that can be pasted, in their order; one of cairn's that says more where there is none
	More  int      // how many commands there are besides
	Links []Link
	Facts []Fact // what somebody may want to look up

	At       time.Time // when it happened, or was seen
	Repeated bool      // the channel was told of it before

	Notice Notice // all that is known, for far ends that take data
}

// Link is a place to look, at AWS.
type Link struct{ Text, URL string }

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// Word is the state or the severity, as the first word that somebody reads: EXTREME, VERY HIGH, UNKNOWN, RESOLVED, TEST.
func (m Message) Word() string {
	switch {
	case m.Test:
		return "TEST"
	case m.State == Resolved:
		return "RESOLVED"
	case m.Notice.Finding.Status == model.StatusUnknown:
		return "UNKNOWN"
	}
	return strings.ToUpper(strings.ReplaceAll(m.Severity.String(), "-", " "))
}

// Headline is the word and the title.
func (m Message) Headline() string { return m.Word() + "  " + m.Title }

// Lead says what the second part is about: what is so now, or what was.
func (m Message) Lead() string {
	switch {
	case m.Blind == "":
		return ""
	case m.Notice.Finding.RealTime == nil && m.State == Open:
		return "What"
	case m.State == Resolved:
		return "Was"
	case len(m.Notice.Finding.Cause.Lost) > 0:
		return "Blind now"
	}
	return "What"
}

// Commands are a line for each command, and one that says how many more there are.
func (m Message) Commands() []string {
	switch {
	case m.More == 0:
		return m.Do
	case len(m.Do) == 0:
		return []string{"# " + model.Count(m.More, "command", "commands") + ", too long for this place"}
	}
	return append(slices.Clip(m.Do), moreCommands(m.More))
}

func moreCommands(n int) string { return fmt.Sprintf("# and %d more", n) }

// Text is the whole message in plain text.
func (m Message) Text() string {
	lines := []string{m.Headline()}
	part := func(name, text string) {
		if text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	part(m.Lead(), m.Blind)
	part("Who", m.Who)
	for _, command := range m.Commands() {
		part("Do", command)
	}
	for _, l := range m.Links {
		part(l.Text, l.URL)
	}
	for _, f := range m.Facts {
		part(f.Name, f.Value)
	}
	return strings.Join(lines, "\n")
}
