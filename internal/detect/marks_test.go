package detect_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cairn.example/internal/detect"
	"cairn.example/internal/model"
)

// counts are users' rules: one that counts, and one that a further value makes silent.
const counts = `
title: Probing
name: probing
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventSource: cloudtrail.amazonaws.com, errorCode: AccessDenied}
  condition: s
---
title: Much probing
correlation: {type: event_count, rules: [probing], group-by: [userIdentity.arn], timespan: 10m, condition: {gte: 3}}
---
title: Foreign
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}
  ours: {"requestParameters.bucketName|expand": "%trail_buckets%"}
  condition: s and not ours
`

// happening draws a record of some account of the organization: of changes, repeats, refusals, calls about buckets of
// which a trail may be known, second records of one call, and addenda.
func happening(rt *rapid.T, day []string, began time.Time) string {
	draw := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(rt, label) }
	i := len(day)
	if i > 0 && draw("addendum", 12) == 0 {
		return addendum(day[draw("amended", i)], fmt.Sprintf("e%03d", i))
	}
	at := began.Add(time.Duration(i)*20*time.Second + time.Duration(draw("jitter", 3))*time.Second)
	switch draw("late", 12) {
	case 0:
		at = at.Add(-time.Duration(draw("by minutes", 12)) * time.Minute)
	case 1:
		at = at.Add(-time.Duration(draw("by hours", 4)) * time.Hour)
	}
	id, when, bucket := fmt.Sprintf("e%03d", i), at.Format(time.RFC3339), fmt.Sprint("b", draw("bucket", 3))
	out := [...]string{
		record(id, when, "StopLogging", name), record(id, when, "StartLogging", name), record(id, when, "StopLogging", name),
		record(id, when, "StartLogging", name), record(id, when, "DeleteTrail", name),
		record(id, when, "CreateTrail", `{"name":"other","s3BucketName":"`+bucket+`","isMultiRegionTrail":true}`),
		record(id, when, "UpdateTrail", `{"name":"main","isMultiRegionTrail":`+fmt.Sprint(draw("multi", 2) == 0)+`}`),
		record(id, when, "UpdateTrail", `{"name":"main","s3BucketName":"`+bucket+`"}`),
		record(id, when, "PutEventSelectors", `{"trailName":"main","eventSelectors":[{"readWriteType":"`+[]string{"All", "ReadOnly"}[draw("selectors", 2)]+`","includeManagementEvents":true}]}`),
		record(id, when, "AddTags", `{"resourceId":"`+mainARN+`","tagsList":[{"key":"a","value":"`+bucket+`"}]}`),
		denied(record(id, when, "StopLogging", "null")), denied(record(id, when, "StopLogging", "null")), denied(record(id, when, "DeleteTrail", name)),
		of("s3.amazonaws.com", record(id, when, "DeleteBucketPolicy", `{"bucketName":"`+bucket+`"}`)),
		of("s3.amazonaws.com", record(id, when, "PutBucketPolicy", `{"bucketName":"`+bucket+`"}`)),
	}[draw("call", 15)]
	if i > 0 && draw("shared", 6) == 0 {
		shared := fmt.Sprintf(`"sharedEventID":"s%d",`, i/3)
		out = strings.Replace(out, `"readOnly"`, shared+`"readOnly"`, 1)
		if draw("member", 2) == 0 {
			out = strings.Replace(out, `"recipientAccountId":"111122223333"`, `"recipientAccountId":"200000000001"`, 1)
		}
	}
	return out
}

// addendum tells an event of a record better.
func addendum(record, id string) string {
	was := wasID.FindStringSubmatch(record)[1]
	record = strings.Replace(wasID.ReplaceAllString(record, `"eventID":"`+id+`"`), "203.0.113.7", "203.0.113.8", 1)
	if strings.Contains(record, `"addendum"`) { // which it amends stays
		return record
	}
	return strings.Replace(record, `"readOnly"`, `"addendum":{"reason":"UPDATED_DATA","originalEventID":"`+was+`"},"readOnly"`, 1)
}

var wasID = regexp.MustCompile(`"eventID":"([^"]*)"`)

// To go on from where the story stood gives what telling all anew gives: after every piece of any log in any order, also
// when most of it is forgotten. What stands in the end is what a detector tells that reads all of it at once.
func TestToGoOnIsToTellAnew(t *testing.T) {
	worlds := map[string]*model.Snapshot{"nothing": nil, "account": snapshot(t), "organization": organization(2)}
	rapid.Check(t, func(rt *rapid.T) {
		o := options(t)
		o.Detections = append(slices.Clone(o.Detections), users(t, counts)...)
		o.Snapshot = worlds[rapid.SampledFrom(slices.Sorted(maps.Keys(worlds))).Draw(rt, "known")]
		o.Keep = rapid.SampledFrom([]int{0, 4, 12}).Draw(rt, "keep")
		began := time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 80).Draw(rt, "begins")) * time.Minute)
		var day []string
		for range rapid.IntRange(1, 120).Draw(rt, "records") {
			day = append(day, happening(rt, day, began))
		}
		if rapid.IntRange(0, 4).Draw(rt, "any order") == 0 {
			day = rapid.Permutation(day).Draw(rt, "order")
		}
		on, afresh, stand := detector(t, o), detector(t, o), map[string]string{}
		for rest := day; len(rest) > 0; {
			n := min(len(rest), rapid.SampledFrom([]int{1, 1, 1, 2, 3, 10, 40}).Draw(rt, "piece"))
			read(t, on, rest[:n]...)
			read(t, afresh, rest[:n]...)
			rest = rest[n:]
			found := on.Tell()
			same(rt, "lines", found, detect.TellAfresh(afresh))
			same(rt, "standing", on.Standing(), afresh.Standing())
			same(rt, "accounts", on.Twin(), afresh.Twin())
			hear(rt, stand, found)
		}
		if o.Keep == 0 {
			whole, all := detector(t, o), map[string]string{}
			read(t, whole, day...)
			hear(rt, all, whole.Tell())
			same(rt, "end", stand, all)
		}
	})
}

// hear takes in what is told, of each event the last, without the mark that it was told anew.
func hear(rt *rapid.T, stand map[string]string, found []model.Finding) {
	for _, f := range found {
		key := f.Account + f.Cause.EventID + f.ID
		if delete(stand, key); f.Status == model.StatusPass {
			continue
		}
		again := *f.RealTime
		again.Revises, f.RealTime = "", &again
		stand[key] = text(rt, f)
	}
}

func text(rt *rapid.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		rt.Fatal(err)
	}
	return string(raw)
}

// same wants two to be written alike, and says where they are not.
func same[T any](rt *rapid.T, what string, got, want T) {
	if text(rt, got) == text(rt, want) {
		return
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	switch {
	case g.Kind() == reflect.Slice && g.Len() == w.Len():
		for i := range g.Len() {
			same(rt, fmt.Sprintf("%s %d", what, i), g.Index(i).Interface(), w.Index(i).Interface())
		}
	case g.Kind() == reflect.Map && g.Len() == w.Len():
		for _, k := range w.MapKeys() {
			if !g.MapIndex(k).IsValid() {
				rt.Fatalf("%s: no %s", what, k)
			}
			same(rt, what+" "+k.String(), g.MapIndex(k).Interface(), w.MapIndex(k).Interface())
		}
	}
	rt.Fatalf("%s: got\n%s\nwant\n%s", what, text(rt, got), text(rt, want))
}
