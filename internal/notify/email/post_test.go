package email_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

const (
	user, password = "cairn", "correct-horse battery"
	from, to       = "Cairn <cairn@example.com>", "soc@example.com"
)

// office is a mail server and the mailboxes behind it.
type office struct {
	t        *testing.T
	mu       sync.Mutex
	boxes    map[string][]letter
	all      []letter
	fault    map[string]error // by step: hello, auth, mail, rcpt ADDRESS, data
	hang     bool             // after the message was given
	drop     bool
	done     chan struct{}
	sessions int
	at       time.Time
	late     time.Duration        // how far a message's date may be from that
	turned   map[*smtp.Conn]error // away
}

// letter is a message as its reader sees it.
type letter struct {
	raw    string
	header mail.Header
	text   string
	html   string
}

func (o *office) open(t *testing.T, encrypted string) (net.Addr, *tls.Config) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate, which is one of 127.0.0.1
	t.Cleanup(web.Close)
	server := smtp.NewServer(smtp.BackendFunc(o.session))
	server.Domain, server.EnableSMTPUTF8, server.ErrorLog = "mx.example.com", true, quiet{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{Certificates: web.TLS.Certificates}
	switch encrypted {
	case "none":
		server.AllowInsecureAuth = true
	case "implicit":
		listener = tls.NewListener(listener, trust)
	default:
		server.TLSConfig = trust
	}
	go func() { _ = server.Serve(listener) }()
	o.done = make(chan struct{})
	t.Cleanup(func() {
		close(o.done)
		server.Close()
	})
	return listener.Addr(), trust
}

// start opens an office and gives the far end.
func start(t *testing.T, encrypted string, pairs ...string) (*office, *channeltest.Far) {
	t.Helper()
	o := &office{t: t, boxes: map[string][]letter{}, fault: map[string]error{}, at: now}
	address, _ := o.open(t, encrypted)
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	far := &channeltest.Far{
		Silent: true, Shown: o.shown, Break: o.breaks, Requests: o.requests,
		Secrets: []string{password, base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))},
		Env:     notify.Env{HTTP: web.Client(), Now: o.now},
	}
	far.Settings = channeltest.Settings(append(pairs, "host", host, "port", port, "tls", encrypted, "user", user, "password", password, "from", from, "to", to)...)
	return o, far
}

func (o *office) breaks(f channeltest.Fault) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	code := func(code int, text string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
	}
	switch f {
	case channeltest.Throttled:
		o.fault["mail"] = code(451, "too many messages")
	case channeltest.Down:
		o.fault["hello"] = code(421, "closing")
	case channeltest.Refusing:
		o.fault["rcpt "+to] = code(550, "no such user")
	case channeltest.Forbidden:
		o.fault["auth"] = code(535, "not "+base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password))+" nor "+password)
	case channeltest.Slow:
		o.hang = true
	case channeltest.Dead:
		o.drop = true
	}
	return true
}

func (o *office) requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sessions
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

func (o *office) wait(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at = o.at.Add(d)
}

// next is what goes wrong at a step, once.
func (o *office) next(step string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.fault[step]
	delete(o.fault, step)
	return err
}

func (o *office) shown() []channeltest.Shown {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []channeltest.Shown
	for _, l := range o.all {
		out = append(out, channeltest.Shown{Text: l.text, Open: !strings.HasPrefix(l.text, "RESOLVED")})
	}
	return out
}

func (o *office) session(c *smtp.Conn) (smtp.Session, error) {
	o.mu.Lock()
	o.sessions++
	o.mu.Unlock()
	if c.Hostname() != "example.com" {
		o.t.Errorf("it says hello as %q", c.Hostname())
	}
	err := o.next("hello")
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.turned = map[*smtp.Conn]error{c: err}
	}
	if err := o.turned[c]; err != nil { // whatever it says hello by
		return nil, err
	}
	return &session{office: o, conn: c}, nil
}

// session is one connection, which carries one message.
type session struct {
	*office
	conn *smtp.Conn
	in   bool
	to   []string
}

func (s *session) AuthMechanisms() []string { return []string{"PLAIN", "LOGIN"} }

func (s *session) Auth(mech string) (sasl.Server, error) {
	if mech != sasl.Plain {
		s.t.Errorf("it logs in by %s", mech)
	}
	return sasl.NewPlainServer(func(_, name, secret string) error {
		if err := s.next("auth"); err != nil {
			return err
		}
		if name != user || secret != password {
			return smtp.ErrAuthFailed
		}
		s.in = true
		return nil
	}), nil
}

func (s *session) Mail(address string, options *smtp.MailOptions) error {
	if !s.in || address != "cairn@example.com" || options.UTF8 {
		s.t.Errorf("from %q, logged in %v, %+v", address, s.in, options)
	}
	return s.next("mail")
}

