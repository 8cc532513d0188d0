package coverage_test

import (
	"slices"
	"testing"

	"cairn.example/internal/coverage"
)

func TestPartitionOf(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "mx-central-1": "aws", "ap-southeast-9": "aws", "us-gov-east-1": "aws-us-gov",
		"cn-north-1": "aws-cn", "eusc-de-east-1": "aws-eusc", "us-iso-east-1": "aws-iso", "us-isob-west-1": "aws-iso-b",
		"eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f", "": "", "us": "", "us-east": "", "xx-north-1": "",
	} {
		if got := coverage.PartitionOf(region); got != want {
			t.Errorf("%q: got %q, want %q", region, got, want)
		}
	}
}

// TestPartitionTable checks that the table agrees with itself: a Region is found in its own partition, enabled or
// opt-in but not both, and a global Region cannot be disabled.
func TestPartitionTable(t *testing.T) {
	sizes := map[string][2]int{
		"aws": {17, 17}, "aws-us-gov": {2, 0}, "aws-cn": {2, 0}, "aws-eusc": {1, 0}, "aws-iso": {2, 0}, "aws-iso-b": {2, 0},
		"aws-iso-e": {1, 0}, "aws-iso-f": {2, 0},
	}
	for name, size := range sizes {
		enabled, optIn := coverage.DefaultRegions(name), coverage.OptInRegions(name)
		if len(enabled) != size[0] || len(optIn) != size[1] {
			t.Errorf("%s: %d and %d Regions, want %v", name, len(enabled), len(optIn), size)
		}
		for _, region := range slices.Concat(enabled, optIn) {
			if got := coverage.PartitionOf(region); got != name {
				t.Errorf("%s is found in %s, not %s", region, got, name)
			}
			if coverage.OptIn(region) != slices.Contains(optIn, region) || slices.Contains(enabled, region) == coverage.OptIn(region) {
				t.Errorf("%s: opt-in is %v", region, coverage.OptIn(region))
			}
		}
		globals := coverage.GlobalRegions(name)
		if len(globals) == 0 {
			t.Errorf("%s: no global Region", name)
		}
		for _, region := range globals {
			if !slices.Contains(enabled, region) {
				t.Errorf("%s: the global Region %s can be disabled", name, region)
			}
		}
	}
	if coverage.DefaultRegions("none") != nil || coverage.GlobalRegions("none") != nil || !coverage.OptIn("ap-southeast-9") {
		t.Error("unknown partition or newer Region")
	}
}
