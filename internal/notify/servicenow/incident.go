package servicenow

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"cairn.example/internal/notify"
)

// The states of an incident as ServiceNow delivers them. What is closed or cancelled cannot be changed any more.
const (
	inProgress = "2"
	resolved   = "6"
	closed     = "7"
	cancelled  = "8"
)

// incidents is the channel that shows findings as incidents.
type incidents struct {
	*client
	urgency, impact notify.BySeverity
	set             map[string]string // fields of a new incident that the settings give
	resolvedState   string
	closeCode       string
	closeNotes      string
}

func openIncidents(s notify.Settings, e notify.Env) (notify.Channel, error) {
	c, err := newClient(s, e)
	if err != nil {
		return nil, err
	}
	i := &incidents{client: c, set: map[string]string{}, resolvedState: s.Get("resolvedState"), closeCode: s.Get("closeCode"), closeNotes: s.Get("closeNotes")}
	if i.urgency, err = urgencies.With(s.All("urgency")); err != nil {
		return nil, err
	}
	if i.impact, err = impacts.With(s.All("impact")); err != nil {
		return nil, err
	}
	for field, setting := range map[string]string{"assignment_group": "assignmentGroup", "caller_id": "callerId", "category": "category"} {
		if value := s.Get(setting); value != "" {
			i.set[field] = value
		}
	}
	return i, nil
}

// incident is what is asked of one.
type incident struct {
	SysID            string `json:"sys_id"`
	State            string `json:"state"`
	ShortDescription string `json:"short_description"`
}

// fields are what of them is asked for; mostFound bounds how many, of which those that are open are among the newest.
const (
	fields    = "sys_id,state,short_description"
	mostFound = 50
)

// Show opens the finding's incident, or brings the one that there is up to date. One that a person closed stays as it is,
// and what is open again after that gets a new one.
func (i *incidents) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	found, err := i.find(ctx, m.Key, ref)
	if err != nil {
		return ref, err
	}
	is, known := i.pick(found)
	if !known && sysIDShape.MatchString(ref) {
		is, known = incident{SysID: ref}, true // it may be there and not be ours to read
	}
	switch {
	case !known:
		return i.open(ctx, m, ref)
	case i.over(is) && m.State == notify.Resolved:
		return is.SysID, nil
	case i.over(is):
		return i.open(ctx, m, is.SysID)
	case i.shows(is, m):
		return is.SysID, nil
	}
	status, err := i.send(ctx, http.MethodPatch, "incident/"+is.SysID, i.change(is, m), &struct{}{})
	if status == http.StatusNotFound {
		return i.open(ctx, m, "")
	}
	return is.SysID, err
}

// find gives the finding's incidents, the newest first. A key is hex digits, and what is no sys_id is not asked for, so
// that nothing of a name gets into the query.
func (i *incidents) find(ctx context.Context, key, ref string) ([]incident, error) {
	query := "correlation_id=" + key + "^ORDERBYDESCsys_created_on"
	if sysIDShape.MatchString(ref) {
		query = "sys_id=" + ref + "^OR" + query
	}
	var got struct{ Result []incident }
	_, err := i.table(ctx, http.MethodGet, "incident", url.Values{"sysparm_query": {query}, "sysparm_fields": {fields}, "sysparm_limit": {strconv.Itoa(mostFound)}}, nil, &got)
	return got.Result, err
}

// pick chooses the incident to show the finding in. Two may have come of a race or a crash: then it is the oldest that is
// open; else the one that was resolved last, else the one that was closed.
func (i *incidents) pick(found []incident) (incident, bool) {
	var ended, over []incident
	for _, one := range slices.Backward(found) {
		switch {
		case i.over(one):
			over = append(over, one)
		case i.ended(one):
			ended = append(ended, one)
		default:
			return one, true
		}
	}
	for _, rest := range [][]incident{ended, over} {
		if n := len(rest); n > 0 {
			return rest[n-1], true
		}
	}
	return incident{}, false
}

func (i *incidents) over(is incident) bool { return is.State == closed || is.State == cancelled }

func (i *incidents) ended(is incident) bool {
	return is.State == i.resolvedState || is.State == resolved
}

// shows tells whether an incident shows the message already: nobody needs a second note of a change that an attempt made
// whose answer was lost. A change that the headline does not tell is told again.
func (i *incidents) shows(is incident, m notify.Message) bool {
	n := m.Notice
	told := n.Before == "" || n.Before != m.State || n.Was != m.Severity
	return told && is.ShortDescription == headline(m) && i.ended(is) == (m.State == notify.Resolved)
}

// open makes a new incident. ref is what is known where that fails.
func (i *incidents) open(ctx context.Context, m notify.Message, ref string) (string, error) {
	body := map[string]string{
		"short_description": headline(m), "description": description(m), "urgency": i.urgency[m.Severity], "impact": i.impact[m.Severity],
		"correlation_id": m.Key, "correlation_display": "cairn",
	}
	maps.Copy(body, i.set)
	if m.State == notify.Resolved {
		i.resolve(body, m)
	}
	var got struct{ Result incident }
	if _, err := i.send(ctx, http.MethodPost, "incident", body, &got); err != nil {
		return ref, err
	}
	if !sysIDShape.MatchString(got.Result.SysID) {
		return ref, &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("make the incident: ServiceNow answered without its sys_id")}
	}
	return got.Result.SysID, nil
}

// change is what brings an incident up to date. What a person may have set since stays where it need not change: urgency
// and impact with the severity alone, and the resolution of whoever resolved it first.
func (i *incidents) change(is incident, m notify.Message) map[string]string {
	body := map[string]string{"short_description": headline(m), "work_notes": note(m)}
	if m.Notice.Was != m.Severity && m.State == notify.Open {
		body["urgency"], body["impact"] = i.urgency[m.Severity], i.impact[m.Severity]
	}
	switch {
	case m.State == notify.Resolved && !i.ended(is):
		i.resolve(body, m)
		delete(body, "work_notes")
	case m.State == notify.Open && i.ended(is):
		body["state"] = inProgress
	}
	return body
}

func (i *incidents) resolve(body map[string]string, m notify.Message) {
	body["state"], body["close_code"], body["close_notes"] = i.resolvedState, i.closeCode, resolution(i.closeNotes, m)
}

func (i *incidents) send(ctx context.Context, method, record string, body map[string]string, answer any) (int, error) {
	return i.table(ctx, method, record, url.Values{"sysparm_fields": {fields}}, body, answer)
}
