package fidelity

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// historyPage is how many events a page has: fewer than AWS's 50, so that a short history has pages too.
const historyPage = 3

// remembered is an event of Event history.
type remembered struct {
	Account string    `json:"recipientAccountId"`
	Region  string    `json:"awsRegion"`
	Source  string    `json:"eventSource"`
	Name    string    `json:"eventName"`
	ID      string    `json:"eventID"`
	Time    time.Time `json:"eventTime"`

	record string
}

// Remember puts records into the Event history of their accounts and Regions, which moto does not have.
func (p *Proxy) Remember(records ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, record := range records {
		e := remembered{record: record}
		if err := json.Unmarshal([]byte(record), &e); err != nil {
			return err
		}
		p.history = append(p.history, e)
	}
	slices.SortStableFunc(p.history, func(a, b remembered) int { return b.Time.Compare(a.Time) })
	return nil
}

// lookupEvents is a page of an account's events in a Region, the newest first.
func (p *Proxy) lookupEvents(c Call) answer {
	var asked struct {
		StartTime  float64 `json:"StartTime"`
		NextToken  string  `json:"NextToken"`
		Attributes []struct {
			Key   string `json:"AttributeKey"`
			Value string `json:"AttributeValue"`
		} `json:"LookupAttributes"`
	}
	if err := json.Unmarshal(c.body, &asked); err != nil {
		return failure(c, http.StatusBadRequest, "InvalidLookupAttributesException", err.Error())
	}
	events := []map[string]any{}
	p.mu.Lock()
	for _, e := range p.history {
		source := len(asked.Attributes) == 0 || asked.Attributes[0].Key == "EventSource" && asked.Attributes[0].Value == e.Source
		if e.Account == c.Account && e.Region == c.Region && source && float64(e.Time.Unix()) >= asked.StartTime {
			events = append(events, map[string]any{"EventId": e.ID, "EventName": e.Name, "EventSource": e.Source, "EventTime": e.Time.Unix(), "CloudTrailEvent": e.record})
		}
	}
	p.mu.Unlock()
	from, _ := strconv.Atoi(asked.NextToken) // "" is the beginning
	page := map[string]any{}
	if end := from + historyPage; end < len(events) {
		events, page["NextToken"] = events[:end], strconv.Itoa(end)
	}
	page["Events"] = events[min(from, len(events)):]
	return jsonAnswer(page)
}
