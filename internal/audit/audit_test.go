package audit_test

import (
	"slices"
	"testing"
	"time"

	"cairn.example/frameworks"
	"cairn.example/internal/audit"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// verdicts is a rule that gives what it is told, on the account.
func verdicts(id string, s model.Severity, truths ...model.Tri) *rule.Rule {
	return &rule.Rule{
		Meta: rule.Meta{ID: id, Title: id, Severity: s},
		Check: func(e *rule.Eval, _ *model.Account) {
			for _, is := range truths {
				e.OnAccount(model.Truth{Tri: is}, rule.Say{Pass: "passes", Fail: "fails", Unknown: "is unknown"})
			}
		},
	}
}

func judge(rules rule.Registry, of ...frameworks.Framework) audit.Result {
	s := &model.Snapshot{CollectedAt: time.Unix(0, 0).UTC(), Accounts: []*model.Account{{
		ID: "111122223333", Caller: "arn:aws:iam::111122223333:user/audit", Partition: "aws",
		Regions: model.List[string]{Items: []string{"us-east-1"}},
	}}}
	return audit.Judge(s, audit.Options{
		Rules: rules, Frameworks: of, Settings: rule.Settings{Severities: map[string]model.Severity{"CT-203": model.Extreme}},
		FixCommand: func(id string) string { return "fix " + id },
	})
}

func TestTheWorstComesFirst(t *testing.T) {
	got := judge(rule.Registry{
		verdicts("CT-201", model.Low, model.Yes), verdicts("CT-202", model.High, model.Unknown),
		verdicts("CT-203", model.Low, model.No), verdicts("CT-204", model.High, model.No),
	})
	var order []string
	for _, f := range got.Findings {
		order = append(order, f.Rule)
	}
	// CT-203 was made extreme by the settings.
	if want := []string{"CT-203", "CT-204", "CT-202", "CT-201"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if f := got.Findings[0]; f.Fix != "" {
		t.Errorf("a rule without a fix offers %q", f.Fix)
	}
}

func TestARequirementIsMetOnlyByWhatPasses(t *testing.T) {
	fw := frameworks.Framework{ID: "x", Requirements: []frameworks.Requirement{
		{ID: "passes", Rules: []string{"CT-201"}},
		{ID: "fails in one of two", Rules: []string{"CT-201", "CT-202"}},
		{ID: "unknown", Rules: []string{"CT-203"}},
		{ID: "nothing to judge", Rules: []string{"CT-204"}},
		{ID: "not among the judged rules", Rules: []string{"CT-999"}},
	}}
	got := judge(rule.Registry{
		verdicts("CT-201", model.Low, model.Yes), verdicts("CT-202", model.Low, model.Yes, model.No),
		verdicts("CT-203", model.Low, model.Unknown), verdicts("CT-204", model.Low),
	}, fw)
	if sum := got.Summary.Frameworks; len(sum) != 1 || sum[0].Met != 1 || sum[0].Of != 4 {
		t.Errorf("score %+v, want 1 of 4", sum)
	}
	if c := got.Findings[0].Controls; len(c) == 0 || c[0].Framework != "x" {
		t.Errorf("controls %v", c)
	}
}

func TestAnAccountThatCouldNotBeReadIsUnknownToEveryRule(t *testing.T) {
	gap := model.Gap{Call: "AssumeRole", Code: "AccessDenied", Why: "AccessDenied"}
	s := &model.Snapshot{Accounts: []*model.Account{{ID: "111122223333", Gaps: []model.Gap{gap}}}}
	got := audit.Judge(s, audit.Options{Rules: rule.Registry{verdicts("CT-201", model.Low, model.Yes), verdicts("CT-202", model.Low, model.No)}})
	for _, f := range got.Findings {
		if f.Status != model.StatusUnknown {
			t.Errorf("%s is %s on an account that nobody could read", f.Rule, f.Status)
		}
	}
	if len(got.Findings) != 2 {
		t.Errorf("%d findings, want one a rule", len(got.Findings))
	}
}
