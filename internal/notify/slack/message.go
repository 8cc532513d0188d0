package slack

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// Slack's limits, in characters.
const (
	mostHeader   = 150
	mostText     = 3000  // of a text object; rich text has no limit of its own, and is kept to the same
	mostFallback = 1000  // what a notification shows of it is far less
	mostJSON     = 12000 // of all blocks; about 13,200 are refused (msg_blocks_too_long), which is not documented
)

// rooms are how long a message may be, the first that fits Slack's limit of all blocks.
var rooms = []int{6000, 3000, 2000, 1000}

// post is a message as both the webhook and the Web API take it. The bot fills in where it goes.
type post struct {
	Channel     string             `json:"channel,omitempty"`
	TS          string             `json:"ts,omitempty"` // of the message that is updated
	Thread      string             `json:"thread_ts,omitempty"`
	Broadcast   bool               `json:"reply_broadcast,omitempty"`
	Text        string             `json:"text"` // for notifications and screen readers
	Blocks      []slack.Block      `json:"blocks"`
	Attachments []slack.Attachment `json:"attachments"`
	Unfurl      bool               `json:"unfurl_links"`
	UnfurlMedia bool               `json:"unfurl_media"`
}

// compose draws a message: headline, rich text, and what somebody may look up beside a bar in the severity's colour.
func compose(m notify.Message) post {
	var p post
	for _, room := range rooms {
		short := m.Within(room)
		p = post{
			Text: fit(strings.Join(lines(short.Headline(), label(short.Lead(), short.Blind)), "\n"), mostFallback),
			Blocks: []slack.Block{
				slack.NewHeaderBlock(plain(fit(short.Headline(), mostHeader))),
				slack.NewRichTextBlock("", body(short)...),
			},
			Attachments: []slack.Attachment{{Color: m.Colour(), Fallback: "Finding: " + m.Key, Blocks: slack.Blocks{BlockSet: []slack.Block{
				slack.NewContextBlock("", plain(fit(facts(short), mostText))),
			}}}},
		}
		if weight(p) <= mostJSON {
			break
		}
	}
	return p
}

// body is everything but the headline and the facts.
func body(m notify.Message) []slack.RichTextElement {
	var s section
	if utf8.RuneCountInString(escape(m.Headline())) > mostHeader {
		s.line("In full", m.Title)
	}
	s.line("", m.Told())
	s.line(m.Lead(), m.Blind)
	s.line("Who", m.Who)
	var out []slack.RichTextElement
	if commands := m.Commands(); len(commands) > 0 {
		s.name("Do:")
		out = append(out, slack.NewRichTextSection(s...), preformatted(strings.Join(commands, "\n")))
		s = nil
	}
	for i, l := range m.Links {
		if i > 0 {
			s.text(" · ")
		} else {
			s.name("")
		}
		s = append(s, slack.NewRichTextSectionLinkElement(l.URL, l.Text, nil))
	}
	if len(s) > 0 {
		out = append(out, slack.NewRichTextSection(s...))
	}
	return out
}

// section is rich text under construction. Its elements are shown as they are: there is no markup in them.
type section []slack.RichTextSectionElement

// line adds a line with its name in bold.
func (s *section) line(name, text string) {
	if text == "" {
		return
	}
	if name != "" {
		name += ": "
	}
	s.name(name)
	s.text(text)
}

// name begins a line.
func (s *section) name(text string) {
	if len(*s) > 0 {
		s.text("\n")
	}
	if text != "" {
		*s = append(*s, slack.NewRichTextSectionTextElement(text, &slack.RichTextSectionTextStyle{Bold: true}))
	}
}

// text adds a text in pieces that Slack takes.
func (s *section) text(text string) {
	for rest := []rune(text); len(rest) > 0; {
		n := min(len(rest), mostText)
		*s = append(*s, slack.NewRichTextSectionTextElement(string(rest[:n]), nil))
		rest = rest[n:]
	}
}

func preformatted(text string) *slack.RichTextPreformatted {
	var s section
	s.text(text)
	return &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: s}
}

func facts(m notify.Message) string {
	var out []string
	for _, f := range m.Facts {
		out = append(out, f.Name+": "+f.Value)
	}
	return strings.Join(out, " · ")
}

// reply is what is said in the thread of a message that changed, where people must see that it did. What is worse than
// they know is shown in the channel too.
func reply(m notify.Message) (post, bool) {
	change := m.Notice.Change()
	short := m.Within(rooms[len(rooms)-1])
	var s section
	switch change {
	case notify.Raised, notify.Reopened:
		s.line("", short.Told()+" "+short.Headline())
	case notify.Ended:
		s.line("Resolved", model.Moment(m.Notice.Resolved))
	case notify.First, notify.Same:
		return post{}, false
	}
	s.line(short.Lead(), short.Blind)
	p := post{Broadcast: change != notify.Ended, Blocks: []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(s...))}, Attachments: []slack.Attachment{}}
	p.Text = fit(strings.Join(lines(strings.TrimSpace(short.Told()+" "+short.Headline()), label(short.Lead(), short.Blind)), "\n"), mostFallback)
	return p, true
}

// plain is a text object that Slack does not parse.
func plain(escaped string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, escaped, false, false)
}

// escape writes the three characters that mean something in every text object of Slack's.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// fit escapes a text and cuts it so that it has at most n characters then, none of them a part of an escape.
func fit(text string, n int) string {
	for keep := n; ; {
		out := escape(notify.Cut(text, keep))
		over := utf8.RuneCountInString(out) - n
		if over <= 0 {
			return out
		}
		keep -= max(1, over/len("&amp;"))
	}
}

// weight is how long the blocks are where JSON is written in ASCII, as Slack's is: the longest that they can be meant.
func weight(p post) int {
	text, err := json.Marshal([]any{p.Blocks, p.Attachments})
	if err != nil {
		return 0 // the request fails on it
	}
	n := 0
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
			n++
		case r < 0x10000:
			n += len(`\u00fc`)
		default:
			n += len(`\ud83d\ude00`)
		}
	}
	return n
}

func label(name, text string) string {
	if text == "" {
		return ""
	}
	return name + ": " + text
}

// lines are those that say something.
func lines(all ...string) []string {
	var out []string
	for _, l := range all {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}
