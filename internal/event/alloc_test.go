package event_test

import (
	"bytes"
	"testing"

	"cairn.example/internal/event"
)

// watched is as many keys as the detections of one service and its neighbours have, one of which
// occurs in the generated file.
func watched() *event.Filter {
	keys := []event.Key{{Source: "cloudtrail.amazonaws.com", Name: "StopLogging"}}
	for _, name := range []string{"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "PutEventSelectors", "AddTags", "RemoveTags"} {
		for _, source := range []string{"cloudtrail.amazonaws.com", "s3.amazonaws.com", "kms.amazonaws.com", "organizations.amazonaws.com"} {
			keys = append(keys, event.Key{Source: source, Name: name})
		}
	}
	return event.NewFilter(keys...)
}

// A record that nobody wants, and one that is only projected, cost no allocation.
func TestReadingAllocatesNothingPerRecord(t *testing.T) {
	packed := zip(generate(t, 2, 2000))
	filtered, every := event.NewReader(event.Options{Filter: watched()}), event.NewReader(event.Options{})
	p := event.NewProjection("eventName", "userIdentity.arn", "requestParameters.name")
	values := event.Values{}
	read := func(r *event.Reader) func() {
		return func() {
			for rec, err := range r.Records("in", bytes.NewReader(packed)) {
				if err != nil {
					t.Fatal(err)
				}
				values = p.Project(rec, values)
			}
		}
	}
	for name, r := range map[string]*event.Reader{"filtered": filtered, "every": every} {
		if perFile := testing.AllocsPerRun(3, read(r)); perFile > 20 {
			t.Errorf("%s: %v allocations for 2000 records", name, perFile)
		}
	}
}
