package event_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

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

// BenchmarkRead measures what reading costs on top of decompression. The ways take turns and the
// best turn of each counts, so that another process on the machine spoils no ratio: "filtered" and
// "every" are the shares of gunzip's own speed that are left, "json" how many times encoding/json's.
func BenchmarkRead(b *testing.B) {
	const n = 3000
	text := generate(1, n)
	packed := zip(text)
	filtered, every := event.NewReader(event.Options{Filter: watched()}), event.NewReader(event.Options{})
	p := event.NewProjection("eventSource", "eventName", "errorCode", "userIdentity.arn", "userIdentity.type", "sourceIPAddress",
		"userAgent", "requestParameters.name", "requestParameters.bucketName", "eventTime")
	var values event.Values
	best := map[string]time.Duration{}
	turn := func(name string, f func()) {
		start := time.Now()
		f()
		if took := time.Since(start); best[name] == 0 || took < best[name] {
			best[name] = took
		}
	}
	for b.Loop() {
		turn("gunzip", func() { gunzip(b, packed) })
		turn("filtered", func() { readAll(b, filtered, packed, nil) })
		turn("every", func() { readAll(b, every, packed, func(rec *event.Record) { values = p.Project(rec, values) }) })
		turn("plain", func() { readAll(b, every, text, nil) })
		turn("json", func() { decodeAll(b, packed) })
	}
	if s := filtered.Stats(); s.Seen != n || s.Given == 0 || s.Given > n/100 || every.Stats().Given != n {
		b.Fatalf("%+v, %+v", s, every.Stats())
	}
	speed := func(name string) float64 { return float64(len(text)) / 1e6 / best[name].Seconds() }
	b.ReportMetric(speed("gunzip"), "gunzip-MB/s")
	b.ReportMetric(speed("plain"), "plain-MB/s")
	b.ReportMetric(speed("filtered")/speed("gunzip"), "filtered/gunzip")
	b.ReportMetric(speed("every")/speed("gunzip"), "every/gunzip")
	b.ReportMetric(speed("filtered")/speed("json"), "filtered/json")
	b.ReportMetric(float64(len(text))/float64(len(packed)), "compression")
	b.ReportMetric(0, "ns/op")
}

func readAll(b *testing.B, r *event.Reader, in []byte, with func(*event.Record)) {
	b.Helper()
	for rec, err := range r.Records("in", file(in)) {
		if err != nil {
			b.Fatal(err)
		}
		if with != nil {
			with(rec)
		}
	}
}

// file is what a file is to its reader: no more than a reader, read in large pieces.
func file(in []byte) io.Reader {
	return bufio.NewReaderSize(struct{ io.Reader }{bytes.NewReader(in)}, 64<<10)
}

var (
	unpacker = new(gzip.Reader)
	unpacked = make([]byte, 256<<10)
)

func gunzip(b *testing.B, packed []byte) {
	b.Helper()
	if err := unpacker.Reset(file(packed)); err != nil {
		b.Fatal(err)
	}
	for err := error(nil); err == nil; _, err = unpacker.Read(unpacked) {
	}
}

func decodeAll(b *testing.B, packed []byte) {
	b.Helper()
	type record struct {
		Source     string          `json:"eventSource"`
		Name       string          `json:"eventName"`
		ID         string          `json:"eventID"`
		Time       string          `json:"eventTime"`
		Region     string          `json:"awsRegion"`
		Account    string          `json:"recipientAccountId"`
		ErrorCode  string          `json:"errorCode"`
		Identity   json.RawMessage `json:"userIdentity"`
		Parameters json.RawMessage `json:"requestParameters"`
		Response   json.RawMessage `json:"responseElements"`
	}
	z, err := gzip.NewReader(file(packed))
	if err != nil {
		b.Fatal(err)
	}
	var in struct {
		Records []record `json:"Records"`
	}
	if err := json.NewDecoder(z).Decode(&in); err != nil {
		b.Fatal(err)
	}
}

// A record that nobody wants, and one that is only projected, cost no allocation.
func TestReadingAllocatesNothingPerRecord(t *testing.T) {
	packed := zip(generate(2, 2000))
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
