package bench_test

import (
	"strings"
	"testing"
	"time"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/rules/all"
	"cairn.example/test/soak"
)

// BenchmarkTell tells one event after another, each in the order in which it happened, to a detector that keeps as many
// calls as it ever does: a share of what telling all that it keeps at once takes.
//
//	tell/all   the next event
//	late/all   one that comes after ten which happened later
func BenchmarkTell(b *testing.B) {
	const kept, told, late = 900, 60, 10
	org, err := soak.NewOrganization(b.Context(), 40, 1, time.Now().Add(-2*time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	ours, err := detect.Load(detections.Files)
	if err != nil {
		b.Fatal(err)
	}
	var records []string
	for n := range kept + told {
		t := org.Trails[n%len(org.Trails)]
		e, err := org.Event(soak.Call{
			Trail: t, Name: []string{"StopLogging", "StartLogging"}[n/len(org.Trails)%2], Request: map[string]any{"name": t.ARN},
			Happens: time.Now().Add(-time.Hour + time.Duration(n)*time.Second),
		})
		if err != nil {
			b.Fatal(err)
		}
		records = append(records, string(e.Record))
	}
	took, times := map[string]time.Duration{}, map[string]int{}
	timed := func(name string, d *detect.Detector, records ...string) {
		if err := d.Read("records", strings.NewReader(`{"Records":[`+strings.Join(records, ",")+`]}`)); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if len(d.Tell()) < len(records) {
			b.Fatal("not all was told")
		}
		took[name] += time.Since(start)
		times[name]++
	}
	for b.Loop() {
		d, _, err := detect.New(detect.Options{Detections: ours, Rules: all.Rules(), Snapshot: org.Snapshot, Dedup: true})
		if err != nil {
			b.Fatal(err)
		}
		timed("all", d, records[:kept]...)
		for rest := records[kept:]; len(rest) > late; rest = rest[late+1:] {
			for i := range late {
				timed("tell", d, rest[i+1])
			}
			timed("late", d, rest[0])
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, name := range []string{"tell", "late"} {
		mean := func(name string) float64 { return took[name].Seconds() / float64(times[name]) }
		b.ReportMetric(mean(name)/mean("all"), name+"/all")
	}
}
