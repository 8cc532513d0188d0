package event_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/event"
)

// checkRecord compares what the package makes of a record with what encoding/json makes of it.
func checkRecord(tb testing.TB, rec *event.Record) {
	tb.Helper()
	if !json.Valid(rec.Raw) {
		tb.Errorf("a record that is not JSON: %q", rec.Raw)
		return
	}
	want, _ := firstWins(tb, rec.Raw).(map[string]any)
	if diff := cmp.Diff(want, rec.Decode()); diff != "" {
		tb.Errorf("decoded: encoding/json -, event +\n%s", diff)
	}
	checkProjection(tb, rec, want)
	if diff := cmp.Diff(any(want), flat(rec.Tree())); diff != "" {
		tb.Errorf("tree: encoding/json -, event +\n%s", diff)
	}
	for name, got := range map[string][]byte{
		"eventSource": rec.EventSource(), "eventName": rec.EventName(), "eventID": rec.EventID(), "awsRegion": rec.AWSRegion(),
		"recipientAccountId": rec.RecipientAccountID(), "errorCode": rec.ErrorCode(), "eventCategory": rec.EventCategory(),
	} {
		if text, _ := want[name].(string); text != string(got) {
			tb.Errorf("%s: encoding/json %q, event %q", name, text, got)
		}
	}
}

var projected = event.NewProjection("userIdentity.arn", "userIdentity.sessionContext.sessionIssuer.type", "requestParameters", "resources.ARN",
	"resources", "requestParameters.instancesSet.items.instanceId", "eventTime", "detail", "a.b", "a", "requestParameters.name")

// checkProjection compares every value that a projection picks, and how many, with what the decoded record has there.
func checkProjection(tb testing.TB, rec *event.Record, decoded any) {
	tb.Helper()
	for i, values := range projected.Project(rec, nil) {
		var got []any
		for _, value := range values {
			got = append(got, firstWins(tb, value))
		}
		path := strings.Split(projected.Paths()[i], ".")
		if diff := cmp.Diff(walk(decoded.(map[string]any), path), got); diff != "" {
			tb.Errorf("%s: encoding/json -, projection +\n%s", path, diff)
		}
	}
}

func walk(object map[string]any, path []string) []any {
	value, ok := object[path[0]]
	switch {
	case !ok:
		return nil
	case len(path) == 1:
		return []any{value}
	}
	return enter(value, path[1:])
}

func enter(value any, path []string) (found []any) {
	switch value := value.(type) {
	case map[string]any:
		return walk(value, path)
	case []any:
		for _, item := range value {
			found = append(found, enter(item, path)...)
		}
	}
	return found
}

// firstWins decodes by encoding/json's tokens: its own maps keep the last of two members with one name.
func firstWins(tb testing.TB, raw []byte) any {
	tb.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value func() any
	value = func() any {
		tok, err := dec.Token()
		if err != nil {
			if err != io.EOF {
				tb.Errorf("a given record: %v", err)
			}
			return nil
		}
		switch tok {
		case json.Delim('{'):
			object := map[string]any{}
			for dec.More() {
				name, _ := value().(string)
				member := value()
				if _, ok := object[name]; !ok {
					object[name] = member
				}
			}
			_, _ = dec.Token()
			return object
		case json.Delim('['):
			list := []any{}
			for dec.More() {
				list = append(list, value())
			}
			_, _ = dec.Token()
			return list
		}
		return tok
	}
	return value()
}

func flat(v any) any {
	switch v := v.(type) {
	case *event.Object:
		object := map[string]any{}
		for _, m := range v.Members {
			object[m.Name] = flat(m.Value)
		}
		return object
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, flat(item))
		}
		return list
	}
	return v
}
