package zendesk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// The statuses that matter. A closed ticket cannot be changed any more.
const (
	statusOpen   = "open"
	statusSolved = "solved"
	statusClosed = "closed"
)

// ticket is what is asked of one.
type ticket struct {
	ID       int64  `json:"id"`
	Status   string `json:"status"`
	Subject  string `json:"subject"`
	Assignee int64  `json:"assignee_id"`
}

func (t ticket) ref() string { return strconv.FormatInt(t.ID, 10) }

// draft is a ticket as it is written: what is empty stays as it is.
type draft struct {
	Subject       string   `json:"subject,omitempty"`
	Comment       *comment `json:"comment,omitempty"`
	Priority      string   `json:"priority,omitempty"`
	Type          string   `json:"type,omitempty"`
	Status        string   `json:"status,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	ExternalID    string   `json:"external_id,omitempty"`
	GroupID       int64    `json:"group_id,omitempty"`
	AssigneeEmail string   `json:"assignee_email,omitempty"`
	Fields        []field  `json:"custom_fields,omitempty"`
	FollowUpOf    int64    `json:"via_followup_source_id,omitempty"`
}

type comment struct {
	HTML   string `json:"html_body"`
	Public bool   `json:"public"`
}

type field struct {
	ID    int64  `json:"id"`
	Value string `json:"value"`
}

// Show opens the finding's ticket, or brings the one that there is up to date. What is open again after its ticket was
// closed gets another, as a follow-up of that.
func (c *channel) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	is, known, err := c.find(ctx, m.Key, ref)
	switch {
	case err != nil:
		return ref, err
	case !known:
		return c.create(ctx, m, ref, ticket{})
	case is.Status == statusClosed && m.State == notify.Resolved:
		return is.ref(), nil
	case is.Status == statusClosed:
		return c.create(ctx, m, is.ref(), is)
	}
	return is.ref(), c.update(ctx, m, is)
}

var refShape = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// find gives the ticket to show the finding in. A ticket that somebody took the external_id from is known by its number.
func (c *channel) find(ctx context.Context, key, ref string) (ticket, bool, error) {
	var got struct{ Tickets []ticket }
	if _, err := c.call(ctx, http.MethodGet, "tickets?"+url.Values{"external_id": {key}}.Encode(), "", nil, &got); err != nil {
		return ticket{}, false, err
	}
	if is, ok := pick(got.Tickets); ok || !refShape.MatchString(ref) {
		return is, ok, nil
	}
	var one struct{ Ticket ticket }
	status, err := c.call(ctx, http.MethodGet, "tickets/"+ref, "", nil, &one)
	if status == http.StatusNotFound {
		return ticket{}, false, nil
	}
	return one.Ticket, err == nil && one.Ticket.ID != 0, err
}

// pick chooses one ticket of a finding: the oldest that is not solved, else the newest that is, else the newest that is
// closed. Numbers grow with time.
func pick(all []ticket) (ticket, bool) {
	rank := func(t ticket) int {
		switch t.Status {
		case statusClosed:
			return 0
		case statusSolved:
			return 1
		}
		return 2
	}
	var best ticket
	for _, t := range all {
		better := rank(t) > rank(best)
		if rank(t) == rank(best) {
			better = (t.ID > best.ID) == (rank(t) < 2)
		}
		if best.ID == 0 || better {
			best = t
		}
	}
	return best, best.ID != 0
}

// create makes a ticket, of a closed one its follow-up. ref is what is known where that fails.
func (c *channel) create(ctx context.Context, m notify.Message, ref string, of ticket) (string, error) {
	d := draft{
		Subject: subject(m), Comment: c.comment(m), Priority: c.priority[m.Severity], Type: "incident", Tags: c.tags, ExternalID: m.Key,
		GroupID: c.group, Fields: c.fields, FollowUpOf: of.ID,
	}
	if m.State == notify.Resolved {
		d.Status, d.AssigneeEmail = statusSolved, c.assignee
	}
	key := "cairn-" + m.Key + "-" + strconv.FormatInt(m.Notice.Opened.Unix(), 10)
	if of.ID != 0 {
		key += "-after-" + of.ref()
	}
	var got struct{ Ticket ticket }
	_, err := c.call(ctx, http.MethodPost, "tickets", key, map[string]draft{"ticket": d}, &got)
	if e, ok := errors.AsType[*used](err); ok {
		return c.again(ctx, m, ref, e.why)
	}
	if err == nil && got.Ticket.ID == 0 {
		err = &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("make the ticket: Zendesk answered without its number")}
	}
	if err != nil {
		return ref, err
	}
	return got.Ticket.ref(), nil
}

// used says that an Idempotency-Key was used for a ticket whose text was another: an earlier attempt made one, whose
// answer was lost.
type used struct{ why *notify.Error }

func (u *used) Error() string { return u.why.Error() }

// Unwrap gives the failure.
func (u *used) Unwrap() error { return u.why }

// again goes on with the ticket that an earlier attempt made. Where it is not to be seen it may be on its way, or was
// deleted: Zendesk forgets the key in two hours.
func (c *channel) again(ctx context.Context, m notify.Message, ref string, e *notify.Error) (string, error) {
	is, known, err := c.find(ctx, m.Key, "")
	if err != nil {
		return ref, err
	}
	if !known {
		e.Failure, e.After, e.Unsure = notify.Later, time.Minute, true
		return ref, e
	}
	return is.ref(), c.update(ctx, m, is)
}

// update adds what is new. What a person may have set since stays where it need not change: the priority changes with the
// severity alone, and tags are left alone.
func (c *channel) update(ctx context.Context, m notify.Message, is ticket) error {
	if shows(is, m) {
		return nil
	}
	d := draft{Subject: subject(m), Comment: c.comment(m)}
	if m.Notice.Was != m.Severity && m.State == notify.Open {
		d.Priority = c.priority[m.Severity]
	}
	switch {
	case m.State == notify.Resolved:
		d.Status = statusSolved
		if is.Assignee == 0 {
			d.AssigneeEmail = c.assignee
		}
	case is.Status == statusSolved:
		d.Status = statusOpen
	}
	_, err := c.call(ctx, http.MethodPut, "tickets/"+is.ref(), "", map[string]draft{"ticket": d}, &struct{}{})
	return err
}

// shows tells whether a ticket shows the message already: nobody needs a second comment on a change that an attempt made
// whose answer was lost. A change that the subject does not tell is told again.
func shows(is ticket, m notify.Message) bool {
	n := m.Notice
	told := n.Before == "" || n.Before != m.State || n.Was != m.Severity
	return told && is.Subject == subject(m) && (is.Status == statusSolved) == (m.State == notify.Resolved)
}

// call makes one request, of a creation with its key. It gives the status of the answer, 0 where none came.
func (c *channel) call(ctx context.Context, method, path, key string, body, answer any) (int, error) {
	req, err := notify.Request(ctx, method, c.base+"/api/v2/"+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", c.authorization)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	a, err := notify.Do(ctx, c.env, req, c.secrets...)
	if err == nil {
		return a.Status, a.Into(answer, c.secrets...)
	}
	err = judge(a, err)
	if e, ok := errors.AsType[*notify.Error](err); ok && a.Status == http.StatusBadRequest && strings.Contains(string(a.Body), "IdempotentRequestError") {
		return a.Status, &used{e}
	}
	return a.Status, err
}
