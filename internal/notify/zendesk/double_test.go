package zendesk_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

const (
	email = "cairn@example.com"
	token = "6wiIBWbGkBMo1mRDMuVwkw1EPsNkeUj95PIz2akv"
)

// support is an account of Zendesk Support as far as cairn sees it.
type support struct {
	t       *testing.T
	mu      sync.Mutex
	tickets []*row
	keys    map[string]use // by Idempotency-Key
	sent    []string
	slow    string // a ticket's number whose updates are too many
}

type row struct {
	ticket
	Comments []string
}

type use struct {
	body string
	id   int64
}

// ticket has every member that Zendesk takes and cairn writes.
type ticket struct {
	ID            int64    `json:"id"`
	Subject       string   `json:"subject"`
	Comment       *comment `json:"comment,omitempty"`
	Priority      string   `json:"priority"`
	Type          string   `json:"type"`
	Status        string   `json:"status"`
	Tags          []string `json:"tags"`
	ExternalID    string   `json:"external_id"`
	GroupID       int64    `json:"group_id"`
	AssigneeID    int64    `json:"assignee_id"`
	AssigneeEmail string   `json:"assignee_email,omitempty"`
	Fields        []struct {
		ID    int64  `json:"id"`
		Value string `json:"value"`
	} `json:"custom_fields"`
	FollowUpOf int64 `json:"via_followup_source_id,omitempty"`
}

type comment struct {
	HTML   string `json:"html_body"`
	Public bool   `json:"public"`
}

// failure is an answer that is not 2xx.
type failure struct {
	status      int
	name, why   string
	anticipated bool // by a test
}

func (f *failure) Error() string { return f.why }

func invalid(format string, args ...any) error {
	return &failure{status: 422, name: "RecordInvalid", why: fmt.Sprintf(format, args...)}
}

func (d *support) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	status, answer, err := d.answer(r, body)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if f, ok := errors.AsType[*failure](err); ok {
		if !f.anticipated {
			d.t.Errorf("Zendesk refuses: %v\n%s %s\n%s", err, r.Method, r.URL, notify.Cut(string(body), 2000))
		}
		if f.status == 429 {
			w.Header().Set("Retry-After", "540")
			w.Header().Set("X-Rate-Limit-Remaining", "187")
		}
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": f.name, "description": "Record validation errors", "details": map[string]any{"base": []map[string]string{{"description": f.why}}}})
		return
	}
	d.sent = append(d.sent, picture(r, body))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (d *support) answer(r *http.Request, body []byte) (int, any, error) {
	if user, password, ok := r.BasicAuth(); !ok || user != email+"/token" || password != token {
		return 0, nil, &failure{status: 401, name: "Couldn't authenticate you"}
	}
	var in struct {
		Ticket ticket `json:"ticket"`
	}
	if r.Method != http.MethodGet {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil || r.Header.Get("Content-Type") != "application/json" {
			return 0, nil, invalid("%v, Content-Type %q", err, r.Header.Get("Content-Type"))
		}
		if err := valid(in.Ticket); err != nil {
			return 0, nil, err
		}
	}
	id, one := strings.CutPrefix(r.URL.Path, "/api/v2/tickets/")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/api/v2/tickets":
		key := r.URL.Query().Get("external_id")
		if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(key) {
			return 0, nil, invalid("external_id %q", key)
		}
		found := []ticket{}
		for _, t := range d.tickets {
			if t.ExternalID == key {
				found = append(found, t.ticket)
			}
		}
		return 200, map[string]any{"tickets": found}, nil
	case r.Method == http.MethodPost && r.URL.Path == "/api/v2/tickets":
		return d.create(in.Ticket, r.Header.Get("Idempotency-Key"), string(body))
	case one:
		return d.one(r.Method, id, in.Ticket)
	}
	return 0, nil, invalid("%s %s", r.Method, r.URL)
}

func (d *support) one(method, id string, in ticket) (int, any, error) {
	i := slices.IndexFunc(d.tickets, func(t *row) bool { return strconv.FormatInt(t.ID, 10) == id })
	if i < 0 {
		return 0, nil, &failure{status: 404, name: "RecordNotFound", anticipated: true}
	}
	if method == http.MethodGet {
		return 200, map[string]any{"ticket": d.tickets[i].ticket}, nil
	}
	if id == d.slow {
		return 0, nil, &failure{status: 429, name: "TooManyRequests", anticipated: true}
	}
	return 200, map[string]any{"ticket": d.tickets[i].ticket}, d.tickets[i].write(in)
}

