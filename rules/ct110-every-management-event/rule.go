// Package ct110 is CT-110: every management event is recorded by some trail.
package ct110

import (
	"embed"
	"fmt"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges the account: the union of its trails records every management event of every Region.
// Event data stores are not counted.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-110", Title: "Every management event is recorded by some trail", Kind: rule.Posture, Severity: model.High,
		Categories: []rule.Category{rule.Security},
		Published:  "2026-11-25", Updated: "2026-11-25", Files: files,
	},
	Needs:    []*model.FactKind{model.TrailStatus, model.TrailSelectors},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging", "PutEventSelectors"}}},
	Check:    check, Fix: fix, Example: example,
}

func check(e *rule.Eval, a *model.Account) {
	answer := e.Union()
	v := e.OnAccount(e.Covered(answer, a.Trails.Items...), rule.Say{
		PassBy: func() string {
			return "every management event is recorded in " + e.Everywhere() + "; event data stores are not counted"
		},
		FailBy: func() string { return lost(e) },
	})
	if answer.Verdict == model.Yes {
		for _, t := range a.Trails.Items {
			e.NoteDelivery(v, t)
		}
	}
	if answer.Verdict == model.No {
		for _, t := range a.Trails.Items {
			e.NoteSight(v, t)
		}
	}
}

func lost(e *rule.Eval) string {
	answer := e.Union()
	if answer.Witness == nil {
		return ""
	}
	return fmt.Sprintf("no trail records %s: %s would leave no record; event data stores are not counted",
		e.Missing(answer), answer.Witness)
}

func fix(f *rule.Fix) {
	rule.FixOneTrail(f)
}

// example is the failing case of the page.
func example() []*model.Trail {
	t, keys := rule.Healthy("main", "eu-west-1"), rule.Healthy("keys", "us-east-1")
	rule.Choose(t, `"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]`)
	keys.MultiRegion = rule.Given(false)
	return []*model.Trail{t, keys}
}
