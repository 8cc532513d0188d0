package coverage_test

import (
	"fmt"
	"testing"

	"cairn.example/internal/coverage"
)

const (
	kmsExcluded = `{"TrailARN": "arn", "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
		"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}`
	advancedExcluded = `{"TrailARN": "arn", "AdvancedEventSelectors": [{"FieldSelectors": [
		{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}]}]}`
	foreignExcluded = `{"TrailARN": "arn", "AdvancedEventSelectors": [{"FieldSelectors": [
		{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}]}]}`
)

func account(b *testing.B, n int, doc string, multi coverage.Tri) []coverage.Recorder {
	b.Helper()
	s := parse(b, doc)
	regions := coverage.DefaultRegions("aws")
	out := make([]coverage.Recorder, n)
	for i := range out {
		out[i] = coverage.Recorder{
			ID: fmt.Sprint("trail-", i), Home: regions[i%len(regions)], Logging: coverage.Yes, MultiRegion: multi,
			Global: coverage.Yes, Sees: coverage.Yes, Selectors: s,
		}
	}
	return out
}

func BenchmarkDecide(b *testing.B) {
	w := coverage.World{Partition: "aws", Regions: coverage.DefaultRegions("aws")}
	goal := w.Management(coverage.Scope{})
	unknown := account(b, 85, kmsExcluded, coverage.Yes)
	for i := range unknown {
		unknown[i].Logging = coverage.Unknown
	}
	blind := account(b, 85, defaultSelectors, coverage.Yes)
	for i := range blind {
		blind[i].Selectors = nil
	}
	for _, c := range []struct {
		name      string
		recorders []coverage.Recorder
	}{
		{"one", account(b, 1, defaultSelectors, coverage.Yes)},
		{"one-region", account(b, 1, defaultSelectors, coverage.No)},
		{"one-kms", account(b, 1, kmsExcluded, coverage.Yes)},
		{"one-unknown", unknown[:1]},
		{"85-good", account(b, 85, defaultSelectors, coverage.Yes)},
		{"85-regions", account(b, 85, defaultSelectors, coverage.No)},
		{"85-kms", account(b, 85, advancedExcluded, coverage.Yes)},
		{"85-foreign", account(b, 85, foreignExcluded, coverage.Yes)},
		{"85-unknown", unknown},
		{"85-blind", blind},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Decide(goal, c.recorders)
			}
		})
	}
}

func BenchmarkManagement(b *testing.B) {
	w := coverage.World{Partition: "aws", Regions: coverage.DefaultRegions("aws")}
	for b.Loop() {
		w.Management(coverage.Scope{})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parse(b, advancedExcluded)
	}
}

func BenchmarkDescribe(b *testing.B) {
	w := coverage.World{Partition: "aws", Regions: coverage.DefaultRegions("aws")}
	a := w.Decide(w.Management(coverage.Scope{}), account(b, 1, kmsExcluded, coverage.No))
	for b.Loop() {
		w.Describe(a.Missing)
	}
}
