package detect_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/model"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// account is one with a multi-Region trail that records everything, and a second one that is a copy of it.
const account = `
{
  "cloudtrail describe-trails": {"trailList": [
    {"Name": "main", "S3BucketName": "logs", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": "eu-west-1", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "LogFileValidationEnabled": true, "HasCustomEventSelectors": false, "HasInsightSelectors": false, "IsOrganizationTrail": false}%s]},
  "cloudtrail get-trail-status --name main": {"IsLogging": true, "StartLoggingTime": "2026-01-01T00:00:00+00:00", "LatestDeliveryTime": "2026-11-25T11:50:00+00:00", "LatestDigestDeliveryTime": "2026-11-25T11:20:00+00:00"},
  "cloudtrail get-event-selectors --trail-name main": {"TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [], "ExcludeManagementEventSources": []}]}
}
`

func snapshot(t *testing.T) *model.Snapshot {
	t.Helper()
	c, err := ruletest.Parse(&txtar.Archive{Files: []txtar.File{{Name: "aws.json", Data: fmt.Appendf(nil, account, "")}}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Collect(t, all.Rules().Needs())
}

const mainARN = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"

// record is a record of a call on the trail.
func record(id, at, name, request string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Admin/mallory","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE"},"eventTime":%q,"eventSource":"cloudtrail.amazonaws.com","eventName":%q,"awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.17.0","requestParameters":%s,"responseElements":null,"eventID":%q,"readOnly":false,"recipientAccountId":"111122223333"}`, at, name, request, id)
}

var load = sync.OnceValues(func() ([]*detect.Detection, error) { return detect.Load(os.DirFS("../../detections")) })

func options(t *testing.T) detect.Options {
	t.Helper()
	found, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return detect.Options{Detections: found, Rules: all.Rules(), Dedup: true, Rejected: func(e *event.RecordError) { t.Error(e) }}
}

func detector(t *testing.T, o detect.Options) *detect.Detector {
	t.Helper()
	d, _, err := detect.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, d *detect.Detector, records ...string) {
	t.Helper()
	if err := d.Read("test", strings.NewReader(`{"Records":[`+strings.Join(records, ",")+`]}`)); err != nil {
		t.Fatal(err)
	}
}

var name = fmt.Sprintf(`{"name":%q}`, mainARN)

// TestGap stops a trail and starts it again: the gap is told to the second, with what was lost in it where the account
// is known, and without more than the events prove where it is not.
func TestGap(t *testing.T) {
	day := []string{record("1", "2026-11-25T13:41:07Z", "StopLogging", name), record("2", "2026-11-25T13:58:44Z", "StartLogging", name)}
	for _, c := range []struct {
		known     *model.Snapshot
		lost      string
		resource  string
		severity  model.Severity
		then      model.Severity
		uncertain int
	}{
		{snapshot(t), "every management event in 3 Regions", "", model.Extreme, model.Medium, 0},
		{nil, "all that trail/main recorded", mainARN, model.High, model.Medium, 2},
	} {
		o := options(t)
		o.Snapshot = c.known
		d := detector(t, o)
		read(t, d, day...)
		found := d.Tell()
		if len(found) != 2 {
			t.Fatalf("%d lines, want 2", len(found))
		}
		stop, start := found[0], found[1]
		if stop.Severity != c.severity || len(stop.Cause.Lost) != 1 || stop.Cause.Lost[0].What != c.lost || stop.Cause.Lost[0].Resource != c.resource {
			t.Errorf("StopLogging is %s and lost %+v", stop.Severity, stop.Cause.Lost)
		}
		if len(stop.Cause.Unknown) != c.uncertain {
			t.Errorf("unknown: %q", stop.Cause.Unknown)
		}
		if want := "aws cloudtrail start-logging --region eu-west-1 --name " + mainARN; stop.Fix != want {
			t.Errorf("the fix is %q, want %q", stop.Fix, want)
		}
		if start.Severity != c.then || len(start.Cause.Regained) != 1 || start.Cause.Regained[0].Seconds != 17*60+37 || start.Cause.Regained[0].By != "1" {
			t.Errorf("StartLogging is %s and regained %+v", start.Severity, start.Cause.Regained)
		}
	}
}

// TestResumed starts a trail that the Snapshot shows as stopped: no event told the stop, but the account does.
func TestResumed(t *testing.T) {
	o := options(t)
	o.Snapshot = snapshot(t)
	main := o.Snapshot.Accounts[0].Trails.Items[0]
	main.Logging = model.Known(false, model.Origin{})
	main.StoppedAt = model.Known(time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC), model.Origin{})
	d := detector(t, o)
	read(t, d, record("1", "2026-11-25T12:30:00Z", "StartLogging", name))
	found := d.Tell()
	if len(found) != 1 || len(found[0].Cause.Regained) != 1 || found[0].Cause.Regained[0].Seconds != 5400 {
		t.Fatalf("%+v", found)
	}
}

// TestRepeats is the same refused call again and again: an attempt is low until it is repeated.
func TestRepeats(t *testing.T) {
	o := options(t)
	d := detector(t, o)
	var records []string
	for i := range 21 {
		r := record(fmt.Sprint(i), fmt.Sprintf("2026-11-25T13:%02d:00Z", i), "StopLogging", "null")
		records = append(records, strings.Replace(r, `"requestParameters"`, `"errorCode":"AccessDenied","errorMessage":"User: x is not authorized to perform: cloudtrail:StopLogging on resource: `+mainARN+` because","requestParameters"`, 1))
	}
	read(t, d, records...)
	var got []model.Severity
	for _, f := range d.Tell() {
		if f.Resource.ID != mainARN || f.Cause.Outcome != model.OutcomeDenied {
			t.Errorf("%+v", f)
		}
		got = append(got, f.Severity)
	}
	if len(got) != 21 || got[0] != model.Low || got[3] != model.Low || got[4] != model.Medium || got[19] != model.High {
		t.Errorf("severities %v", got)
	}
}

// TestForgetting keeps few events: what the accounts came to is still known when a trail is started again, and what a
// trail pointed at before is still watched.
func TestForgetting(t *testing.T) {
	o := options(t)
	o.Snapshot, o.Keep = snapshot(t), 10
	d := detector(t, o)
	read(t, d, record("stop", "2026-11-25T13:00:00Z", "StopLogging", name), record("move", "2026-11-25T13:00:01Z", "UpdateTrail", `{"name":"main","s3BucketName":"elsewhere"}`))
	for i := range 50 {
		read(t, d, record(fmt.Sprint(i), fmt.Sprintf("2026-11-25T13:%02d:30Z", 1+i), "AddTags", `{"resourceId":"`+mainARN+`","tagsList":[{"key":"a","value":"b"}]}`))
		d.Tell()
	}
	deleted := strings.NewReplacer("cloudtrail.amazonaws.com", "s3.amazonaws.com").Replace(record("bucket", "2026-11-25T14:10:00Z", "DeleteBucketPolicy", `{"bucketName":"logs"}`))
	read(t, d, record("start", "2026-11-25T14:00:00Z", "StartLogging", name), deleted)
	found := d.Tell()
	if len(found) != 2 || found[1].Rule != "RTM-104" {
		t.Fatalf("%+v", found)
	}
	if again := found[0].Cause.Regained; len(again) != 1 || again[0].Seconds != 3600 {
		t.Errorf("regained %+v", again)
	}
}

// TestCounts is the promise that records = judged + duplicates + rejected, for what is whole and what is not.
func TestCounts(t *testing.T) {
	o := options(t)
	var rejected []*event.RecordError
	o.Rejected = func(e *event.RecordError) { rejected = append(rejected, e) }
	d := detector(t, o)
	one := record("1", "2026-11-25T13:41:07Z", "StopLogging", name)
	untimed := record("2", "yesterday", "StopLogging", name)
	other := strings.ReplaceAll(record("3", "2026-11-25T13:41:07Z", "RunInstances", "null"), "cloudtrail.amazonaws.com", "ec2.amazonaws.com")
	read(t, d, one, one, untimed, other, "17")
	want := detect.Counts{Records: 5, Judged: 2, Duplicates: 1, Rejected: 2, Files: 1}
	got := d.Counts()
	want.Bytes = got.Bytes
	if got != want || len(rejected) != 2 {
		t.Errorf("got %+v, %v; want %+v", got, rejected, want)
	}
	if n := len(d.Tell()); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
}

// TestRandomOrder makes days of random calls, refused ones among them, around the moment of the Snapshot.
func TestRandomOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	requests := map[string][]string{
		"StopLogging": {name}, "StartLogging": {name}, "DeleteTrail": {name},
		"UpdateTrail":       {`{"name":"main","isMultiRegionTrail":false}`, `{"name":"main","isMultiRegionTrail":true}`, `{"name":"main","s3BucketName":"elsewhere"}`},
		"PutEventSelectors": {`{"trailName":"main","eventSelectors":[{"readWriteType":"ReadOnly","includeManagementEvents":true}]}`, `{"trailName":"main","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true}]}`},
		"CreateTrail":       {`{"name":"other","s3BucketName":"b","isMultiRegionTrail":true}`},
		"AddTags":           {`{"resourceId":"` + mainARN + `","tagsList":[{"key":"a","value":"b"}]}`},
	}
	ops, known := slices.Sorted(maps.Keys(requests)), snapshot(t)
	for range 40 {
		var day []string
		for i := range 2 + rng.IntN(8) {
			op := ops[rng.IntN(len(ops))]
			r := record(fmt.Sprint(i), fmt.Sprintf("2026-11-25T%02d:%02d:00Z", 11+rng.IntN(3), rng.IntN(3)), op, requests[op][rng.IntN(len(requests[op]))])
			if rng.IntN(5) == 0 {
				r = strings.Replace(r, `"requestParameters"`, `"errorCode":"AccessDenied","requestParameters"`, 1)
			}
			day = append(day, r)
		}
		want := final(t, known, day, 0)
		for range 3 {
			rng.Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
			if got := final(t, known, day, 1); !reflect.DeepEqual(got, want) {
				t.Fatalf("order %v gives\n%v\nwant\n%v", day, got, want)
			}
		}
	}
}

