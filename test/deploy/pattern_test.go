package deploy_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
)

// matches tells whether an event meets an EventBridge pattern: members all, values any, of arrays one element; as the
// EventBridge user guide has it, and no more of it than our patterns use.
func matches(t *testing.T, pattern map[string]any, value any) bool {
	t.Helper()
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, func(one any) bool { return matches(t, pattern, one) })
	case map[string]any:
		for name, want := range pattern {
			if !meets(t, name, want, value) {
				return false
			}
		}
		return true
	}
	return false
}

func meets(t *testing.T, name string, want any, in map[string]any) bool {
	t.Helper()
	value, there := in[name]
	switch want := want.(type) {
	case map[string]any:
		return matches(t, want, value)
	case []any:
		return slices.ContainsFunc(want, func(one any) bool {
			if name == "$or" {
				return matches(t, one.(map[string]any), in)
			}
			if filter, ok := one.(map[string]any); ok {
				return passes(t, filter, value, there)
			}
			return there && one == value
		})
	}
	t.Fatalf("%s: %v is no pattern", name, want)
	return false
}

// passes is one of the filters that our patterns use.
func passes(t *testing.T, filter map[string]any, value any, there bool) bool {
	t.Helper()
	text, isText := value.(string)
	for name, want := range filter {
		switch name {
		case "exists":
			return want == there
		case "prefix":
			return isText && strings.HasPrefix(text, want.(string))
		case "suffix":
			return isText && strings.HasSuffix(text, want.(string))
		case "anything-but":
			return there && !passes(t, want.(map[string]any), value, there)
		}
	}
	t.Fatalf("a filter that the tests do not know: %v", filter)
	return false
}

// detailTypes are what EventBridge calls the kinds of records.
var detailTypes = map[string]string{
	"AwsApiCall": "AWS API Call via CloudTrail", "AwsConsoleAction": "AWS Console Action via CloudTrail",
	"AwsConsoleSignIn": "AWS Console Signin via CloudTrail", "AwsServiceEvent": "AWS Service Event via CloudTrail",
	// The page of the record says AwsVpceEvents, records that were seen say AwsVpceEvent.
	"AwsVpceEvents": "AWS Network Activity Event via CloudTrail", "AwsVpceEvent": "AWS Network Activity Event via CloudTrail",
}

// envelope is a record as EventBridge sends it.
func envelope(record map[string]any) map[string]any {
	kind, _ := record["eventType"].(string)
	service, _, _ := strings.Cut(record["eventSource"].(string), ".")
	return map[string]any{"source": "aws." + service, "detail-type": detailTypes[kind], "detail": record}
}

// trailBucket is the one of the cases of RTM-111.
const trailBucket = "example-trail-logs"

// TestEveryEventThatIsToldIsForwarded takes each record of the detections' cases that comes to a finding, and wants it let
// through by the rule of its Region and by the rule of the bus.
func TestEveryEventThatIsToldIsForwarded(t *testing.T) {
	forward := newStack(t, "region.yaml", choice{"bus_arn": busARN, "log_bucket": trailBucket}.template()).said("Rule.EventPattern").(map[string]any)
	onBus := newStack(t, "queue.yaml", nil).said("Rule.EventPattern").(map[string]any)
	all := load(t)
	told := 0
	for c := range golden.Cases(t, "../../detections/*/cases/*.txtar") {
		for _, file := range c.Files {
			if file.Name != "records.json" {
				continue
			}
			records := decoded(t, file.Data)
			for id := range causes(t, all, file.Data) {
				record, ok := records[id]
				if !ok {
					continue // in another shape, or without an id of its own
				}
				told++
				if record["readOnly"] == true {
					t.Errorf("%s: %s only reads: the rule's state would have to be ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", c.Name, record["eventName"])
				}
				if sent := envelope(record); !matches(t, forward, sent) || !matches(t, onBus, sent) {
					t.Errorf("%s: %s of %s, version %s, is not forwarded", c.Name, record["eventName"], record["eventSource"], record["eventVersion"])
				}
			}
		}
	}
	if told < 200 {
		t.Errorf("only %d events were told: the test looked in the wrong place", told)
	}
}

// decoded are a case's records by their event id.
func decoded(t *testing.T, data []byte) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	reader := event.NewReader(event.Options{})
	for rec, err := range reader.Records("records.json", bytes.NewReader(data)) {
		if err != nil {
			continue
		}
		var record map[string]any
		if err := json.Unmarshal(rec.Raw, &record); err != nil {
			t.Fatal(err)
		}
		if id, ok := record["eventID"].(string); ok {
			out[id] = record
		}
	}
	return out
}

