package ruletest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/audit"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

const states = "../../rules/all/testdata/states/*.txtar"

// verdicts are what redaction must leave: how often each rule gives which verdict on which kind of thing, and with
// how many notes and facts.
func verdicts(r audit.Result) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s %s %d notes %d facts", f.Rule, f.Status, f.Resource.Kind, f.Region, len(f.Notes), len(f.Evidence)))
	}
	slices.Sort(out)
	return out
}

// digits are account numbers, none of which a stand-in looks like.
var digits = regexp.MustCompile(`\b[1-9]\d{11}\b`)

func TestRedactionKeepsTheVerdicts(t *testing.T) {
	rules := all.Rules()
	for name, c := range ruletest.Cases(t, states) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.Collect(t, rules.Needs())
			r, err := s.Redact()
			if err != nil {
				t.Fatal(err)
			}
			before, after := c.Judge(s, rules), c.Judge(r, rules)
			if want, got := verdicts(before), verdicts(after); !slices.Equal(want, got) {
				t.Errorf("before:\n%s\nafter:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
			}
			var text strings.Builder
			if err := r.Write(&text); err != nil {
				t.Fatal(err)
			}
			if left := digits.FindAllString(text.String(), -1); len(left) > 0 {
				t.Errorf("%v is left in\n%s", left, text.String())
			}
			for _, a := range s.Accounts {
				for _, trail := range a.Trails.Items {
					if strings.Contains(text.String(), "trail/"+trail.Name+`"`) {
						t.Errorf("the trail %s is left", trail.Name)
					}
				}
			}
		})
	}
}

// An account whose role is refused takes nothing from the others, and every rule of it is unknown.
func TestRefusedAccountIsUnknownToEveryRule(t *testing.T) {
	const refused = "222222222222"
	c, err := ruletest.Parse(txtar.Parse([]byte("role " + ruletest.Account + "\nrole " + refused + `
-- aws.json --
{"sts assume-role --role-arn arn:aws:iam::` + refused + `:role/cairn": {"error": "AccessDenied"},
 "cloudtrail describe-trails": {"trailList": []}}
`)))
	if err != nil {
		t.Fatal(err)
	}
	rules := all.Rules()
	judged := map[string]map[string]bool{}
	for _, f := range c.Judge(c.Collect(t, rules.Needs()), rules).Findings {
		if judged[f.Account] == nil {
			judged[f.Account] = map[string]bool{}
		}
		judged[f.Account][f.Rule] = true
		if (f.Account == refused) != (f.Status == model.StatusUnknown) {
			t.Errorf("%s: %s is %s: %s", f.Account, f.Rule, f.Status, f.Message)
		}
	}
	for _, account := range []string{refused, ruletest.Account} {
		if len(judged[account]) != len(rules) {
			t.Errorf("%s is judged by %d of %d rules", account, len(judged[account]), len(rules))
		}
	}
}

// A snapshot file that lost its list of trails says nothing about them.
func TestLostListsAreUnknown(t *testing.T) {
	rules := all.Rules()
	const doc = `{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [{"id": "111122223333", "partition": "aws",
		"caller": "arn:aws:iam::111122223333:root", "regions": {"items": ["eu-west-1", "us-east-1"]}, "trails": LIST}]}`
	for _, list := range []string{`null`, `{}`, `{"items": null}`, `{"items": null, "gaps": []}`} {
		s, err := model.ReadSnapshot(strings.NewReader(strings.Replace(doc, "LIST", list, 1)))
		if err != nil {
			t.Fatal(err)
		}
		found := ruletest.Case{Preset: rule.Default}.Judge(s, rules).Findings
		if len(found) < len(rules) {
			t.Errorf("%s: %d findings of %d rules", list, len(found), len(rules))
		}
		for _, f := range found {
			if f.Status != model.StatusUnknown {
				t.Errorf("%s: %s is %s: %s", list, f.Rule, f.Status, f.Message)
			}
		}
	}
}
