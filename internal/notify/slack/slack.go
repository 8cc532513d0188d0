// Package slack brings findings to Slack: as messages of an incoming webhook ([Kind]), or by an app's bot token
// ([BotKind]), which keeps one message a finding up to date and tells changes in its thread.
//
// Names come from whoever made a call, so nothing of a message is Slack's markup: its body is rich text, whose elements
// Slack does not parse, and &, < and > are escaped in the few places that are text objects.
package slack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// limit is Slack's of messages in a channel. Short bursts are taken, but an app that keeps on is switched off.
var limit = notify.Limit{Every: time.Second, Burst: 1}

// Kind is a Slack channel behind an incoming webhook. Such a message can neither be changed nor answered, so each change
// is one more.
var Kind = notify.Kind{
	Name: "slack", Title: "Slack", Limit: limit,
	Settings: []notify.Setting{{
		Name: "webhook", Secret: true, Required: true, Check: checkWebhook,
		Help: "the incoming webhook's address: https://hooks.slack.com/services/…",
	}},
	New: func(s notify.Settings, e notify.Env) (notify.Channel, error) {
		return &webhook{s.Get("webhook"), e}, nil
	},
}

// BotKind is a Slack channel that an app posts to.
var BotKind = notify.Kind{
	Name: "slack-bot", Title: "Slack (bot token)", Edits: true, Limit: limit,
	Settings: []notify.Setting{
		{Name: "token", Secret: true, Required: true, Check: checkToken, Help: "the app's bot token, xoxb-…, with the scope chat:write"},
		{Name: "channel", Required: true, Check: checkChannel, Help: "the channel's id (C0123456789), or the name of a public one"},
		{Name: "api", Default: "https://slack.com/api", Check: checkAPI, Help: "where the Web API is; GovSlack: https://slack-gov.com/api"},
	},
	New: func(s notify.Settings, e notify.Env) (notify.Channel, error) {
		return &bot{token: s.Get("token"), channel: s.Get("channel"), api: strings.TrimSuffix(s.Get("api"), "/"), env: e}, nil
	},
}

func checkWebhook(address string) error {
	const want = "want the address that Slack shows under Incoming Webhooks, https://hooks.slack.com/services/…"
	u, err := addressAt(address, "hooks.slack.com", "hooks.slack-gov.com")
	switch {
	case strings.TrimSpace(address) != address:
		return errors.New(want + "; this one has a space or a line break at an end")
	case err != nil && !strings.HasPrefix(address, "https://"):
		return errors.New(want + "; this one does not begin with https://")
	case err != nil:
		return errors.New(want + "; this one is of another host")
	case !strings.HasPrefix(u.Path, "/services/"):
		return errors.New(want + "; the path of this one does not begin with /services/")
	}
	return nil
}

func checkAPI(address string) error {
	if _, err := addressAt(address, "slack.com", "slack-gov.com"); err != nil {
		return errors.New("want https://slack.com/api or https://slack-gov.com/api")
	}
	return nil
}

// addressAt reads an address of one of the hosts, or of this machine. The error never repeats it.
func addressAt(address string, hosts ...string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return nil, errors.New("not an address")
	}
	if ip := net.ParseIP(u.Hostname()); ip.IsLoopback() {
		return u, nil
	}
	if u.Scheme != "https" || !slices.Contains(hosts, u.Host) {
		return nil, errors.New("another host")
	}
	return u, nil
}

func checkToken(token string) error {
	if !strings.HasPrefix(token, "xoxb-") {
		return errors.New("want a bot token, which begins with xoxb-; users' tokens begin with xoxp-, apps' with xapp-")
	}
	return nil
}

func checkChannel(name string) error {
	if name == "" || len(name) > 81 || strings.ContainsAny(name, " \t\r\n,:<>") {
		return fmt.Errorf("%q is no channel: want an id such as C0123456789, or a name", name)
	}
	return nil
}

// webhook posts to an address that is a secret itself.
type webhook struct {
	address string
	env     notify.Env
}

// Show posts one more message.
func (w *webhook) Show(ctx context.Context, m notify.Message, _ string) (string, error) {
	secrets := []string{w.address}
	if u, err := url.Parse(w.address); err == nil {
		secrets = append(secrets, u.Path, strings.TrimPrefix(u.Path, "/services/"))
	}
	req, err := request(ctx, w.address, compose(m))
	if err != nil {
		return "", notify.Scrub(err, secrets...)
	}
	a, err := notify.Do(ctx, w.env, req, secrets...)
	if err != nil {
		return "", err
	}
	if text := strings.TrimSpace(string(a.Body)); text != "ok" {
		return "", &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("POST " + req.URL.Host + ": the answer is not Slack's ok: is a proxy in between?")}
	}
	return "", nil
}

// request is a POST of JSON. Slack warns of a content type without a charset.
func request(ctx context.Context, address string, body any) (*http.Request, error) {
	req, err := notify.Request(ctx, http.MethodPost, address, body)
	if err == nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return req, err
}
