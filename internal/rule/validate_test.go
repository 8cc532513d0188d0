package rule_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

func good(id string) *rule.Rule {
	return &rule.Rule{
		Meta: rule.Meta{
			ID: id, Title: "A rule", Kind: rule.Posture, Severity: model.Low, Categories: []rule.Category{rule.Security},
			Published: "2026-01-01", Updated: "2026-01-02",
			Files: fstest.MapFS{"page.md": {}, "cases/pass.txtar": {}},
		},
		Options: []rule.Option{{Name: "mode", Values: []string{"a", "b"}, Help: "how", Presets: map[string]string{rule.Conformity: "b"}}},
		Check:   func(*rule.Eval, *model.Account) {},
	}
}

func TestValidateNamesEveryMistake(t *testing.T) {
	if err := (rule.Registry{good("CT-201"), good("CT-202")}).Validate(); err != nil {
		t.Fatalf("a good registry: %v", err)
	}
	mistakes := map[string]func(*rule.Rule){
		"want an ID such as CT-001":             func(r *rule.Rule) { r.ID = "ct-1" },
		"is also CT-201's":                      func(r *rule.Rule) { r.Aliases = []string{"CT-201"} },
		"title, kind, severity":                 func(r *rule.Rule) { r.Severity = 0 },
		"no check":                              func(r *rule.Rule) { r.Check = nil },
		"want YYYY-MM-DD":                       func(r *rule.Rule) { r.Updated = "yesterday" },
		"no files":                              func(r *rule.Rule) { r.Files = nil },
		"no page.md":                            func(r *rule.Rule) { r.Files = fstest.MapFS{"cases/pass.txtar": {}} },
		"no cases/*.txtar":                      func(r *rule.Rule) { r.Files = fstest.MapFS{"page.md": {}} },
		"at least two values":                   func(r *rule.Rule) { r.Options[0].Values = []string{"a"}; r.Options[0].Presets = nil },
		`preset conformity takes "c"`:           func(r *rule.Rule) { r.Options[0].Presets[rule.Conformity] = "c" },
		`option "severity" is cairn.yaml's own`: func(r *rule.Rule) { r.Options[0].Name = "severity" },
	}
	for want, spoil := range mistakes {
		r := good("CT-202")
		spoil(r)
		err := rule.Registry{good("CT-201"), r}.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
