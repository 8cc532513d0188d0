// Package zendesk shows findings as tickets of Zendesk Support. A ticket's external_id is the finding's id. Zendesk takes
// any number of tickets of one external_id, so it is looked for first; and a creation carries an Idempotency-Key, which
// Zendesk knows for two hours.
package zendesk

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// Kind is Zendesk. The smallest plan allows 200 requests a minute, of which a message takes up to three. That one ticket
// takes no more than 30 updates in 10 minutes is answered when it happens, see judge.
var Kind = notify.Kind{
	Name: "zendesk", Title: "Zendesk", Keyed: true, Edits: true, Limit: notify.Limit{Every: time.Second, Burst: 10},
	Settings: []notify.Setting{
		{Name: "subdomain", Help: "acme for https://acme.zendesk.com, or the whole address", Required: true, Check: checkSubdomain},
		{Name: "email", Help: "the agent that token belongs to", Check: checkEmail},
		{Name: "token", Help: "an API token, with email", Secret: true},
		{Name: "oauth", Help: "an OAuth access token, in place of email and token", Secret: true},
		{Name: "priority", Help: "severity=priority where it is not " + priorities.Help(), List: true, Check: priorities.Check("urgent", "high", "normal", "low")},
		{Name: "groupId", Help: "number of the group that gets the tickets", Check: checkNumber},
		{Name: "assignee", Help: "e-mail of the agent that is given a ticket nobody has when it is solved, which Zendesk wants; email where that is set", Check: checkEmail},
		{Name: "tags", Help: "tags of a new ticket", List: true, Check: checkTag},
		{Name: "customFields", Help: "id=value of fields of a new ticket", List: true, Check: checkField},
		{Name: "public", Help: "true: the requester sees what is said", Values: []string{"true", "false"}, Default: "false"},
	},
	New: open,
}

var priorities = notify.BySeverity{model.Extreme: "urgent", model.VeryHigh: "urgent", model.High: "high", model.Medium: "normal", model.Low: "low"}

var (
	subdomainShape = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$`)
	emailShape     = regexp.MustCompile(`^[^\s@/:]+@[^\s@/:]+$`)
	tagShape       = regexp.MustCompile(`^[^\s,;]{1,255}$`)
)

func checkSubdomain(text string) error {
	if subdomainShape.MatchString(text) {
		return nil
	}
	return notify.CheckSite(text)
}

func checkEmail(text string) error {
	if !emailShape.MatchString(text) {
		return fmt.Errorf("%q: want an e-mail address", text)
	}
	return nil
}

func checkNumber(text string) error {
	if n, err := strconv.ParseInt(text, 10, 64); err != nil || n <= 0 {
		return fmt.Errorf("%q: want the number that the address of its page ends with", text)
	}
	return nil
}

func checkTag(text string) error {
	if !tagShape.MatchString(text) {
		return fmt.Errorf("%q: a tag has no spaces and no commas", text)
	}
	return nil
}

func checkField(text string) error {
	id, _, ok := strings.Cut(text, "=")
	if !ok || checkNumber(id) != nil {
		return fmt.Errorf("%q: want id=value, such as 360012345678=cloud", text)
	}
	return nil
}

type channel struct {
	env           notify.Env
	base          string
	authorization string
	secrets       []string
	priority      notify.BySeverity
	group         int64
	assignee      string
	tags          []string
	fields        []field
	public        bool
}

func open(s notify.Settings, e notify.Env) (notify.Channel, error) {
	c := &channel{env: e, base: strings.TrimSuffix(s.Get("subdomain"), "/"), assignee: s.Get("assignee"), tags: s.All("tags"), public: s.On("public")}
	if subdomainShape.MatchString(c.base) {
		c.base = "https://" + c.base + ".zendesk.com"
	}
	var err error
	if c.priority, err = priorities.With(s.All("priority")); err != nil {
		return nil, err
	}
	if text := s.Get("groupId"); text != "" {
		if c.group, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, errors.New("groupId: " + checkNumber(text).Error())
		}
	}
	for _, text := range s.All("customFields") {
		f, err := parseField(text)
		if err != nil {
			return nil, fmt.Errorf("customFields: %w", err)
		}
		c.fields = append(c.fields, f)
	}
	return c, c.authorize(s.Get("email"), s.Get("token"), s.Get("oauth"))
}

// authorize takes one of the two ways in.
func (c *channel) authorize(email, token, oauth string) error {
	switch {
	case oauth != "" && token == "":
		c.authorization, c.secrets = "Bearer "+oauth, []string{oauth}
	case oauth == "" && email != "" && token != "":
		basic := base64.StdEncoding.EncodeToString([]byte(email + "/token:" + token))
		c.authorization, c.secrets = "Basic "+basic, []string{basic, token}
	default:
		return errors.New("set email and token, or oauth: one of the two, and whole")
	}
	if c.assignee == "" {
		c.assignee = email
	}
	return nil
}

func parseField(text string) (field, error) {
	id, value, _ := strings.Cut(text, "=")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return field{}, checkField(text)
	}
	return field{n, value}, nil
}

// longest is how long the limit of one ticket holds up all the others.
const longest = 30 * time.Second

// judge knows what Zendesk means by its statuses. A ticket may have been closed since it was looked at, and the next
// attempt sees that. And 429 is said of the account, or of one ticket that had too many updates: then the account has
// requests left, and no other ticket need wait long.
func judge(a notify.Answer, err error) error {
	e, ok := errors.AsType[*notify.Error](err)
	if !ok {
		return err
	}
	switch a.Status {
	case http.StatusUnprocessableEntity:
		if strings.Contains(strings.ToLower(string(a.Body)), "closed prevents ticket update") {
			e.Failure = notify.Later
		}
	case http.StatusTooManyRequests:
		if left, err := strconv.Atoi(a.Header.Get("X-Rate-Limit-Remaining")); err == nil && left > 0 {
			e.After = min(e.After, longest)
		}
	}
	return e
}
