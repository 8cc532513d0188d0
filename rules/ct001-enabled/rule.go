// Package ct001 is CT-001: a trail is enabled in all Regions.
package ct001

import (
	"embed"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges each trail: multi-Region, and logging.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-001", Title: "CloudTrail Enabled", Kind: rule.Posture, Severity: model.High,
		Categories: []rule.Category{rule.Security, rule.Sustainability},
		Aliases:    []string{"CKV_AWS_67", "AWS-0014", "AVD-AWS-0014"},
		Published:  "2016-04-12", Updated: "2026-11-25", Files: files,
	},
	Needs:    []*model.FactKind{model.TrailStatus, model.TrailSelectors},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"}}},
	Options: []rule.Option{
		{Name: "require", Values: []string{"every", "any"}, Help: "every trail must satisfy the rule, or any one of them"},
		{
			Name: "logging", Values: []string{"required", "ignored"}, Help: "whether a stopped trail fails",
			Presets: map[string]string{rule.Conformity: "ignored"},
		},
	},
	Check: check, Fix: fix, Example: example,
}

func check(e *rule.Eval, a *model.Account) {
	if len(a.Trails.Items) == 0 {
		e.NoTrail(true, e.NoneSeen()+"; Event history keeps management events for 90 days, nothing else does")
		return
	}
	truths := make([]model.Truth, len(a.Trails.Items))
	var satisfies *model.Trail // the first that does
	for i, t := range a.Trails.Items {
		truths[i] = enabled(e, t)
		if satisfies == nil && truths[i].Tri == model.Yes {
			satisfies = t
		}
	}
	for i, t := range a.Trails.Items {
		judge(e, t, truths[i], satisfies)
	}
	if e.Option("require") == "every" || satisfies == nil && !a.Listed() {
		e.Hidden()
	}
}

func enabled(e *rule.Eval, t *model.Trail) model.Truth {
	if e.Option("logging") == "ignored" {
		return t.Is(model.MultiRegion)
	}
	return model.All(t.Is(model.MultiRegion), t.Is(model.Logging))
}

func judge(e *rule.Eval, t *model.Trail, truth model.Truth, satisfies *model.Trail) {
	if truth.Tri != model.Yes && e.Option("require") == "any" && satisfies != nil {
		v := e.Trail(t, enabled(e, satisfies), rule.Say{Pass: e.Short(satisfies) + " satisfies the rule for the account (require: any)"})
		v.Note("%s itself does not: %s.", e.Short(t), shortcomings(t))
		return
	}
	if truth.Tri == model.No && e.Option("require") == "any" {
		if account := anyOf(e); account.Tri == model.Unknown { // another trail may satisfy the rule for the account
			v := e.Trail(t, account, rule.Say{})
			v.Note("%s itself does not: %s.", e.Short(t), shortcomings(t))
			return
		}
	}
	v := e.Trail(t, truth, rule.Say{Pass: "records every Region", FailBy: func() string { return shortcomings(t) }})
	if truth.Tri != model.Yes {
		e.NoteWholeJob(v, t)
		return
	}
	if why := rule.Stopped(t); why != "" {
		v.Note("%s %s.", e.Short(t), why)
	}
	e.NoteHealth(v, t)
}

// anyOf is whether some trail satisfies the rule, seen or not.
func anyOf(e *rule.Eval) model.Truth {
	truths := []model.Truth{e.Account.Unseen(true)}
	for _, t := range e.Account.Trails.Items {
		truths = append(truths, enabled(e, t))
	}
	return model.Any(truths...)
}

// shortcomings is what is known to be wrong: "records eu-west-1 only, and is not logging".
func shortcomings(t *model.Trail) string {
	var out []string
	if multi, ok := t.MultiRegion.Get(); ok && !multi {
		home, _ := t.Home.Get()
		out = append(out, "records "+home+" only")
	}
	if why := rule.Stopped(t); why != "" {
		out = append(out, why)
	}
	if len(out) == 0 {
		return "is not known to record every Region"
	}
	return strings.Join(out, ", and ")
}

func fix(f *rule.Fix) {
	t := f.Trail()
	switch {
	case t == nil && len(f.Want.Trails.Items) > 0:
		rule.AnswerFirst(f)
		return
	case t == nil:
		rule.CreateTrail(f)
		return
	}
	rule.MakeMultiRegion(t)
	rule.Start(t)
	if others := singleRegion(f, t); others > 0 {
		f.Note("The account has %s of one Region: one multi-Region trail is enough. Extend one; the others may then be stopped where they choose no data events, or set CT-001.require=any; AWS allows 5 trails in a Region, and a multi-Region trail counts in each.",
			model.Count(others, "other trail", "other trails"))
	}
}

// singleRegion counts the account's other trails that record one Region.
func singleRegion(f *rule.Fix, t *model.Trail) int {
	n := 0
	for _, other := range f.Want.Trails.Items {
		if other != t && other.Is(model.MultiRegion).Tri == model.No {
			n++
		}
	}
	return n
}

// example is the failing case of the page.
func example() []*model.Trail {
	t := rule.Healthy("project5-api", "eu-west-1")
	t.MultiRegion = rule.Given(false)
	return []*model.Trail{t}
}
