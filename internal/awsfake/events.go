package awsfake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// attributes turns the input's lookup attributes into the CLI's shorthand, so that a key can hold one.
func attributes(raw json.RawMessage) ([]string, error) {
	var list []struct {
		AttributeKey   string `json:"AttributeKey"`
		AttributeValue string `json:"AttributeValue"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	var out []string
	for _, a := range list {
		out = append(out, "AttributeKey="+a.AttributeKey+",AttributeValue="+a.AttributeValue)
	}
	return out, nil
}

// lookedUp are the attributes that an event has as a member of the same name. A resource's name and type are not
// among them.
var lookedUp = []string{"", "AccessKeyId", "EventId", "EventName", "EventSource", "ReadOnly", "Username"}

// lookUp keeps of a Region's history what the request asks for, the newest event first as AWS answers.
func lookUp(body map[string]any, q request) (map[string]any, *failure) {
	wanted := q.params["lookup-attributes"]
	from, hasFrom := seconds(q.params["start-time"])
	to, hasTo := seconds(q.params["end-time"])
	attribute, value, _ := strings.Cut(strings.TrimPrefix(strings.Join(wanted, " "), "AttributeKey="), ",AttributeValue=")
	switch {
	case len(wanted) > 1:
		return nil, &failure{code: "InvalidLookupAttributesException", message: "one lookup attribute is wanted"}
	case !slices.Contains(lookedUp, attribute):
		return nil, &failure{code: notTold, message: "events are not looked up by " + attribute}
	case hasFrom && hasTo && from > to:
		return nil, &failure{code: "InvalidTimeRangeException", message: "the start time is after the end time"}
	}
	kept := []any{}
	items, isList := body["Events"].([]any)
	if !isList {
		return body, nil
	}
	for _, item := range items {
		event, _ := item.(map[string]any)
		at := eventTime(event)
		if (!hasFrom || at >= from) && (!hasTo || at <= to) && (attribute == "" || text(event[attribute]) == value) {
			kept = append(kept, item)
		}
	}
	slices.SortStableFunc(kept, func(a, b any) int { return cmp.Compare(eventTime(b), eventTime(a)) })
	return with(body, "Events", kept), nil
}

// eventTime is in seconds since 1970, 0 where the event does not say.
func eventTime(event any) float64 {
	members, _ := event.(map[string]any)
	at, _ := seconds([]string{fmt.Sprint(members["EventTime"])})
	return at
}

// seconds reads a time as the wire has it.
func seconds(values []string) (float64, bool) {
	if len(values) != 1 {
		return 0, false
	}
	at, err := json.Number(values[0]).Float64()
	return at, err == nil
}
