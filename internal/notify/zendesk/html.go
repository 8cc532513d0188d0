package zendesk

import (
	"html"
	"strings"

	"cairn.example/internal/notify"
)

// A comment has at most 64 KB. A text of mostText characters is far below that, however much of it is escaped.
const (
	mostSubject = 150
	mostText    = 8000
)

func subject(m notify.Message) string { return notify.Cut(unmarked(m.Headline()), mostSubject) }

// comment is the message in the HTML that Zendesk takes: as plain text it would read Markdown in it.
func (c *channel) comment(m notify.Message) *comment {
	return &comment{HTML: page(m.Within(mostText)), Public: c.public}
}

func page(m notify.Message) string {
	var b strings.Builder
	part := func(lead, text string) {
		if text != "" {
			b.WriteString("<p><strong>" + escape(lead) + ":</strong> " + escape(text) + "</p>\n")
		}
	}
	b.WriteString("<p><strong>" + escape(m.Headline()) + "</strong></p>\n")
	if told := m.Told(); told != "" {
		b.WriteString("<p>" + escape(told) + "</p>\n")
	}
	part(m.Lead(), m.Blind)
	part("Who", m.Who)
	if commands := m.Commands(); len(commands) > 0 {
		b.WriteString("<p><strong>Do:</strong></p>\n<pre><code>" + escape(strings.Join(commands, "\n")) + "</code></pre>\n")
	}
	if links := anchors(m.Links); links != "" {
		b.WriteString("<p>" + links + "</p>\n")
	}
	var facts []string
	for _, f := range m.Facts {
		if f.Value != "" {
			facts = append(facts, escape(f.Name)+": "+escape(f.Value))
		}
	}
	b.WriteString("<p>" + strings.Join(facts, "<br>\n") + "</p>\n")
	return b.String()
}

func anchors(links []notify.Link) string {
	var out []string
	for _, l := range links {
		out = append(out, `<a href="`+escape(l.URL)+`">`+escape(l.Text)+"</a>")
	}
	return strings.Join(out, " · ")
}

func escape(text string) string { return html.EscapeString(unmarked(text)) }

// unmarked is text without placeholders, which Zendesk fills in wherever they stand: {{ticket.title}}, {% if %}. A space
// takes that from them, and leaves what they say.
func unmarked(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(text[i])
		if text[i] == '{' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '%') {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
