// Package pagerduty tells PagerDuty of findings, by its Events API v2. A finding is an alert whose dedup_key is the
// finding's id: a further trigger is added to the log of the alert while that is open, and opens a new one after a resolve.
package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// path is where events are handed in, below the address of the API.
const path = "/v2/enqueue"

// Kind is PagerDuty. PagerDuty takes about 120 events a minute for one integration key.
var Kind = notify.Kind{
	Name: "pagerduty", Title: "PagerDuty", Keyed: true,
	Limit: notify.Limit{Every: 600 * time.Millisecond, Burst: 20},
	Settings: []notify.Setting{
		{Name: "routingKey", Help: "the integration key of an Events API v2 integration", Secret: true, Required: true, Check: checkKey},
		{
			Name: "url", Help: "address of the Events API; accounts in the EU: https://events.eu.pagerduty.com",
			Default: "https://events.pagerduty.com", Check: notify.CheckSite,
		},
	},
	New: open,
}

// checkKey holds an integration key to its length, which PagerDuty says: 32 characters.
func checkKey(key string) error {
	if n := len(key); n != 32 {
		return fmt.Errorf("an integration key has 32 characters, this one has %d", n)
	}
	return nil
}

type channel struct {
	env notify.Env
	url string
	key string
}

func open(s notify.Settings, e notify.Env) (notify.Channel, error) {
	return &channel{env: e, url: strings.TrimSuffix(s.Get("url"), "/") + path, key: s.Get("routingKey")}, nil
}

// Show triggers or resolves the alert. PagerDuty drops a resolve of what is not open, so what was over before anybody
// heard of it is triggered first. That is a step of its own: a trigger after the resolve would open a second incident,
// while one more before it is a line in the log of the first.
func (c *channel) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	if m.State == notify.Resolved && ref == "" && m.Notice.Before == "" {
		if err := c.send(ctx, trigger, m); err != nil {
			return ref, err
		}
		return m.Key, notify.Step()
	}
	action := trigger
	if m.State == notify.Resolved {
		action = resolve
	}
	if err := c.send(ctx, action, m); err != nil {
		return ref, err
	}
	return m.Key, nil
}

func (c *channel) send(ctx context.Context, action string, m notify.Message) error {
	e := eventOf(action, m)
	e.RoutingKey = c.key
	req, err := notify.Request(ctx, http.MethodPost, c.url, e)
	if err != nil {
		return err
	}
	a, err := notify.Do(ctx, c.env, req, c.key)
	if err != nil {
		return judge(a, err)
	}
	var said struct{ Status, Message string }
	if err := a.Into(&said, c.key); err != nil {
		return err
	}
	if said.Status != "success" {
		text := fmt.Errorf("%s: %d, but %q: %s", action, a.Status, notify.Cut(said.Status, 50), notify.Cut(notify.Clean(said.Message), 200))
		return &notify.Error{Failure: notify.Later, Unsure: true, Err: notify.Scrub(text, c.key)}
	}
	return nil
}

// judge tells a key that PagerDuty does not know, which it calls a bad request, from a bad message.
func judge(a notify.Answer, err error) error {
	var said struct{ Errors []string }
	e, ok := errors.AsType[*notify.Error](err)
	if !ok || a.Status != http.StatusBadRequest || a.Into(&said) != nil {
		return err
	}
	if text := strings.ToLower(strings.Join(said.Errors, " ")); strings.Contains(text, "routing_key") || strings.Contains(text, "routing key") {
		e.Failure = notify.Closed
	}
	return e
}
