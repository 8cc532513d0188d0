// Package email sends findings as email through a server that submits it: text and HTML, one thread a finding. The first
// message of a finding has a Message-ID that follows from the finding alone, so that most servers drop a repeat; all
// others refer to it.
package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// Kind is people with a mailbox.
var Kind = notify.Kind{
	Name: "email", Title: "Email (SMTP)", New: open,
	Settings: []notify.Setting{
		{Name: "host", Required: true, Check: checkHost, Help: "the server that takes your mail: smtp.example.com"},
		{Name: "port", Check: checkPort, Help: "587, with tls: implicit 465"},
		{Name: "tls", Default: starttls, Values: []string{starttls, implicit, none}, Help: "how the connection is encrypted; none only to this machine"},
		{Name: "user", Help: "whom cairn logs in as; nobody where it is left out"},
		{Name: "password", Secret: true, Help: "the user's password"},
		{Name: "auth", Default: "auto", Values: authNames(), Help: "how it logs in; auto takes the best that the server offers"},
		{Name: "from", Required: true, Check: checkAddress, Help: "whom the messages are from: cairn@example.com, or Cairn <cairn@example.com>"},
		{Name: "to", Required: true, List: true, Check: checkAddress, Help: "whom they are to"},
	},
}

// How a connection is encrypted.
const (
	starttls = "starttls" // RFC 3207, and refused without
	implicit = "implicit" // RFC 8314
	none     = "none"
)

func checkHost(host string) error {
	if host == "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:") != "" {
		return fmt.Errorf("%q: want the name of a server such as smtp.example.com; its port is a setting of its own", host)
	}
	if _, err := netip.ParseAddr(host); err != nil && strings.Contains(host, ":") {
		return fmt.Errorf("%q: set the port by its own setting", host)
	}
	return nil
}

func checkPort(port string) error {
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q: want a port such as 587", port)
	}
	return nil
}

func checkAddress(text string) error {
	_, err := parseAddress(text)
	return err
}

// parseAddress reads an address that every server takes: an address in other letters needs SMTPUTF8 on the whole way.
func parseAddress(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("%q: want an address such as soc@example.com", text)
	}
	if strings.Trim(a.Address, printable) != "" {
		return nil, fmt.Errorf("%q: want an address in ASCII; a domain in other letters has such a form too (xn--…)", text)
	}
	return a, nil
}

const printable = "!#$%&'*+-./0123456789=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"

type channel struct {
	server server
	from   *mail.Address
	to     []*mail.Address
	now    func() time.Time
}

func open(s notify.Settings, e notify.Env) (notify.Channel, error) {
	c := &channel{now: e.Now}
	var err error
	if c.from, err = parseAddress(s.Get("from")); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	for _, text := range s.All("to") {
		to, err := parseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
		c.to = append(c.to, to)
	}
	c.server, err = serverOf(s, e)
	c.server.hello = c.domain()
	return c, err
}

// serverOf is the server of the settings. It is trusted by the same roots as those that speak HTTP.
func serverOf(s notify.Settings, e notify.Env) (server, error) {
	out := server{
		host: s.Get("host"), tls: cmp.Or(s.Get("tls"), starttls), user: s.Get("user"), password: s.Get("password"), auth: cmp.Or(s.Get("auth"), "auto"),
	}
	switch {
	case out.tls == none && !notify.ThisMachine(out.host):
		return out, errors.New("tls: none sends everything in clear: it is for this machine alone (127.0.0.1, localhost)")
	case out.user != "" && out.password == "":
		return out, errors.New("a user without a password: set password, or leave user out")
	}
	out.port, _ = strconv.Atoi(s.Get("port")) // 0 where it is not set; where it is, its Check has seen it
	if out.port == 0 {
		out.port = map[string]int{implicit: 465}[out.tls]
	}
	out.port = cmp.Or(out.port, 587)
	out.trust = &tls.Config{ServerName: out.host, MinVersion: tls.VersionTLS12}
	if e.HTTP != nil {
		if t, ok := e.HTTP.Transport.(*http.Transport); ok && t.TLSClientConfig != nil {
			out.trust.RootCAs = t.TLSClientConfig.RootCAs
		}
	}
	return out, nil
}

// domain is where the messages are from.
func (c *channel) domain() string {
	_, domain, _ := strings.Cut(c.from.Address, "@")
	return domain
}

// Show sends one more message, to everybody who did not get it by an earlier attempt. Its ref is the finding's thread.
func (c *channel) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	t := c.next(m, resume(ref))
	text, err := c.write(m, t)
	if err != nil {
		return ref, notify.Refuse("write the message: %w", err)
	}
	got, err := c.server.send(ctx, letter{from: c.from.Address, to: t.missing(c.to), text: text})
	t.got(got)
	switch {
	case err == nil:
		return t.done().String(), nil
	case len(t.To) == 0: // as before
		why := notify.FailureOf(err)
		why.Some = false
		return ref, why
	}
	why := notify.FailureOf(err)
	if !why.Some {
		return t.String(), why
	}
	if t.Tries++; why.Failure == notify.Later && t.Tries < mostTries {
		return t.String(), why
	}
	why.Failure = notify.Refused // the channel is open: somebody got it
	why.Err = fmt.Errorf("%d of %d recipients did not get it: %w", len(t.missing(c.to)), len(c.to), why.Err)
	return t.done().String(), why
}

// mostTries is how often a recipient is tried who is to be tried later, while others have the message: a quarter of an
// hour or so, as the worker waits in between.
const mostTries = 10

// next is the thread with the message that is to be sent: its first, the same again where not everybody got it, or one
// that refers to the first.
func (c *channel) next(m notify.Message, t thread) thread {
	told := notify.Digest(fmt.Sprintf("%s %s %d", m.State, m.Severity, m.Notice.Opened.Unix()))
	switch {
	case t.First == "" || m.Test:
		id := c.first(m)
		return thread{First: id, Title: m.Title, Sent: id, Told: told}
	case t.Sent != "" && t.Told == told:
		return t
	}
	return thread{First: t.First, Title: t.Title, Sent: c.id(m.Key, strconv.FormatInt(m.Notice.Version, 10)), Told: told}
}

// id is the Message-ID of what is told of a finding.
func (c *channel) id(key, what string) string {
	return "cairn." + key + "." + what + "@" + c.domain()
}

// first is the Message-ID of the first message of a finding: the same again after a crash. Each trial is a new one.
func (c *channel) first(m notify.Message) string {
	if m.Test {
		return c.id(m.Key, "test-"+strconv.FormatInt(c.now().UnixNano(), 10))
	}
	return c.id(m.Key, strconv.FormatInt(m.Notice.Opened.Unix(), 10))
}
