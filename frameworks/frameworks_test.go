package frameworks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/detections"
	"cairn.example/frameworks"
	"cairn.example/internal/detect"
	rules "cairn.example/rules/all"
)

func load(t *testing.T) frameworks.Frameworks {
	t.Helper()
	all, err := frameworks.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no frameworks embedded")
	}
	return all
}

func TestFrameworkIDsAreUnique(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range load(t) {
		if seen[f.ID] {
			t.Errorf("two files call themselves %s", f.ID)
		}
		seen[f.ID] = true
	}
}

// What an original page promises, we answer: with its rule, with another (instead), or not yet (later).
func TestEveryPromiseOfTheOriginalPagesHasARow(t *testing.T) {
	all := load(t)
	tags, err := frameworks.Tags()
	if err != nil {
		t.Fatal(err)
	}
	promises, known := 0, map[string]bool{}
	for rule, words := range tags {
		for _, tag := range words {
			promises++
			known[tag] = true
			if !answered(all, tag, rule) {
				t.Errorf("%s promises %s, and no framework with that tag names %s", rule, tag, rule)
			}
		}
	}
	if promises == 0 {
		t.Error("the table holds no promise")
	}
	for _, f := range all {
		if f.Tag != "" && !known[f.Tag] {
			t.Errorf("%s: tag %s is no page's", f.ID, f.Tag)
		}
	}
}

func answered(all frameworks.Frameworks, tag, rule string) bool {
	for _, f := range all {
		for _, r := range f.Requirements {
			if f.Tag == tag && slices.Contains(slices.Concat(r.Rules, r.Detections, r.Instead, r.Later), rule) {
				return true
			}
		}
	}
	return false
}

// A page that claims a standard points to a rule that answers it, not into the void.
func TestInsteadNeverStandsAlone(t *testing.T) {
	for _, f := range load(t) {
		for _, r := range f.Requirements {
			if len(r.Instead) > 0 && len(r.Rules) == 0 {
				t.Errorf("%s %s: instead of %v, but no rule", f.ID, r.ID, r.Instead)
			}
		}
	}
}

// What rows name is there, and what is still to come is not: an id that nothing has would claim a standard for nobody.
func TestRowsNameWhatIsThere(t *testing.T) {
	watched, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, d := range watched {
		ids[d.ID] = true
	}
	judges := func(id string) bool { return rules.Rules().Find(id) != nil }
	for _, f := range load(t) {
		for _, r := range f.Requirements {
			for _, id := range r.Detections {
				if !ids[id] {
					t.Errorf("%s %s: there is no detection %s", f.ID, r.ID, id)
				}
			}
			for _, id := range slices.Concat(r.Rules, r.Instead) {
				if !judges(id) {
					t.Errorf("%s %s: there is no rule %s", f.ID, r.ID, id)
				}
			}
			for _, id := range r.Later {
				if judges(id) || ids[id] {
					t.Errorf("%s %s: %s is there, and stands under later", f.ID, r.ID, id)
				}
			}
		}
	}
}

func TestControls(t *testing.T) {
	all := load(t)
	cis := func(rule string) []frameworks.Control {
		return slices.DeleteFunc(all.Controls(rule), func(c frameworks.Control) bool {
			return !strings.HasPrefix(c.Framework, "cis-aws-")
		})
	}
	want := []frameworks.Control{
		{"cis-aws-1.2.0", "2.1"},
		{"cis-aws-1.4.0", "3.1"},
		{"cis-aws-1.5.0", "3.1"},
		{"cis-aws-2.0.0", "3.1"},
		{"cis-aws-3.0.0", "3.1"},
		{"cis-aws-4.0.1", "3.1"},
		{"cis-aws-5.0.0", "3.1"},
		{"cis-aws-6.0.0", "4.1"},
		{"cis-aws-7.0.0", "4.1"},
	}
	if diff := cmp.Diff(want, cis("CT-101")); diff != "" {
		t.Errorf("CT-101 in CIS (-want +got):\n%s", diff)
	}
	if got := cis("CT-001"); len(got) != 0 {
		t.Errorf("CT-001 answers %v, but it only stands under instead", got)
	}
	watched := []frameworks.Control{{"apra-cps-234", "23"}, {"mas-trm-2021-01", "12.2"}, {"nist-800-53-r4", "SI-4(5)"}}
	if diff := cmp.Diff(watched, all.Controls("CT-013")); diff != "" {
		t.Errorf("CT-013 (-want +got):\n%s", diff)
	}
	r5, err := all.Find("nist-800-53-r5")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(r5.Rules(), "CT-102") || slices.Contains(r5.Rules(), "CT-001") {
		t.Errorf("multi-Region in NIST r5 is CT-102 and not CT-001, got %v", r5.Rules())
	}
}
