package detect_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/detect"
	"cairn.example/internal/model"
)

// of is a record of a call of another service.
func of(source, record string) string {
	return strings.Replace(record, "cloudtrail.amazonaws.com", source, 1)
}

func denied(record string) string {
	return strings.Replace(record, `"requestParameters"`, `"errorCode":"AccessDenied","errorMessage":"User: x is not authorized to perform: cloudtrail:StopLogging on resource: `+mainARN+` because","requestParameters"`, 1)
}

// lines are all that is told of records that are read and told one by one.
func lines(t *testing.T, o detect.Options, records []string) []string {
	t.Helper()
	d := detector(t, o)
	var out []string
	for _, r := range records {
		read(t, d, r)
		for _, f := range d.Tell() {
			raw, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(raw))
		}
	}
	return out
}

// Who watches for months has forgotten most events, and is told of the next one as if he had not.
func TestForgettingIsNotNoticed(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	known := snapshot(t)
	for range 3 {
		var day []string
		for i := range 40 {
			at := fmt.Sprintf("2026-11-25T%02d:%02d:%02dZ", 13+i/20, i%20*3, rng.IntN(2)*30)
			id := fmt.Sprintf("%03d", i)
			day = append(day, [...]string{
				record(id, at, "StopLogging", name), record(id, at, "StartLogging", name),
				record(id, at, "UpdateTrail", `{"name":"main","isMultiRegionTrail":false,"s3BucketName":"b`+fmt.Sprint(i)+`"}`),
				record(id, at, "UpdateTrail", `{"name":"main","isMultiRegionTrail":true,"s3BucketName":"logs"}`),
				denied(record(id, at, "StopLogging", "null")), denied(record(id, at, "StopLogging", "null")),
				of("s3.amazonaws.com", record(id, at, "DeleteBucketPolicy", `{"bucketName":"logs"}`)),
				of("s3.amazonaws.com", record(id, at, "PutBucketPolicy", `{"bucketName":"b3"}`)),
			}[rng.IntN(8)])
		}
		o := options(t)
		o.Snapshot = known
		want := lines(t, o, day)
		for _, keep := range []int{1, 2, 7} {
			o.Keep = keep
			if got := lines(t, o, day); !reflect.DeepEqual(got, want) {
				t.Fatalf("of %v, keeping %d, got\n%s\nwant\n%s", day, keep, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// Many events of no consequence do not push out what is open: each part of the gap is closed when it is.
func TestOpenLossesAreKept(t *testing.T) {
	o := options(t)
	o.Snapshot, o.Keep = snapshot(t), 10
	d := detector(t, o)
	read(t, d, record("narrow", "2026-11-25T13:00:00Z", "UpdateTrail", `{"name":"main","isMultiRegionTrail":false,"includeGlobalServiceEvents":false}`),
		record("stop", "2026-11-25T13:00:01Z", "StopLogging", name))
	d.Tell()
	for i := range 100 {
		read(t, d, denied(record(fmt.Sprint(i), "2026-11-25T13:10:00Z", "StopLogging", "null")))
		d.Tell()
	}
	read(t, d, record("start", "2026-11-25T13:20:00Z", "StartLogging", name),
		record("wide", "2026-11-25T13:30:00Z", "UpdateTrail", `{"name":"main","isMultiRegionTrail":true,"includeGlobalServiceEvents":true}`))
	found := d.Tell()
	if len(found) != 2 {
		t.Fatalf("%d lines, want 2", len(found))
	}
	for i, by := range []string{"stop", "narrow"} {
		if again := found[i].Cause.Regained; len(again) != 1 || again[0].By != by {
			t.Errorf("%s regained %+v", found[i].Cause.EventName, again)
		}
	}
	if found[1].Count != 104 {
		t.Errorf("%d events, want 104", found[1].Count)
	}
}

// What is done to buckets of which no trail is known costs little memory, and is told once a trail is known to use one.
func TestWaiting(t *testing.T) {
	o := options(t)
	o.Snapshot = snapshot(t)
	d := detector(t, o)
	deleted := func(id, bucket string) string {
		return of("s3.amazonaws.com", record(id, "2026-11-25T13:30:00Z", "DeleteObjects", `{"bucketName":"`+bucket+`"}`))
	}
	read(t, d, deleted("old", "elsewhere"))
	for i := range 200 {
		var more []string
		for k := range 100 {
			more = append(more, deleted(fmt.Sprint(i, k), "app"))
		}
		read(t, d, more...)
	}
	read(t, d, deleted("new", "elsewhere"))
	if found := d.Tell(); len(found) != 0 {
		t.Fatalf("%+v", found)
	}
	read(t, d, record("move", "2026-11-25T13:00:00Z", "UpdateTrail", `{"name":"main","s3BucketName":"elsewhere"}`))
	found := d.Tell()
	if len(found) != 2 || found[1].Cause.EventID != "new" || found[1].Rule != "RTM-111" {
		t.Errorf("%+v", found)
	}
	if c := d.Counts(); c.Judged != 20003 || c.Forgotten < 1000 || c.Forgotten > 19000 {
		t.Errorf("%+v", c)
	}
}

// A line that a late event shows to be wrong is taken back, once, and stands again when it is right after all.
func TestTakenBack(t *testing.T) {
	o := options(t)
	o.Snapshot = snapshot(t)
	d := detector(t, o)
	bucket := of("s3.amazonaws.com", record("bucket", "2026-11-25T09:00:00Z", "DeleteBucketPolicy", `{"bucketName":"logs"}`))
	created := strings.Replace(record("created", "2026-11-25T10:00:00Z", "CreateTrail", `{"name":"main","s3BucketName":"logs"}`),
		`"responseElements":null`, `"responseElements":{"name":"main","trailARN":"`+mainARN+`","s3BucketName":"logs","isMultiRegionTrail":true}`, 1)
	read(t, d, bucket)
	if found := d.Tell(); len(found) != 1 {
		t.Fatalf("%+v", found)
	}
	read(t, d, created)
	found := d.Tell()
	if len(found) != 2 {
		t.Fatalf("%+v", found)
	}
	if f := found[0]; f.Status != model.StatusPass || f.Revises != "bucket" || f.Cause.EventID != "bucket" {
		t.Errorf("%+v %+v", f, f.RealTime)
	}
	read(t, d, record("older", "2026-11-25T08:00:00Z", "UpdateTrail", `{"name":"main","s3BucketName":"logs"}`))
	for _, f := range d.Tell() {
		if f.Cause.EventID == "bucket" && (f.Status != model.StatusFail || f.Revises != "bucket") {
			t.Errorf("%+v %+v", f, f.RealTime)
		}
	}
}

// Records without an eventID are events all the same, each its own, and told once.
func TestWithoutEventID(t *testing.T) {
	o := options(t)
	d := detector(t, o)
	bare := func(at string) string {
		return strings.Replace(denied(record("gone", at, "StopLogging", "null")), `"eventID":"gone",`, "", 1)
	}
	read(t, d, bare("2026-11-25T13:00:00Z"), bare("2026-11-25T13:01:00Z"), bare("2026-11-25T13:01:00Z"))
	found := d.Tell()
	if len(found) != 2 || found[0].Cause.EventID == found[1].Cause.EventID || !strings.HasPrefix(found[0].Cause.EventID, "sha256:") {
		t.Fatalf("%+v", found)
	}
	if c := d.Counts(); c.Duplicates != 1 {
		t.Errorf("%+v", c)
	}
	read(t, d, record("1", "2026-11-25T13:05:00Z", "AddTags", `{"resourceId":"`+mainARN+`","tagsList":[]}`))
	if found := d.Tell(); len(found) != 1 {
		t.Errorf("told again: %+v", found)
	}
}

// Many read while another tells: what stands in the end is the same.
func TestTellingWhileReading(t *testing.T) {
	var day []string
	for i := range 60 {
		at, id := fmt.Sprintf("2026-11-25T13:%02d:00Z", i), fmt.Sprint(i)
		day = append(day, record(id, at, []string{"StopLogging", "StartLogging"}[i%2], name),
			of("s3.amazonaws.com", record("s"+id, at, "DeleteBucketPolicy", `{"bucketName":"elsewhere"}`)))
	}
	day = append(day, record("move", "2026-11-25T13:30:30Z", "UpdateTrail", `{"name":"main","s3BucketName":"elsewhere"}`))
	known := snapshot(t)
	want := final(t, known, day, 0)
	o := options(t)
	o.Snapshot = known
	d, got := detector(t, o), map[string]string{}
	tell := func() {
		for _, f := range d.Tell() {
			f.Revises = ""
			raw, err := json.Marshal(f)
			if err != nil {
				t.Error(err)
			}
			got[f.Cause.EventID+f.ID] = string(raw)
		}
	}
	var readers sync.WaitGroup
	for k := range 4 {
		readers.Go(func() {
			for i := k; i < len(day); i += 4 {
				if err := d.Read("part", strings.NewReader(`{"Records":[`+day[i]+`]}`)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { readers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		tell()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
}

// Without the search for duplicates a record that is read twice is still one event.
func TestOneEventIsOne(t *testing.T) {
	o := options(t)
	o.Snapshot, o.Dedup = snapshot(t), false
	d := detector(t, o)
	one := record("x", "2026-11-25T13:00:00Z", "StopLogging", name)
	read(t, d, one, one)
	if found := d.Tell(); len(found) != 1 || found[0].Count != 1 {
		t.Fatalf("%+v", found)
	}
	read(t, d, one)
	if found := d.Tell(); len(found) != 0 {
		t.Errorf("told again: %+v", found)
	}
	if c := d.Counts(); c.Judged != 1 || c.Duplicates != 2 {
		t.Errorf("%+v", c)
	}
}

// An addendum is its event told better, whichever is read first.
func TestAddendum(t *testing.T) {
	plain := record("1", "2026-11-25T13:00:00Z", "StopLogging", name)
	better := strings.NewReplacer(`"eventID":"1"`, `"eventID":"2","addendum":{"reason":"UPDATED_DATA","originalEventID":"1"}`, "203.0.113.7", "203.0.113.8").Replace(plain)
	for i, day := range [][]string{{plain, better}, {better, plain}} {
		o := options(t)
		o.Snapshot = snapshot(t)
		d := detector(t, o)
		var last model.Finding
		for _, r := range day {
			read(t, d, r)
			for _, f := range d.Tell() {
				last = f
			}
		}
		if last.Cause.EventID != "1" || last.Cause.SourceIP != "203.0.113.8" || last.Count != 1 || len(last.Cause.Lost) != 1 {
			t.Errorf("%d: %+v", i, last.RealTime)
		}
		if want := map[int]string{0: "1", 1: ""}[i]; last.Revises != want {
			t.Errorf("%d: revises %q, want %q", i, last.Revises, want)
		}
	}
}

// Times at which nothing was recorded would lead all gaps astray.
func TestImplausibleTimes(t *testing.T) {
	o := options(t)
	o.Snapshot, o.Rejected = snapshot(t), nil
	d := detector(t, o)
	read(t, d, record("1", "0001-01-01T00:00:00Z", "StopLogging", name), record("2", "9999-12-31T23:59:59Z", "StopLogging", name),
		record("3", "2026-11-26T12:00:00Z", "StopLogging", name))
	if found := d.Tell(); len(found) != 1 || found[0].Cause.EventID != "3" {
		t.Errorf("%+v", found)
	}
	if c := d.Counts(); c.Rejected != 2 {
		t.Errorf("%+v", c)
	}
}

// A rule that a further value makes silent is asked of what was read before the value was known.
func TestNegatedPlaceholder(t *testing.T) {
	o := options(t)
	o.Detections = users(t, `
title: Foreign
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventSource: s3.amazonaws.com, eventName: DeleteBucket}
  ours: {"requestParameters.bucketName|expand": "%trail_buckets%"}
  condition: s and not ours
`)
	o.Snapshot = snapshot(t)
	d := detector(t, o)
	read(t, d, of("s3.amazonaws.com", record("1", "2026-11-25T13:00:00Z", "DeleteBucket", `{"bucketName":"logs"}`)),
		of("s3.amazonaws.com", record("2", "2026-11-25T13:00:00Z", "DeleteBucket", `{"bucketName":"app"}`)),
		of("s3.amazonaws.com", record("3", "2026-11-25T14:00:00Z", "DeleteBucket", `{"bucketName":"app"}`)))
	if found := d.Tell(); len(found) != 2 {
		t.Fatalf("%d lines, want 2", len(found))
	}
	read(t, d, record("4", "2026-11-25T13:30:00Z", "UpdateTrail", `{"name":"main","s3BucketName":"app"}`))
	found := d.Tell()
	if len(found) != 1 || found[0].Cause.EventID != "3" || found[0].Status != model.StatusPass {
		t.Errorf("%+v", found)
	}
}

// One value makes the rule speak and another, which was told later, makes it silent: in between it speaks.
func TestPlaceholdersOfBothKinds(t *testing.T) {
	o := options(t)
	o.Detections = append(o.Detections, users(t, `
title: Key
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventSource: s3.amazonaws.com, eventName: PutKey, "requestParameters.bucketName|expand": "%trail_buckets%"}
  ours: {"requestParameters.key|expand": "%trail_keys%"}
  condition: s and not ours
`)...)
	o.Snapshot = snapshot(t)
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d"
	o.Snapshot.Accounts[0].Trails.Items[0].Key = model.Known("arn:aws:kms:eu-west-1:111122223333:key/other", model.Origin{})
	d := detector(t, o)
	read(t, d, of("s3.amazonaws.com", record("put", "2026-11-25T13:00:00Z", "PutKey", `{"bucketName":"elsewhere","key":"`+key+`"}`)))
	read(t, d, record("move", "2026-11-25T12:30:00Z", "UpdateTrail", `{"name":"main","s3BucketName":"elsewhere"}`),
		record("encrypt", "2026-11-25T13:30:00Z", "UpdateTrail", `{"name":"main","kmsKeyId":"`+key+`"}`))
	if found := d.Tell(); len(found) != 3 || found[1].Cause.EventID != "put" {
		t.Errorf("%d lines, want 3 with the put among them", len(found))
	}
}

// A refused call after a gap was made good is a thing of its own: that is so too when it is forgotten, and all is told
// anew.
func TestForgottenRefusalsAreNotMadeGood(t *testing.T) {
	o := options(t)
	o.Snapshot, o.Keep = snapshot(t), 2
	d := detector(t, o)
	read(t, d, record("stop", "2026-11-25T13:00:00Z", "StopLogging", name), record("start", "2026-11-25T13:01:00Z", "StartLogging", name))
	if found := d.Tell(); len(found) != 2 || len(d.Standing()) != 1 {
		t.Fatalf("%d lines, standing %v", len(found), d.Standing())
	}
	read(t, d, denied(record("refused", "2026-11-25T13:02:00Z", "StopLogging", "null")))
	d.Tell()
	for i := range 6 {
		if stands := d.Standing(); len(stands) != 0 {
			t.Fatalf("after %d events of other findings, standing %v", i, stands)
		}
		read(t, d, of("s3.amazonaws.com", record(fmt.Sprint(i), fmt.Sprintf("2026-11-25T13:%02d:00Z", 10+i), "DeleteBucketPolicy", `{"bucketName":"logs"}`)))
		detect.TellAfresh(d)
	}
}

// Who is refused is mostly a session that never comes again.
func TestRefusalsOfSessionsAreForgotten(t *testing.T) {
	o := options(t)
	o.Keep = 50
	d := detector(t, o)
	at := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1_000 {
		at = at.Add(10 * time.Minute)
		r := denied(record(fmt.Sprint(i), at.Format(time.RFC3339), "StopLogging", "null"))
		read(t, d, strings.ReplaceAll(r, "mallory", fmt.Sprint("run-", i)))
		d.Tell()
	}
	if n := detect.Refusals(d); n > 200 {
		t.Errorf("%d refusals are remembered, of which each counts for an hour", n)
	}
}
