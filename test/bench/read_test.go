package bench_test

import (
	"bufio"
	"bytes"
	stdgzip "compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/eventtest"
	"cairn.example/internal/inflate"
	"cairn.example/internal/sigma"
)

// BenchmarkRead reads log files as CloudTrail delivers them, made of records of real shapes: ours, or those of the
// records in the files under $CAIRN_SHAPES. It runs on one processor, and the ways to read take turns; of each the best
// turn counts, so that others on the machine spoil no ratio. What it tells are shares of the speed of klauspost's
// gunzip alone, and of encoding/json's:
//
//	inflate    decompression alone
//	filtered   all records, of which those are given that a detection may want
//	look       every record checked and given, and what it is called looked at
//	projected  every record checked and given, and ten of its values picked
func BenchmarkRead(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	files, size := logs(b)
	filter := wanted(b)
	filtered, every := event.NewReader(event.Options{Filter: filter}), event.NewReader(event.Options{})
	p := event.NewProjection("eventSource", "eventName", "errorCode", "userIdentity.arn", "userIdentity.type", "sourceIPAddress",
		"userAgent", "requestParameters.name", "requestParameters.bucketName", "eventTime")
	var values event.Values
	ways := map[string]func([]byte){
		"gunzip": gunzip(b), "inflate": inflated(b), "json": decoded(b),
		"filtered": func(file []byte) { records(b, filtered, file, func(*event.Record) {}) },
		"look":     func(file []byte) { records(b, every, file, func(rec *event.Record) { rec.EventName() }) },
		"projected": func(file []byte) {
			records(b, every, file, func(rec *event.Record) { values = p.Project(rec, values) })
		},
	}
	best := map[string][]time.Duration{}
	for name := range ways {
		best[name] = slices.Repeat([]time.Duration{time.Hour}, len(files))
	}
	for b.Loop() {
		for i, file := range files {
			for name, read := range ways {
				start := time.Now()
				read(file)
				best[name][i] = min(best[name][i], time.Since(start))
			}
		}
	}
	seconds := func(name string) (sum float64) {
		for _, took := range best[name] {
			sum += took.Seconds()
		}
		return sum
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(size)/1e6/seconds("gunzip"), "gunzip-MB/s")
	for _, name := range []string{"inflate", "filtered", "look", "projected"} {
		b.ReportMetric(seconds("gunzip")/seconds(name), name+"/gunzip")
		b.ReportMetric(seconds("json")/seconds(name), name+"/json")
	}
}

// each is how many records a file has.
const each = 1000

// logs are files of usual size, and their size when they are unpacked.
func logs(b *testing.B) (files [][]byte, size int) {
	b.Helper()
	shapes, err := eventtest.Own()
	if path := os.Getenv("CAIRN_SHAPES"); path != "" {
		shapes, err = eventtest.Of(path)
	}
	if err != nil {
		b.Fatal(err)
	}
	for seed := range uint64(4) {
		text := shapes.File(seed, each)
		var packed bytes.Buffer
		w := stdgzip.NewWriter(&packed) // its blocks are like zlib's, which AWS seems to use
		if _, err := w.Write(text); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		files, size = append(files, packed.Bytes()), size+len(text)
	}
	return files, size
}

// wanted is the filter of all detections.
func wanted(b *testing.B) *event.Filter {
	b.Helper()
	all, err := detect.Load(detections.Files)
	if err != nil {
		b.Fatal(err)
	}
	var rules []*sigma.Rule
	for _, d := range all {
		rules = append(rules, d.Rules...)
	}
	rules = slices.DeleteFunc(rules, func(r *sigma.Rule) bool { return len(r.Placeholders()) > 0 })
	engine, errs := sigma.NewEngine(rules, nil)
	if len(errs) > 0 {
		b.Fatal(errs)
	}
	indexed, ok := engine.Keys()
	if !ok {
		b.Fatal("a detection must see every record")
	}
	var keys []event.Key
	for _, k := range indexed {
		keys = append(keys, event.Key(k))
	}
	return event.NewFilter(keys...)
}

// stream is what a file is to its reader: no more than a reader, read in large pieces.
func stream(file []byte) *bufio.Reader {
	return bufio.NewReaderSize(struct{ io.Reader }{bytes.NewReader(file)}, 64<<10)
}

func records(b *testing.B, r *event.Reader, file []byte, with func(*event.Record)) {
	b.Helper()
	for rec, err := range r.Records("file", stream(file)) {
		if err != nil {
			b.Fatal(err)
		}
		with(rec)
	}
	if r.Stats().Seen != each {
		b.Fatalf("%+v", r.Stats())
	}
}

func gunzip(b *testing.B) func([]byte) {
	b.Helper()
	z, text := new(gzip.Reader), make([]byte, 128<<10)
	return func(file []byte) {
		err := z.Reset(stream(file))
		for err == nil {
			_, err = z.Read(text)
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
}

func inflated(b *testing.B) func([]byte) {
	b.Helper()
	z, buf := new(inflate.Reader), make([]byte, 0, 128<<10)
	return func(file []byte) {
		z.Reset(stream(file))
		text, err := z.Append(buf)
		for err == nil {
			text, err = z.Append(buf[:copy(buf[:cap(buf)], text[max(0, len(text)-inflate.Window):])])
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
}

func decoded(b *testing.B) func([]byte) {
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
	return func(file []byte) {
		z, err := gzip.NewReader(stream(file))
		if err != nil {
			b.Fatal(err)
		}
		var in struct {
			Records []record `json:"Records"`
		}
		if err := json.NewDecoder(z).Decode(&in); err != nil || len(in.Records) != each {
			b.Fatal(err, len(in.Records))
		}
	}
}