// TestOrder reads one day's events in many orders, whole and with telling in between: the findings that stand in the
// end are the same.
func TestOrder(t *testing.T) {
	day := []string{
		record("a", "2026-11-25T10:00:00Z", "StopLogging", name),
		record("b", "2026-11-25T10:30:00Z", "StartLogging", name),
		record("c", "2026-11-25T13:00:00Z", "UpdateTrail", `{"name":"main","isMultiRegionTrail":false}`),
		record("d", "2026-11-25T13:00:00Z", "StopLogging", name),
		record("e", "2026-11-25T13:00:05Z", "StartLogging", name),
		record("f", "2026-11-25T14:00:00Z", "UpdateTrail", `{"name":"main","isMultiRegionTrail":true}`),
		record("g", "2026-11-25T15:00:00Z", "DeleteTrail", name),
	}
	known := snapshot(t)
	want := final(t, known, day, 0)
	if len(want) != len(day) {
		t.Fatalf("%d lines of %d events", len(want), len(day))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		rng.Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
		if got := final(t, known, day, 1+i%3); !reflect.DeepEqual(got, want) {
			t.Fatalf("order %v gives\n%v\nwant\n%v", day, got, want)
		}
	}
}

// final is what was told of each event last, without the mark that it was told anew; every is how many records are
// read before they are told, 0 all.
func final(t *testing.T, known *model.Snapshot, records []string, every int) map[string]string {
	t.Helper()
	o := options(t)
	o.Snapshot = known
	d := detector(t, o)
	out := map[string]string{}
	tell := func() {
		for _, f := range d.Tell() {
			rt := *f.RealTime
			rt.Revises = ""
			f.RealTime = &rt
			raw, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			out[f.Cause.EventID+f.ID] = string(raw)
		}
	}
	for i, r := range records {
		read(t, d, r)
		if every > 0 && i%every == 0 {
			tell()
		}
	}
	tell()
	return out
}
