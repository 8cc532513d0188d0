package bench_test

import (
	"slices"
	"testing"
	"time"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/sigma"
	"cairn.example/rules/all"
)

// BenchmarkWatch reads log files and judges every record by all detections, those with placeholders among them, as
// cairn watch does. It tells shares of the speed of klauspost's gunzip alone, as BenchmarkRead does:
//
//	watch  by all of cairn's detections, each indexed
//	every  and by a rule that must see every record
func BenchmarkWatch(b *testing.B) {
	files, _ := logs(b)
	ours, err := detect.Load(detections.Files)
	if err != nil {
		b.Fatal(err)
	}
	each, err := sigma.Load("every.yml", []byte(`{title: Root, id: 9b2ee5f3-7a1c-4f0e-9d0a-2f6b8d1c4e77, logsource: {product: aws, service: cloudtrail}, detection: {root: {userIdentity.arn|endswith: ':nobody-at-all'}, condition: root}}`))
	if err != nil {
		b.Fatal(err)
	}
	values := sigma.Values{}
	for _, name := range []string{
		"trail_names", "trail_arns", "trail_buckets", "trail_keys", "trail_topics", "trail_log_groups", "trail_roles",
		"watched_alarms", "watched_event_rules", "watched_queues",
	} {
		values[name] = []string{"of-the-benchmark"}
	}
	plain := gunzip(b)
	best := map[string][]time.Duration{}
	timed := func(name string, i int, read func()) {
		if best[name] == nil {
			best[name] = slices.Repeat([]time.Duration{time.Hour}, len(files))
		}
		start := time.Now()
		read()
		best[name][i] = min(best[name][i], time.Since(start))
	}
	watch := func(name string, i int, with []*detect.Detection) {
		d, _, err := detect.New(detect.Options{Detections: with, Rules: all.Rules(), Values: values, Dedup: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Read("warm", stream(files[(i+1)%len(files)])); err != nil {
			b.Fatal(err)
		}
		timed(name, i, func() {
			if err := d.Read("file", stream(files[i])); err != nil {
				b.Fatal(err)
			}
		})
	}
	for b.Loop() {
		for i, file := range files {
			timed("gunzip", i, func() { plain(file) })
			watch("watch", i, ours)
			watch("every", i, append(slices.Clone(ours), detect.FromSigma(each)...))
		}
	}
	total := func(name string) (sum float64) {
		for _, took := range best[name] {
			sum += took.Seconds()
		}
		return sum
	}
	b.ReportMetric(0, "ns/op")
	for _, name := range []string{"watch", "every"} {
		b.ReportMetric(total("gunzip")/total(name), name+"/gunzip")
	}
}
