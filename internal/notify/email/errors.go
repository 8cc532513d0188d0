package email

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"

	"cairn.example/internal/notify"
)

// step is how far a message came.
type step string

const (
	login     step = "connect and log in"
	sender    step = "name the sender"
	recipient step = "name a recipient"
	message   step = "hand over the message"
)

// answered tells whether an error is what the server said.
func answered(err error) bool {
	_, ok := errors.AsType[*textproto.Error](err)
	return ok
}

// judge says what an error means. 4yz answers may pass and 5yz do not, RFC 5321 section 4.2.1; whether one is about this
// message or about all of them is told by the step.
func (s server) judge(ctx context.Context, at step, err error) *notify.Error {
	e := &notify.Error{Failure: notify.Later}
	text, hint := s.hide(err.Error()), ""
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		e.Failure, hint = fate(at, said.Code, said.Msg)
		text = fmt.Sprintf("%d %s", said.Code, notify.Cut(notify.Clean(s.hide(said.Msg)), 200))
	} else if at == login && !passing(err) {
		e.Failure, hint = notify.Closed, advice(err)
	}
	if ctx.Err() != nil {
		text = "no answer in time"
	}
	if hint != "" {
		hint = ": " + hint
	}
	e.Err = fmt.Errorf("SMTP %s:%d, %s: %s%s", s.host, s.port, at, text, hint)
	return e
}

// fate is what an answer means, and what to do.
func fate(at step, code int, text string) (notify.Failure, string) {
	switch {
	case code/100 == 4:
		return notify.Later, ""
	case strings.HasPrefix(text, "5.4.5 ") || strings.HasPrefix(text, "5.1.90 "): // a day's limit, of Gmail and of Exchange Online, which a 550 makes look final
		return notify.Later, "the server takes no more of this user today"
	case code == 530:
		return notify.Closed, "the server wants a login: set user and password"
	case at == login && code == 535:
		return notify.Closed, "set the right user and password"
	case at == login:
		return notify.Closed, ""
	case at == sender && code != 552: // too large
		return notify.Closed, "may the user send as that address?"
	case at == recipient && strings.HasPrefix(text, "5.7."): // RFC 3463: security or policy, such as relaying
		return notify.Closed, "may the user send there?"
	}
	return notify.Refused, ""
}

// passing tells an error of the network, or of a server that went away, from one of how it is set up.
func passing(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	_, ok := errors.AsType[net.Error](err)
	for _, one := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded} {
		ok = ok || errors.Is(err, one)
	}
	return ok
}

// advice is what to do about a connection that cannot be used as it is set up.
func advice(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "host must be a name in the server's certificate, and its issuer one that this machine trusts"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server speaks no TLS on this port: try tls: starttls"
	}
	return "do port, tls and auth fit the server?"
}

// secrets are all forms in which a careless server may repeat the password.
func (s server) secrets() []string {
	if s.password == "" {
		return nil
	}
	encode := base64.StdEncoding.EncodeToString
	return []string{s.password, encode([]byte(s.password)), encode([]byte("\x00" + s.user + "\x00" + s.password))}
}

// hide takes them out of a text.
func (s server) hide(text string) string {
	return notify.Hide(text, s.secrets()...)
}
