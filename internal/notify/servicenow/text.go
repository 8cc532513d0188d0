package servicenow

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"cairn.example/internal/notify"
)

// How long ServiceNow's fields are: what is longer is cut by the instance without a word, and with it the finding's id.
const (
	mostHeadline = 160
	mostText     = 4000
	mostName     = 100 // of an event's node, resource, type and metric
)

func headline(m notify.Message) string { return notify.Cut(plain(m.Headline()), mostHeadline) }

func name(text string) string {
	return notify.Cut(plain(cmp.Or(notify.Clean(text), "unknown")), mostName)
}

// description is the whole message.
func description(m notify.Message) string { return fitted(m, mostText) }

// fitted is a message as text of at most so many characters. Escaping adds a character to two at most, so that what is cut
// to two thirds always fits, its last line included.
func fitted(m notify.Message, most int) string {
	text := plain(m.Within(most).Text())
	if utf8.RuneCountInString(text) > most {
		return plain(m.Within(most * 2 / 3).Text())
	}
	return text
}

// note is what a change adds to the work notes.
func note(m notify.Message) string {
	told := m.Told()
	if told != "" {
		told += "\n"
	}
	return told + fitted(changed(m), mostText-utf8.RuneCountInString(told))
}

// resolution is why an incident is resolved: what the settings want to say, and how it ended.
func resolution(before string, m notify.Message) string {
	if before != "" {
		before += "\n"
	}
	return before + fitted(changed(m), mostText-utf8.RuneCountInString(before))
}

// changed is a message without what stands in the incident since it was opened.
func changed(m notify.Message) notify.Message {
	m.Links = nil
	m.Facts = slices.DeleteFunc(slices.Clone(m.Facts), func(f notify.Fact) bool {
		return f.Name == "Account" || f.Name == "Region" || f.Name == "Rule"
	})
	return m
}

// plain is text that means nothing to a journal: there [code] begins HTML, and @[ calls a person. A space takes that
// from them, and leaves what they say.
func plain(text string) string {
	var b strings.Builder
	for i, r := range text {
		b.WriteRune(r)
		rest := text[i+1:]
		if r == '[' && code(rest) || r == '@' && strings.HasPrefix(rest, "[") {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func code(text string) bool {
	text = strings.TrimPrefix(text, "/")
	return len(text) >= 4 && strings.EqualFold(text[:4], "code")
}
