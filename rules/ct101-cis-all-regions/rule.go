// Package ct101 is CT-101: the CIS benchmark's "CloudTrail is enabled in all Regions".
package ct101

import (
	"embed"
	"fmt"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges the account: one multi-Region trail records, alone, every management event.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-101", Title: "CIS: one trail records all management events in all Regions", Kind: rule.Posture, Severity: model.High,
		Categories: []rule.Category{rule.Security},
		Aliases: []string{
			"CloudTrail.1", "multi-region-cloudtrail-enabled", "cloudtrail_multi_region_enabled_logging_management_events",
		},
		External:  []string{"CCE-78913-1"},
		Published: "2026-11-25", Updated: "2026-11-25", Files: files,
	},
	Needs:    []*model.FactKind{model.TrailStatus, model.TrailSelectors},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging", "PutEventSelectors"}}},
	Check:    check, Fix: fix, Example: example,
}

func check(e *rule.Eval, a *model.Account) {
	truths := make([]model.Truth, 0, len(a.Trails.Items)+1)
	var does *model.Trail
	for _, t := range a.Trails.Items {
		whole := model.All(t.Is(model.MultiRegion), t.Is(model.Logging), e.Covered(e.Alone(t), t))
		if whole.Tri == model.Yes && does == nil {
			does = t
		}
		truths = append(truths, whole)
	}
	truth := model.Any(append(truths, a.Unseen(true))...)
	if does != nil {
		v := e.OnAccount(truth, rule.Say{Pass: e.Short(does) + " records every management event of every Region by itself"})
		e.NoteDelivery(v, does)
		return
	}
	v := e.OnAccount(truth, rule.Say{FailBy: func() string { return shortcomings(e, a) }})
	if truth.Tri == model.No && e.Union().Verdict == model.Yes {
		v.Note("Together the trails do record every management event (CT-110 passes); CIS asks for one trail that does.")
	}
}

func shortcomings(e *rule.Eval, a *model.Account) string {
	if len(a.Trails.Items) == 0 {
		return e.NoneSeen()
	}
	const most = 3
	var out []string
	for i, t := range a.Trails.Items {
		if i == most {
			out = append(out, fmt.Sprintf("%d more trails do not either", len(a.Trails.Items)-most))
			break
		}
		out = append(out, e.Short(t)+" "+shortcoming(e, t))
	}
	return "no trail alone records every management event of every Region: " + strings.Join(out, "; ")
}

func shortcoming(e *rule.Eval, t *model.Trail) string {
	if multi, ok := t.MultiRegion.Get(); ok && !multi {
		home, _ := t.Home.Get()
		return "records " + home + " only"
	}
	if why := rule.Stopped(t); why != "" {
		return why
	}
	if home, ok := t.Home.Get(); ok && e.Account.Sees(t) == model.No {
		return "is homed in " + home + ", an opt-in Region that this account has not enabled, and records nothing here"
	}
	answer := e.Alone(t)
	if answer.Witness == nil {
		return "is not known to"
	}
	return "does not record " + e.LeftOut(answer)
}

func fix(f *rule.Fix) {
	rule.FixOneTrail(f)
}

// example is the failing case of the page.
func example() []*model.Trail {
	t := rule.Healthy("main", "eu-west-1")
	rule.Choose(t, `"AdvancedEventSelectors":[{"Name":"Management events without KMS","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}]}]`)
	return []*model.Trail{t}
}