// causes are the ids of the events that some detection tells, with every placeholder filled.
func causes(t *testing.T, all []*detect.Detection, data []byte) map[string]bool {
	t.Helper()
	d := detector(t, all)
	if err := d.Read("records.json", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, f := range d.Tell() {
		if f.Status == model.StatusFail {
			out[f.Cause.EventID] = true
		}
	}
	return out
}

func load(t *testing.T) []*detect.Detection {
	t.Helper()
	all, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func detector(t *testing.T, all []*detect.Detection) *detect.Detector {
	t.Helper()
	values := sigma.Values{}
	for _, d := range all {
		for _, r := range d.Rules {
			for _, name := range r.Placeholders() {
				values[name] = []string{"*"}
			}
		}
	}
	values["trail_buckets"] = []string{trailBucket}
	d, refused, err := detect.New(detect.Options{Detections: all, Values: values})
	if err != nil || len(refused) > 0 {
		t.Fatalf("not every detection runs: %v %v", refused, err)
	}
	return d
}

// Data events are most of what there may be, and each forwarded one costs.
func TestDataEventsOfOthersAreNotForwarded(t *testing.T) {
	record := func(bucket string, more map[string]any) map[string]any {
		out := map[string]any{
			"eventVersion": "1.11", "eventType": "AwsApiCall", "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "managementEvent": false,
			"resources": []any{
				map[string]any{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::" + bucket + "/key"},
				map[string]any{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::" + bucket},
			},
		}
		maps.Copy(out, more)
		return out
	}
	without := newStack(t, "region.yaml", choice{"bus_arn": busARN}.template()).said("Rule.EventPattern").(map[string]any)
	with := newStack(t, "region.yaml", choice{"bus_arn": busARN, "log_bucket": "logs"}.template()).said("Rule.EventPattern").(map[string]any)
	for _, c := range []struct {
		what    string
		pattern map[string]any
		record  map[string]any
		want    bool
	}{
		{"the log bucket's, which was named", with, record("logs", nil), true},
		{"the log bucket's, which was not named", without, record("logs", nil), false},
		{"another bucket's", with, record("logs-of-others", nil), false},
		{"a management event of another bucket", with, record("pictures", map[string]any{"managementEvent": true}), true},
		{"of a service that nobody looks at", with, record("logs", map[string]any{"eventSource": "dynamodb.amazonaws.com"}), false},
		{"network activity", with, record("pictures", map[string]any{"eventType": "AwsVpceEvent", "managementEvent": true}), false},
		{"network activity that does not say what it is", with, map[string]any{"eventType": "AwsVpceEvents", "eventSource": "kms.amazonaws.com"}, false},
		{"network activity that was refused", with, map[string]any{"eventType": "AwsVpceEvent", "eventSource": "kms.amazonaws.com", "errorCode": "VpceAccessDenied"}, true},
		{"a record of 2016", with, map[string]any{"eventVersion": "1.04", "eventType": "AwsApiCall", "eventSource": "iam.amazonaws.com"}, true},
	} {
		if got := matches(t, c.pattern, envelope(c.record)); got != c.want {
			t.Errorf("%s: forwarded is %t, want %t", c.what, got, c.want)
		}
	}
}

// Nobody but AWS can say something on the bus that reaches the queue.
func TestTheBusTakesWhatAWSSays(t *testing.T) {
	onBus := newStack(t, "queue.yaml", nil).said("Rule.EventPattern").(map[string]any)
	for source, want := range map[string]bool{"aws.cloudtrail": true, "aws.s3": true, "cloudtrail": false, "awsx.cloudtrail": false, "": false} {
		if got := matches(t, onBus, map[string]any{"source": source, "detail-type": "AWS API Call via CloudTrail"}); got != want {
			t.Errorf("an event of %q reaches the queue: %t, want %t", source, got, want)
		}
	}
}

// The rule names the services whose events a detection looks at, and no other: a service too few is an event that is
// never told, one too many is paid for.
func TestEventSourcesAreThoseOfTheDetections(t *testing.T) {
	sources, named := detector(t, load(t)).Sources()
	if !named {
		t.Fatal("a detection looks at every service: no rule can name them")
	}
	slices.Sort(sources)
	card := members(t, members(t, readTemplate(t, "region.yaml")["Parameters"])["EventSources"])
	if diff := cmp.Diff(sources, strings.Split(card["Default"].(string), ",")); diff != "" {
		t.Errorf("EventSources of region.yaml, and event_sources of the region module, want (-) and are (+):\n%s", diff)
	}
}

// EventBridge refuses a longer pattern, unless its quota was raised.
func TestPatternsAreShortEnough(t *testing.T) {
	const longest = 2048 // EventBridge quotas, event pattern size
	s := newStack(t, "region.yaml", choice{"bus_arn": busARN, "log_bucket": strings.Repeat("b", 63)}.template())
	text, err := json.Marshal(s.said("Rule.EventPattern"))
	if err != nil || len(text) > longest*3/4 {
		t.Errorf("the pattern has %d of %d characters (%v): leave room for what users add", len(text), longest, err)
	}
}
