package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"cairn.example/internal/notify"
)

// How long a message may be, in characters: a mailbox hides what is beyond about 100 KB of HTML.
const (
	mostText    = 20_000
	mostSubject = 150
)

// write is a message as it goes over the line, RFC 5322.
func (c *channel) write(m notify.Message, t thread) ([]byte, error) {
	m = m.Within(mostText)
	html, err := page(m)
	if err != nil {
		return nil, fmt.Errorf("draw it: %w", err)
	}
	plain := text(m)
	mail := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary(boundary(plain, html)))
	mail.FromMailAddress(c.from)
	mail.ToMailAddress(c.to...)
	mail.Subject(subject(m, t))
	mail.SetDateWithValue(c.now())
	mail.SetMessageIDWithValue(t.Sent)
	if t.again() {
		mail.SetGenHeader(gomail.HeaderInReplyTo, "<"+t.First+">")
		mail.SetGenHeader(gomail.HeaderReferences, "<"+t.First+">")
	}
	mail.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no reply of a program, please
	mail.SetGenHeader("X-Auto-Response-Suppress", "All")  // and the same for Exchange
	for name, value := range map[gomail.Header]string{"Finding": m.Key, "State": string(m.State), "Severity": m.Severity.String()} {
		mail.SetGenHeader("X-Cairn-"+name, oneLine(value)) // for filters of the mailbox
	}
	mail.SetBodyString(gomail.TypeTextPlain, plain)
	mail.AddAlternativeString(gomail.TypeTextHTML, html)
	var b bytes.Buffer
	_, err = mail.WriteTo(&b)
	return b.Bytes(), err
}

// boundary is what ends a part. No name in a text can: none holds a digest of what it stands in.
func boundary(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return "cairn_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// subject is the word and what all messages of the thread have in common: mailboxes that go by the subject look neither
// at what is in brackets nor at Re.
func subject(m notify.Message, t thread) string {
	out := "[" + m.Word() + "] " + notify.Cut(oneLine(t.Title), mostSubject)
	if t.again() {
		return "Re: " + out
	}
	return out
}

// oneLine keeps a header from becoming two, whoever wrote what is in it.
func oneLine(text string) string { return notify.Clean(text) }

// text is the message for those who read plain text.
func text(m notify.Message) string {
	var b strings.Builder
	paragraph := func(lines ...string) {
		if said := strings.Join(lines, "\n"); said != "" {
			b.WriteString(said + "\n\n")
		}
	}
	paragraph(m.Headline())
	paragraph(m.Told())
	paragraph(named(m.Lead(), m.Blind)...)
	paragraph(named("Who", m.Who)...)
	if commands := m.Commands(); len(commands) > 0 {
		paragraph("Do:\n  " + strings.Join(commands, "\n  "))
	}
	var links, facts []string
	for _, l := range m.Links {
		links = append(links, named(l.Text, l.URL)...)
	}
	for _, f := range m.Facts {
		facts = append(facts, named(f.Name, f.Value)...)
	}
	paragraph(links...)
	paragraph(facts...)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func named(name, text string) []string {
	if text == "" {
		return nil
	}
	return []string{name + ": " + text}
}