func (s *session) Rcpt(address string, _ *smtp.RcptOptions) error {
	if err := s.next("rcpt " + address); err != nil {
		return err
	}
	s.to = append(s.to, address)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	hang, drop := s.hang, s.drop
	s.hang, s.drop = false, false
	s.mu.Unlock()
	switch {
	case hang:
		<-s.done
		return errors.New("too late")
	case drop:
		return s.conn.Conn().Close()
	}
	if err := s.next("data"); err != nil {
		return err
	}
	l := s.read(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, l)
	for _, a := range s.to {
		s.boxes[a] = append(s.boxes[a], l)
	}
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// read takes a message apart as strictly as the RFCs allow.
func (s *session) read(raw []byte) letter {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) || bytes.ContainsFunc(raw, func(r rune) bool { return r > 126 || r < ' ' && r != '\r' && r != '\n' }) {
		s.t.Error("a line does not end in CRLF, or a character is not ASCII")
	}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 {
			s.t.Errorf("a line of %d characters", len(line))
		}
	}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		name, _, ok := strings.Cut(line, ":")
		if len(line) > 78 && !strings.HasPrefix(line, " ") || !ok && !strings.HasPrefix(line, " ") {
			s.t.Errorf("a header line of %d characters: %q", len(line), line)
		}
		if strings.HasPrefix(line, " ") {
			continue
		}
		if !slices.Contains(headers, name) || seen[name] {
			s.t.Errorf("header %q is not wanted, or not twice", name)
		}
		seen[name] = true
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		s.t.Fatalf("read the message: %v", err)
	}
	l := letter{raw: string(raw), header: m.Header}
	l.text, l.html = s.parts(m)
	s.check(l)
	return l
}

var headers = []string{
	"Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Auto-Submitted", "X-Auto-Response-Suppress",
	"X-Cairn-Finding", "X-Cairn-Severity", "X-Cairn-State",
}

func (s *session) check(l letter) {
	if at, err := l.header.Date(); err != nil || at.Sub(s.now()).Abs() > s.late {
		s.t.Errorf("dated %v: %v", at, err)
	}
	id := regexp.MustCompile(`^<cairn\.[0-9a-f]{16}\.[0-9a-z-]+@example\.com>$`)
	if !id.MatchString(l.header.Get("Message-Id")) || l.header.Get("Auto-Submitted") != "auto-generated" {
		s.t.Errorf("the header is %v", l.header)
	}
	if first := l.header.Get("References"); first != l.header.Get("In-Reply-To") || first != "" && !id.MatchString(first) || (first != "") != strings.HasPrefix(l.subject(), "Re: [") {
		s.t.Errorf("it refers to %q, under %q", first, l.subject())
	}
	found := l.header.Get("X-Cairn-Finding")
	if !strings.Contains(l.text, "Finding: "+found) || !strings.Contains(l.html, found) {
		s.t.Errorf("the finding %q is not in both texts", found)
	}
}

func (l letter) subject() string {
	text, err := new(mime.WordDecoder).DecodeHeader(l.header.Get("Subject"))
	if err != nil {
		return err.Error()
	}
	return text
}

func (s *session) parts(m *mail.Message) (text, html string) {
	kind, with, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		s.t.Fatalf("the message is %q: %v", kind, err)
	}
	r := multipart.NewReader(m.Body, with["boundary"])
	var out []string
	for _, want := range []string{"text/plain", "text/html"} {
		part, err := r.NextRawPart()
		if err != nil {
			s.t.Fatal(err)
		}
		kind, with, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != want || strings.ToLower(with["charset"]) != "utf-8" || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			s.t.Errorf("a part with %v: %v", part.Header, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			s.t.Error(err)
		}
		out = append(out, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	if _, err := r.NextRawPart(); !errors.Is(err, io.EOF) {
		s.t.Errorf("a third part: %v", err)
	}
	return out[0], s.visible(out[1])
}

// elements are all that a message may be made of, with their attributes.
var elements = map[string]string{
	"html": "lang", "head": "", "meta": "charset name content", "title": "", "body": "style", "div": "style", "p": "style", "h1": "style", "b": "", "span": "style",
	"pre": "style", "a": "href", "table": "role cellpadding cellspacing style", "tr": "", "td": "style",
}

// visible is what a page shows. It is well-formed, links to AWS alone, and runs and loads nothing.
func (s *session) visible(page string) string {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	var b strings.Builder
	hidden := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return strings.TrimSpace(b.String())
		}
		if err != nil {
			s.t.Errorf("the page is not well-formed: %v\n%s", err, page)
			return ""
		}
		switch e := token.(type) {
		case xml.StartElement:
			s.element(e)
			hidden = e.Name.Local == "title"
		case xml.EndElement:
			hidden = false
		case xml.CharData:
			if !hidden {
				b.Write(e)
			}
		case xml.Comment:
			s.t.Errorf("a comment: %s", e)
		}
	}
}

func (s *session) element(e xml.StartElement) {
	allowed, ok := elements[e.Name.Local]
	if !ok {
		s.t.Errorf("active markup: <%s>", e.Name.Local)
	}
	for _, a := range e.Attr {
		if !slices.Contains(strings.Fields(allowed), a.Name.Local) {
			s.t.Errorf("active markup: <%s %s>", e.Name.Local, a.Name.Local)
		}
		if a.Name.Local == "href" && !regexp.MustCompile(`^https://[a-z0-9-]+\.console\.aws\.amazon\.com/[^\s<>"]+$`).MatchString(a.Value) {
			s.t.Errorf("a link to %q", a.Value)
		}
		if a.Name.Local == "style" && (strings.Contains(a.Value, "url(") || strings.Contains(a.Value, "ZgotmplZ")) {
			s.t.Errorf("a style of %q", a.Value)
		}
	}
}

// quiet keeps connections that a test broke off out of its output.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
