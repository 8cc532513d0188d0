// Package ct010 is CT-010: a trail's own selectors record every management event.
package ct010

import (
	"embed"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges each trail's selectors: read and write, nothing excluded. Where the trail records, and whether
// it is on, is CT-001's to say.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-010", Title: "CloudTrail Management Events", Kind: rule.Posture, Severity: model.Medium,
		Categories: []rule.Category{rule.Security},
		Published:  "2017-10-15", Updated: "2026-11-25", Files: files,
	},
	Needs:    []*model.FactKind{model.TrailStatus, model.TrailSelectors},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "DeleteTrail", "PutEventSelectors"}}},
	Options: []rule.Option{
		{
			Name: "readWrite", Values: []string{"both", "any"}, Help: "whether read and write events must both be recorded, or any of the two",
			Presets: map[string]string{rule.Conformity: "any"},
		},
		{
			Name: "exclusions", Values: []string{"fail", "allow"}, Help: "whether leaving out KMS or RDS Data API events fails",
			Presets: map[string]string{rule.Conformity: "allow"},
		},
	},
	Check: check, Fix: fix, Example: example,
}

// excludable are the only event sources that a trail may leave out (API reference, EventSelector).
var excludable = []string{"kms.amazonaws.com", "rdsdata.amazonaws.com"}

func check(e *rule.Eval, a *model.Account) {
	if len(a.Trails.Items) == 0 {
		e.NoTrail(false, "there is no trail; Event history keeps management events for 90 days, nothing else does")
		return
	}
	scopes := scopesOf(e)
	for _, t := range a.Trails.Items {
		judge(e, t, scopes)
	}
	e.Hidden()
}

func judge(e *rule.Eval, t *model.Trail, scopes []coverage.Scope) {
	whole := e.Selects(t, coverage.Scope{})
	truth := e.Covered(whole, t)
	if len(scopes) > 0 {
		truth = anyOf(e, t, scopes)
	}
	v := e.Trail(t, truth, rule.Say{
		PassBy: func() string { return recorded(e, whole) },
		FailBy: func() string { return missing(e, whole, scopes) },
	})
	if s, ok := t.Selectors.Get(); ok && s.Assumed() && len(s.Doubts()) == 0 {
		v.Note("%s has no selectors of its own: AWS's default is assumed, which is every management event and no data event.", e.Short(t))
	}
	if truth.Tri == model.No {
		e.NoteWholeJob(v, t)
	}
	if truth.Tri == model.Yes {
		if why := rule.Stopped(t); why != "" {
			v.Note("%s %s: what its selectors choose is not recorded until it is started (CT-001).", e.Short(t), why)
		}
		e.NoteSight(v, t)
		e.NoteDelivery(v, t)
	}
}

// anyOf is whether the trail selects all of some scope.
func anyOf(e *rule.Eval, t *model.Trail, scopes []coverage.Scope) model.Truth {
	truths := make([]model.Truth, len(scopes))
	for i, s := range scopes {
		truths[i] = e.Covered(e.Selects(t, s), t)
	}
	return model.Any(truths...)
}

// scopesOf are the goals of which one must be met, where not every management event is asked for.
func scopesOf(e *rule.Eval) []coverage.Scope {
	var without []string
	if e.Option("exclusions") == "allow" {
		without = excludable
	}
	if e.Option("readWrite") == "any" {
		return []coverage.Scope{{ReadOnly: model.Yes, Without: without}, {ReadOnly: model.No, Without: without}}
	}
	if without != nil {
		return []coverage.Scope{{Without: without}}
	}
	return nil
}

func recorded(e *rule.Eval, whole coverage.Answer) string {
	if whole.Verdict == model.Yes {
		return "selects every management event, read and write"
	}
	return "selects management events, but not " + e.LeftOut(whole)
}

func missing(e *rule.Eval, whole coverage.Answer, scopes []coverage.Scope) string {
	if len(scopes) > 1 {
		return "records neither all read nor all write management events: it leaves out " + e.LeftOut(whole)
	}
	return "does not record " + e.LeftOut(whole)
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
	rule.RecordManagement(f, t)
}

// example is the failing case of the page.
func example() []*model.Trail {
	t := rule.Healthy("main", "eu-west-1")
	rule.Choose(t, `"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]`)
	return []*model.Trail{t}
}
