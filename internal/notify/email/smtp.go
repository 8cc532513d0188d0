package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"cairn.example/internal/notify"
)

const (
	// sendWithin bounds one message, from the connection to the server's last word: within the worker's attempt, so that what
	// is kept of it is what the server said.
	sendWithin = notify.Attempt - 2*time.Second
	// unanswered is how long a server is left alone that was given a message and did not answer. It may be at it still, and
	// take each repeat, too.
	unanswered = time.Minute
)

// server is a server that takes mail, and how to get in.
type server struct {
	host, tls, user, password, auth, hello string
	port                                   int
	trust                                  *tls.Config
}

// letter is a message with its envelope.
type letter struct {
	from string
	to   []string
	text []byte
}

// auths are the ways to log in that can be asked for, and auto's order.
var auths = []struct {
	name string
	kind gomail.SMTPAuthType
}{
	{"scram-sha-256", gomail.SMTPAuthSCRAMSHA256},
	{"scram-sha-1", gomail.SMTPAuthSCRAMSHA1},
	{"plain", gomail.SMTPAuthPlain},
	{"login", gomail.SMTPAuthLogin},
	{"cram-md5", gomail.SMTPAuthCramMD5},
}

func authNames() []string {
	out := []string{"auto"}
	for _, a := range auths {
		out = append(out, a.name)
	}
	return out
}

// send hands a letter over and gives who of its recipients gets it. One that the server does not take keeps the others
// from nothing. Each letter has a connection of its own: one that was idle for minutes may be gone without a word, and
// then nobody knows whether the server took the letter.
func (s server) send(ctx context.Context, l letter) (got []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	line := &line{server: s}
	defer line.close()
	// The library has deadlines, but does not look at the context: a connection that is closed ends whatever waits on it.
	defer context.AfterFunc(ctx, line.close)()
	enter, cancel := beforehand(ctx)
	defer cancel()
	late := context.AfterFunc(enter, line.close)
	defer late()
	client, err := line.dial(enter)
	if err != nil {
		return nil, s.judge(enter, login, err)
	}
	if err := client.Mail("<" + l.from + ">"); err != nil {
		return nil, s.judge(enter, sender, err)
	}
	got, others := s.address(enter, client, l.to)
	late() // where it is too late by now, no message can be handed over
	if len(got) > 0 {
		if err := s.hand(ctx, client, l.text); err != nil {
			return nil, err
		}
	}
	_ = client.Quit() // it has taken what it takes
	if others != nil {
		return got, others
	}
	return got, nil
}

// beforehand is the part of the time in which the message must not be handed over yet: servers that look into what they are
// given take half a minute at times, and who leaves before the answer does not know whether it was taken.
func beforehand(ctx context.Context) (context.Context, context.CancelFunc) {
	end, _ := ctx.Deadline()
	return context.WithTimeout(ctx, time.Until(end)*2/5)
}

// address names the recipients. Its error names those who are not taken, and is about them alone, see [notify.Error.Some]:
// that one may be taken later counts before that one never will.
func (s server) address(ctx context.Context, client *smtp.Client, to []string) (taken []string, others *notify.Error) {
	for _, a := range to {
		err := client.Rcpt("<" + a + ">")
		if err == nil {
			taken = append(taken, a)
			continue
		}
		e := s.judge(ctx, recipient, err)
		if !answered(err) {
			return nil, e
		}
		e.Some, e.Err = true, fmt.Errorf("%w (%s)", e.Err, a)
		if others != nil {
			e.Err = fmt.Errorf("%w; %w", others.Err, e.Err)
			if others.Failure == notify.Later {
				e.Failure = notify.Later
			}
		}
		others = e
	}
	return taken, others
}

// hand sends the text. Once its end is sent, only the server knows whether it took it.
func (s server) hand(ctx context.Context, client *smtp.Client, text []byte) error {
	w, err := client.Data()
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil {
		return s.judge(ctx, message, err)
	}
	if err := w.Close(); err != nil {
		e := s.judge(ctx, message, err)
		if !answered(err) {
			e.Unsure, e.After = true, unanswered
		}
		return e
	}
	return nil
}

// line is a connection that is being made, or is there.
type line struct {
	server
	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

func (l *line) keep(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	if l.closed {
		_ = conn.Close()
	}
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// dial connects, encrypts and logs in.
func (l *line) dial(ctx context.Context) (*smtp.Client, error) {
	policy := map[string]gomail.TLSPolicy{starttls: gomail.TLSMandatory, implicit: gomail.TLSOpportunistic, none: gomail.NoTLS}[l.tls]
	options := []gomail.Option{
		gomail.WithPort(l.port), gomail.WithTLSConfig(l.trust), gomail.WithTLSPolicy(policy), gomail.WithHELO(l.hello), gomail.WithTimeout(sendWithin),
		gomail.WithoutSMTPUTF8(), gomail.WithDialContextFunc(l.connect),
	}
	if l.user != "" {
		options = append(options, gomail.WithUsername(l.user), gomail.WithPassword(l.password), l.way())
	}
	client, err := gomail.NewClient(l.host, options...)
	if err != nil {
		return nil, err
	}
	return client.DialToSMTPClientWithContext(ctx)
}

// way is how it logs in.
func (l *line) way() gomail.Option {
	var kinds []gomail.SMTPAuthType
	for _, a := range auths {
		if l.auth == "auto" || l.auth == a.name {
			kinds = append(kinds, a.kind)
		}
	}
	if len(kinds) == 1 {
		return gomail.WithSMTPAuth(kinds[0])
	}
	return gomail.WithOpportunisticSMTPAuth(kinds...)
}

// connect is the connection, which is encrypted from the first byte where tls is implicit.
func (l *line) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if l.tls == implicit {
		conn = tls.Client(conn, l.trust)
	}
	l.keep(conn)
	if c, ok := conn.(*tls.Conn); ok {
		return conn, c.HandshakeContext(ctx)
	}
	return conn, nil
}
