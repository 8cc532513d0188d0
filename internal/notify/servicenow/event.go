package servicenow

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// clearing is the severity of an event that clears its alert.
const clearing = "0"

// eventTime is how the Table API takes a time, in UTC.
const eventTime = "2006-01-02 15:04:05"

// event is a row of em_event.
type event struct {
	Source     string `json:"source"`
	EventClass string `json:"event_class"`
	Node       string `json:"node"`
	Resource   string `json:"resource"`
	Type       string `json:"type"`
	MetricName string `json:"metric_name"`
	MessageKey string `json:"message_key"`
	Severity   string `json:"severity"`
	Resolution string `json:"resolution_state"`
	Time       string `json:"time_of_event"`
	Text       string `json:"description"`
	More       string `json:"additional_info"` // JSON as a text
}

// events is the channel that hands findings to Event Management.
type events struct {
	*client
	severity notify.BySeverity
}

func openEvents(s notify.Settings, e notify.Env) (notify.Channel, error) {
	c, err := newClient(s, e)
	if err != nil {
		return nil, err
	}
	severity, err := severities.With(s.All("severity"))
	return &events{c, severity}, err
}

// Show hands over one event, whose message_key is that of the alert. An event that clears what is not there makes no
// alert, so what was over before anybody heard of it is opened first, in a step of its own: to open it after it was cleared
// would be a second alert.
func (s *events) Show(ctx context.Context, m notify.Message, ref string) (string, error) {
	if m.State == notify.Open {
		return s.send(ctx, eventOf(m, s.severity[m.Severity], m.Notice.Changed), ref)
	}
	if ref == "" && m.Notice.Before == "" {
		next, err := s.send(ctx, eventOf(m, s.severity[m.Severity], began(m)), ref)
		if err == nil {
			err = notify.Step()
		}
		return next, err
	}
	return s.send(ctx, eventOf(m, clearing, m.Notice.Changed), ref)
}

// began is a time before the end: the instance works events of one key off in the order of their times. So these are when
// cairn came to know of each, as what opens an alert and changes it has it: what ended may have ended before cairn knew that
// it began.
func began(m notify.Message) time.Time {
	at, last := m.Notice.Opened, m.Notice.Changed.Add(-time.Second)
	if at.After(last) {
		return last
	}
	return at
}

func (s *events) send(ctx context.Context, e event, ref string) (string, error) {
	var got struct {
		Result struct {
			MessageKey string `json:"message_key"`
		}
	}
	if _, err := s.table(ctx, http.MethodPost, "em_event", url.Values{"sysparm_fields": {"sys_id,message_key"}}, e, &got); err != nil {
		return ref, err
	}
	return e.MessageKey, nil
}

func eventOf(m notify.Message, severity string, at time.Time) event {
	f := m.Notice.Finding
	resolution := "New"
	if severity == clearing {
		resolution = "Closing"
	}
	return event{
		Source: "cairn", EventClass: "cairn", Node: name(f.Account), Resource: name(cmp.Or(model.ARNName(f.Resource.ID), f.Resource.ID)),
		Type: name(f.Resource.Kind), MetricName: name(f.Rule), MessageKey: m.Key, Severity: severity, Resolution: resolution,
		Time: at.UTC().Format(eventTime), Text: description(m), More: more(m),
	}
}

// more is what rules of the instance may ask for: names and texts as one object of JSON, ended where it gets too long.
func more(m notify.Message) string {
	all := []notify.Fact{{Name: "state", Value: string(m.State)}, {Name: "cairn_severity", Value: m.Severity.String()}, {Name: "finding", Value: m.Key}}
	f := m.Notice.Finding
	for _, one := range []notify.Fact{
		{Name: "rule", Value: f.Rule},
		{Name: "account", Value: f.Account},
		{Name: "region", Value: f.Region},
		{Name: "resource", Value: f.Resource.ID},
		{Name: "who", Value: m.Who},
	} {
		if value := notify.Cut(notify.Clean(one.Value), 255); value != "" {
			all = append(all, notify.Fact{Name: one.Name, Value: value})
		}
	}
	for i, link := range m.Links {
		all = append(all, notify.Fact{Name: "link_" + strconv.Itoa(i+1), Value: link.URL})
	}
	out, text := map[string]string{}, "{}"
	for _, one := range all {
		out[one.Name] = one.Value
		next, err := json.Marshal(out)
		if err != nil || len(next) > mostText {
			break
		}
		text = string(next)
	}
	return text
}
