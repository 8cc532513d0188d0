// Package webhook posts findings as signed JSON to an address of the user's, whose form is docs/schema/webhook.v1.json.
//
// Each request carries three headers. Cairn-Timestamp is when it was signed, in seconds since 1970. Cairn-Id names the
// finding and its version, so that whatever comes twice can be known. Cairn-Signature holds one v1=HEX for each secret, with
// commas between: the HMAC-SHA256 of the timestamp, a full stop and the body, under the secret. A receiver that has
// computed one of them in constant time, and finds the timestamp less than five minutes away from its own clock, knows
// that the message is cairn's and is not an old one that somebody sends again. The example of this package does it.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// The headers of a request.
const (
	timestampHeader = "Cairn-Timestamp"
	idHeader        = "Cairn-Id"
	signatureHeader = "Cairn-Signature"
)

// Kind is a webhook.
var Kind = notify.Kind{
	Name: "webhook", Title: "Webhook", Keyed: true, Edits: true,
	Settings: []notify.Setting{
		{Name: "url", Help: "where to post to, https", Required: true, Check: checkURL},
		{Name: "secret", Help: "a text of 32 characters or more that signs each request", Secret: true, Required: true, Check: checkSecret},
		{Name: "secondSecret", Help: "a second one of 32 characters or more, while a receiver changes from one secret to the other", Secret: true, Check: checkSecret},
		{Name: "insecure", Help: "true: http is allowed, which anybody on the way can read", Values: []string{"true", "false"}, Default: "false"},
		{Name: "allowPrivate", Help: "true: the address may be one of this machine or of a private network", Values: []string{"true", "false"}, Default: "false"},
	},
	New: open,
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("want an address such as https://example.com/cairn")
	case u.User != nil:
		return errors.New("the address holds credentials: the receiver knows cairn by the signature")
	case u.Fragment != "":
		return errors.New("the address holds a #, what is after it is sent to nobody: leave it out")
	}
	return nil
}

// checkSecret wants what nobody can guess: a hash of 256 bits is as strong as its key.
func checkSecret(secret string) error {
	if n := len(secret); n < 32 {
		return fmt.Errorf("a secret has at least 32 characters, this one has %d: openssl rand -hex 32 makes one", n)
	}
	return nil
}

type channel struct {
	env     notify.Env
	url     string
	secrets []string // that sign
	hidden  []string // that no error may tell
}

func open(s notify.Settings, e notify.Env) (notify.Channel, error) {
	address := s.Get("url")
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("url: want an address such as https://example.com/cairn")
	}
	if u.Scheme != "https" && !s.On("insecure") {
		return nil, errors.New("url: it does not begin with https://, so that anybody on the way could read what is sent; if that is meant, set insecure: true")
	}
	c := &channel{env: e, url: address, secrets: []string{s.Get("secret")}}
	if second := s.Get("secondSecret"); second != "" {
		c.secrets = append(c.secrets, second)
	}
	c.hidden = append(c.hidden, c.secrets...)
	c.hidden = append(c.hidden, tokens(u)...)
	if s.On("allowPrivate") {
		return c, nil
	}
	c.env.HTTP, err = guarded(e.HTTP)
	if err != nil {
		return nil, err
	}
	return c, allowedHost(u.Hostname())
}

// leastToken is how long a part of an address is that may be a token.
const leastToken = 8

// tokens are what of an address an answer may repeat and no error may tell: many receivers take a token there, and an answer
// that says what it did not find has the path alone, a part of it, or a value of the query, as they were sent or decoded.
func tokens(u *url.URL) []string {
	var out []string
	for _, whole := range []string{u.RequestURI(), u.EscapedPath(), u.Path} {
		if len(whole) > 1 {
			out = append(out, whole)
		}
	}
	parts := append(strings.Split(u.EscapedPath(), "/"), strings.Split(u.Path, "/")...)
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(pair, "=")
		parts = append(parts, value)
	}
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	for _, part := range parts {
		if len(part) >= leastToken {
			out = append(out, part)
		}
	}
	return out
}

// Show posts the finding as it stands. What the receiver shows is the receiver's to decide.
func (c *channel) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	id := idOf(m)
	text, err := bodyOf(id, m)
	if err != nil {
		return ref, notify.Refuse("write finding %s as JSON: %w", m.Key, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(text))
	if err != nil {
		return ref, &notify.Error{Failure: notify.Closed, Err: errors.New("make the request: look at the setting url")}
	}
	at := c.env.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "cairn")
	req.Header.Set(timestampHeader, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(idHeader, id)
	req.Header.Set(signatureHeader, sign(c.secrets, at, text))
	if _, err := notify.Do(ctx, c.env, req, c.hidden...); err != nil {
		return ref, judge(err)
	}
	return id, nil
}

// idOf names a finding's version. A trial is not the finding that it shows, and each is another.
func idOf(m notify.Message) string {
	if m.Test {
		return fmt.Sprintf("%s-test-%d-%d", m.Key, m.Notice.Opened.Unix(), m.Notice.Version)
	}
	return fmt.Sprintf("%s-%d", m.Key, m.Notice.Version)
}

func sign(secrets []string, at time.Time, body []byte) string {
	var out []string
	for _, secret := range secrets {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(strconv.FormatInt(at.Unix(), 10) + "."))
		h.Write(body)
		out = append(out, "v1="+hex.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(out, ",")
}

// judge tells an address that is not allowed from a network that fails: only a person can change the first.
func judge(err error) error {
	e, ok := errors.AsType[*notify.Error](err)
	if !ok {
		return err
	}
	if _, ok := errors.AsType[*forbidden](err); ok {
		e.Failure = notify.Closed
	}
	return e
}
