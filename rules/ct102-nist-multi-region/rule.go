// Package ct102 is CT-102: NIST 800-53 r5's "at least one multi-Region trail".
package ct102

import (
	"embed"
	"fmt"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges the account: a multi-Region trail is active. What it selects is CT-010's and CT-110's to say.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-102", Title: "At Least One Multi-Region AWS CloudTrail", Kind: rule.Posture, Severity: model.Medium,
		Categories: []rule.Category{rule.Security},
		Aliases:    []string{"cloudtrail_multi_region_trail_enabled"},
		Published:  "2026-11-25", Updated: "2026-11-25", Files: files,
	},
	Needs:    []*model.FactKind{model.TrailStatus},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"}}},
	Check:    check, Fix: fix, Example: example,
}

func check(e *rule.Eval, a *model.Account) {
	truths := make([]model.Truth, 0, len(a.Trails.Items)+1)
	var active, inactive []*model.Trail
	for _, t := range a.Trails.Items {
		truth := model.All(t.Is(model.MultiRegion), t.Is(model.Logging), e.Sees(t))
		truths = append(truths, truth)
		if truth.Tri == model.Yes {
			active = append(active, t)
		}
		if multi, _ := t.MultiRegion.Get(); multi && rule.Stopped(t) != "" {
			inactive = append(inactive, t)
		}
	}
	truth := model.Any(append(truths, a.Unseen(true))...)
	v := e.OnAccount(truth, rule.Say{
		PassBy: func() string { return e.Names(active) + " " + verb(active) + " active in every Region" },
		FailBy: func() string { return fail(e, inactive) },
	})
	for _, t := range active {
		e.NoteHealth(v, t)
	}
	for _, t := range inactive {
		home, _ := t.Home.Get()
		if owner := t.Owner(); owner != a.ID {
			home += " by account " + owner
		}
		v.Note("%s %s; StartLogging in %s starts it", e.Short(t), rule.Stopped(t), home)
	}
	if truth.Tri == model.No {
		for _, t := range a.Trails.Items {
			e.NoteSight(v, t)
		}
	}
}

func verb(trails []*model.Trail) string {
	if len(trails) == 1 {
		return "is"
	}
	return "are"
}

func fail(e *rule.Eval, inactive []*model.Trail) string {
	switch {
	case len(e.Account.Trails.Items) == 0:
		return e.NoneSeen()
	case len(inactive) > 0:
		return fmt.Sprintf("no multi-Region trail is active: %s %s stopped", e.Names(inactive), verb(inactive))
	}
	return "no multi-Region trail is active"
}

func fix(f *rule.Fix) {
	t := rule.Nearest(f)
	if t == nil {
		rule.CreateTrail(f)
		return
	}
	rule.MakeMultiRegion(t)
	rule.Start(t)
}

// example is the failing case of the page.
func example() []*model.Trail {
	t := rule.Healthy("main", "eu-west-1")
	t.Logging, t.StoppedAt = rule.Given(false), rule.Given(time.Date(2026, 11, 2, 14, 3, 11, 0, time.UTC))
	return []*model.Trail{t}
}