// tags are what of HTML a comment may hold here: with attributes nothing but a link to AWS.
var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	mayBe  = regexp.MustCompile(`^</?(p|strong|pre|code|br|a)>$|^<a href="https://[a-z0-9.-]+\.console\.aws\.amazon\.com/[^"<> ]*">$`)
	liquid = regexp.MustCompile(`\{\{|\{%`)
)

// valid holds a ticket to what Zendesk documents, and to saying nothing that Zendesk would act on.
func valid(t ticket) error {
	switch {
	case t.Subject == "" || utf8.RuneCountInString(t.Subject) > 150 || liquid.MatchString(t.Subject):
		return invalid("subject %q", t.Subject)
	case t.Comment == nil || len(t.Comment.HTML) > 64<<10 || liquid.MatchString(t.Comment.HTML):
		return invalid("comment %+v", t.Comment)
	case t.Comment.Public:
		return invalid("the comment is public")
	case !slices.Contains([]string{"", "urgent", "high", "normal", "low"}, t.Priority) || !slices.Contains([]string{"", "open", "solved"}, t.Status):
		return invalid("priority %q, status %q", t.Priority, t.Status)
	}
	for _, tag := range tags.FindAllString(t.Comment.HTML, -1) {
		if !mayBe.MatchString(tag) {
			return invalid("markup %s", tag)
		}
	}
	return nil
}

func (d *support) create(in ticket, key, body string) (int, any, error) {
	if key == "" || len(key) > 255 || in.ExternalID == "" || in.Priority == "" || in.Type != "incident" {
		return 0, nil, invalid("a new ticket with Idempotency-Key %q: %+v", key, in)
	}
	if u, ok := d.keys[key]; ok {
		if u.body != body {
			return 0, nil, &failure{status: 400, name: "IdempotentRequestError", anticipated: true}
		}
		return 201, map[string]any{"ticket": map[string]any{"id": u.id}}, nil
	}
	if of := in.FollowUpOf; of != 0 && !slices.ContainsFunc(d.tickets, func(t *row) bool { return t.ID == of && t.Status == "closed" }) {
		return 0, nil, invalid("a follow-up of %d, which is not closed", of)
	}
	t := &row{ticket: ticket{ID: int64(len(d.tickets)) + 35436, Status: "new", ExternalID: in.ExternalID, Tags: in.Tags, GroupID: in.GroupID, Fields: in.Fields, FollowUpOf: in.FollowUpOf}}
	if err := t.write(in); err != nil {
		return 0, nil, err
	}
	d.tickets = append(d.tickets, t)
	d.keys[key] = use{body, t.ID}
	return 201, map[string]any{"ticket": t.ticket}, nil
}

func (t *row) write(in ticket) error {
	if in.AssigneeEmail != "" {
		t.AssigneeID = 1
	}
	switch {
	case t.Status == "closed":
		return &failure{status: 422, name: "RecordInvalid", why: "Status: closed prevents ticket update", anticipated: true}
	case in.Status == "solved" && t.AssigneeID == 0:
		return invalid("Assignee: is required when solving a ticket")
	}
	t.Subject, t.Comments = in.Subject, append(t.Comments, in.Comment.HTML)
	if in.Status != "" {
		t.Status = in.Status
	}
	if in.Priority != "" {
		t.Priority = in.Priority
	}
	return nil
}

// read is HTML as a person reads it, with where its links lead.
func read(text string) string {
	return html.UnescapeString(tags.ReplaceAllString(anchor.ReplaceAllString(text, "[$2]($1)"), ""))
}

var anchor = regexp.MustCompile(`<a href="([^"]*)">([^<]*)</a>`)

func (d *support) shown() []channeltest.Shown {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []channeltest.Shown
	for _, t := range d.tickets {
		out = append(out, channeltest.Shown{
			Text: t.Subject + "\n" + read(strings.Join(t.Comments, "\n\n")), Open: t.Status != "solved" && t.Status != "closed",
		})
	}
	return out
}

func (d *support) taken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := strings.Join(d.sent, "\n")
	d.sent = nil
	return out
}

// picture is a request as a person reads it: its members, and the comment's HTML as it is.
func picture(r *http.Request, body []byte) string {
	out := r.Method + " " + r.URL.String() + "\n"
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		out += "Idempotency-Key: " + key + "\n"
	}
	var in struct {
		Ticket map[string]any `json:"ticket"`
	}
	if json.Unmarshal(body, &in) != nil {
		return out
	}
	said, _ := in.Ticket["comment"].(map[string]any)
	page, _ := said["html_body"].(string)
	said["html_body"] = "(below)"
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(in.Ticket)
	return out + b.String() + page
}
