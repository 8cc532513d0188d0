package pagerduty

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// PagerDuty's limits: 1024 characters of summary, 512 KB of an event. mostText keeps the whole far below the second,
// whatever JSON escapes, and readable besides.
const (
	mostSummary = 1024
	mostText    = 16_000
	mostName    = 255
)

// The actions that are used.
const (
	trigger = "trigger"
	resolve = "resolve"
)

type event struct {
	RoutingKey string  `json:"routing_key"`
	Action     string  `json:"event_action"`
	DedupKey   string  `json:"dedup_key"`
	Client     string  `json:"client"`
	Payload    payload `json:"payload"`
	Links      []link  `json:"links,omitempty"`
}

// payload is PagerDuty's common event format, by whose fields its own rules may route.
type payload struct {
	Summary   string    `json:"summary"`
	Source    string    `json:"source"`
	Severity  string    `json:"severity"`
	Timestamp time.Time `json:"timestamp"`
	Component string    `json:"component"`
	Group     string    `json:"group"`
	Class     string    `json:"class"`
	Details   details   `json:"custom_details"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// severities are PagerDuty's four.
var severities = map[model.Severity]string{
	model.Extreme: "critical", model.VeryHigh: "critical", model.High: "error", model.Medium: "warning", model.Low: "info",
}

func eventOf(action string, m notify.Message) event {
	f, headline := m.Notice.Finding, notify.Cut(m.Headline(), mostSummary)
	m = m.Within(mostText)
	e := event{
		Action: action, DedupKey: m.Key, Client: "cairn",
		Payload: payload{
			Summary: headline, Source: name(f.Resource.ID), Severity: cmp.Or(severities[m.Severity], "info"), Timestamp: m.At.UTC(),
			Component: name(cmp.Or(model.ARNName(f.Resource.ID), f.Resource.ID)), Group: name(f.Account), Class: name(f.Rule),
			Details: detailsOf(m),
		},
	}
	for _, l := range m.Links {
		e.Links = append(e.Links, link{Href: l.URL, Text: l.Text})
	}
	return e
}

func name(text string) string { return notify.Cut(cmp.Or(notify.Clean(text), "unknown"), mostName) }

// details are shown as a table, in this order. Each command has a row of its own, so that it can be copied.
type details []notify.Fact

func detailsOf(m notify.Message) details {
	var d details
	add := func(name, value string) {
		if value != "" {
			d = append(d, notify.Fact{Name: name, Value: value})
		}
	}
	add(m.Lead(), m.Blind)
	add("Who", m.Who)
	for i, command := range m.Commands() {
		if i == 0 {
			add("Do", command)
		} else {
			add("Do "+strconv.Itoa(i+1), command)
		}
	}
	add("New", m.Told())
	add("Severity", m.Severity.String())
	for _, f := range m.Facts {
		add(f.Name, f.Value)
	}
	return d
}

// MarshalJSON writes an object whose members keep their order.
func (d details) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, f := range d {
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.Value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	return append(append([]byte{'{'}, b.Bytes()...), '}'), nil
}
