package detect_test

import (
	"strconv"
	"strings"
	"testing"

	"cairn.example/internal/detect"
	"cairn.example/internal/sigma"
)

// users are detections of a user's rules.
func users(t *testing.T, rules string) []*detect.Detection {
	t.Helper()
	loaded, err := sigma.Load("mine/rule.yml", []byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	return detect.FromSigma(loaded)
}

const made = `
title: Made
name: made
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventSource: iam.amazonaws.com, eventName: CreateUser}, condition: s}
---
title: Many
correlation: {type: event_count, rules: [made], group-by: [recipientAccountId], timespan: 10m, condition: {gte: 2}}
level: high
`

// Counting goes by the account and the event as all else does: also where a record does not say the one or the other.
func TestCorrelationOfOldRecords(t *testing.T) {
	for _, without := range []string{"", `,"recipientAccountId":"111122223333"`, `"eventID":"%s",`} {
		o := options(t)
		o.Detections = users(t, made)
		d := detector(t, o)
		for i, at := range []string{"2026-11-25T13:00:00Z", "2026-11-25T13:01:00Z", "2026-11-25T15:01:00Z"} {
			r := of("iam.amazonaws.com", record(at, at, "CreateUser", "null"))
			read(t, d, strings.Replace(r, strings.Replace(without, "%s", at, 1), "", 1))
			if n, want := len(d.Tell()), i%2; n != want { // only the second is one of two
				t.Errorf("without %s: %d lines after record %d, want %d", without, n, i, want)
			}
		}
	}
}

// A record that comes late changes what was counted, and a line that is not so any more is taken back.
func TestCorrelationTakenBack(t *testing.T) {
	o := options(t)
	o.Detections = users(t, strings.Replace(made, "gte: 2", "eq: 2", 1))
	d := detector(t, o)
	at := func(id, minute string) string {
		return of("iam.amazonaws.com", record(id, "2026-11-25T13:"+minute+":00Z", "CreateUser", "null"))
	}
	read(t, d, at("a", "00"), at("c", "05"))
	if found := d.Tell(); len(found) != 1 || found[0].Cause.EventID != "c" {
		t.Fatalf("%+v", found)
	}
	read(t, d, at("b", "02"))
	found := d.Tell()
	if len(found) != 2 || found[0].Cause.EventID != "b" || found[0].Status != "fail" || found[1].Cause.EventID != "c" || found[1].Status != "pass" {
		t.Errorf("%+v", found)
	}
}

// What a rule counts is the same whatever is read first.
func TestCorrelationOrder(t *testing.T) {
	minutes := []string{"00", "02", "04", "06"}
	last := func(order ...int) map[string]string {
		o := options(t)
		o.Detections = users(t, made)
		d, out := detector(t, o), map[string]string{}
		for _, i := range order {
			read(t, d, of("iam.amazonaws.com", record(minutes[i], "2026-11-25T13:"+minutes[i]+":00Z", "CreateUser", "null")))
			for _, f := range d.Tell() {
				out[f.Cause.EventID] = f.Message
			}
		}
		return out
	}
	want := last(0, 1, 2, 3)
	for _, order := range [][]int{{3, 2, 1, 0}, {2, 0, 3, 1}} {
		got := last(order...)
		for id := range want {
			if got[id] != want[id] {
				t.Errorf("%v: %s: %q, want %q", order, id, got[id], want[id])
			}
		}
	}
}

// Which events meet a rule with a placeholder that trails fill may change: such cannot be counted, and are not told of
// one by one either.
func TestCorrelationOfPlaceholder(t *testing.T) {
	o := options(t)
	o.Snapshot = snapshot(t)
	o.Detections = append(o.Detections, users(t, strings.Replace(made, "eventSource: iam.amazonaws.com, eventName: CreateUser",
		`eventSource: s3.amazonaws.com, eventName: GetBucketAcl, "requestParameters.bucketName|expand": "%trail_buckets%"`, 1))...)
	d, refused, err := detect.New(o)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	for _, r := range refused {
		told = told || strings.Contains(r.Why.Error(), "rules with such cannot be counted")
	}
	if !told {
		t.Errorf("refused %+v", refused)
	}
	read(t, d, of("s3.amazonaws.com", record("1", "2026-11-25T13:00:00Z", "GetBucketAcl", `{"bucketName":"logs"}`)))
	if found := d.Tell(); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// Rules of one title are two, each with its findings.
func TestRulesOfOneTitle(t *testing.T) {
	rule, _, _ := strings.Cut(made, "---")
	o := options(t)
	o.Detections = users(t, rule+"---"+rule)
	d := detector(t, o)
	read(t, d, of("iam.amazonaws.com", record("1", "2026-11-25T13:00:00Z", "CreateUser", "null")))
	if found := d.Tell(); len(found) != 2 || found[0].ID == found[1].ID {
		t.Errorf("%+v", found)
	}
}

const insight = `
title: Unusual
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventCategory: Insight}, condition: s}
`

// The start and the end of an Insight share an id, and are no two records of one call.
func TestAnInsightStartsAndEnds(t *testing.T) {
	o := options(t)
	o.Detections = users(t, insight)
	d := detector(t, o)
	for i, one := range []string{"Start", "End"} {
		read(t, d, `{"eventVersion":"1.07","eventTime":"2026-11-25T1`+strconv.Itoa(3+i)+`:00:00Z","awsRegion":"eu-west-1","eventID":"`+one+`","eventType":"AwsCloudTrailInsight",
			"recipientAccountId":"111122223333","sharedEventID":"s","insightDetails":{"state":"`+one+`"},"eventCategory":"Insight"}`)
		if found := d.Tell(); len(found) != 1 || found[0].Cause.EventID != one || found[0].Count != i+1 {
			t.Errorf("%s: told %+v", one, found)
		}
	}
}

// What a VPC endpoint tells of a call that succeeded is told with the call, whether or not the two share an id.
func TestARecordOfTheNetworkIsNoFurtherCall(t *testing.T) {
	for _, shared := range []string{"", `"sharedEventID":"s",`} {
		o := options(t)
		o.Snapshot = snapshot(t)
		d := detector(t, o)
		call := of("s3.amazonaws.com", record("b", "2026-11-25T13:00:00Z", "DeleteBucketPolicy", `{"bucketName":"logs"}`))
		call = strings.Replace(call, `"readOnly"`, shared+`"readOnly"`, 1)
		read(t, d, strings.Replace(call, `"eventID":"b"`, `"eventID":"a","eventCategory":"NetworkActivity"`, 1), call)
		if found := d.Tell(); len(found) != 1 || found[0].Cause.EventID != "b" {
			t.Errorf("with %q: %d lines, want that of the call", shared, len(found))
		}
	}
}
