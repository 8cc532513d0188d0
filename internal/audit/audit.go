// Package audit judges a snapshot by rules and says which standards' requirements each finding answers.
package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"cairn.example/frameworks"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// Options are what to judge by.
type Options struct {
	rule.Settings
	Version      string
	Rules        rule.Registry // the selected ones
	Frameworks   []frameworks.Framework
	AcceptUnread []string // Regions whose refusal is accepted
	// FixCommand writes the command that prints a finding's fix; nil leaves it out.
	FixCommand func(id string) string
}

// Result is everything an audit found.
type Result struct {
	Findings []model.Finding
	Gaps     []model.Gap
	Summary  model.Summary
}

// Judge judges every account of the snapshot, one after the other. The snapshot is linked on the way.
func Judge(s *model.Snapshot, o Options) Result {
	s.Link()
	controls := controlsByRule(o.Frameworks)
	out := Result{Summary: summaryOf(s, o)}
	for _, a := range s.Accounts {
		accept(a, o.AcceptUnread)
		g := rule.NewGround(a, s.CollectedAt)
		var found []model.Finding
		for _, r := range o.Rules {
			found = append(found, rule.Judge(r, g, o.Settings)...)
		}
		sortFindings(found)
		out.Findings = append(out.Findings, found...)
		out.Gaps = append(out.Gaps, a.Gaps...)
		out.Summary.Accounts = append(out.Summary.Accounts, o.sentence(g))
	}
	for i := range out.Findings {
		o.complete(&out.Findings[i], controls)
	}
	out.Summary.Count(out.Findings)
	out.Summary.Frameworks = score(o, out.Findings)
	return out
}

// complete fills in what the rule itself does not know.
func (o Options) complete(f *model.Finding, controls map[string][]model.Control) {
	f.Controls = controls[f.Rule]
	f.Notes, f.Evidence, f.Controls = orEmpty(f.Notes), orEmpty(f.Evidence), orEmpty(f.Controls)
	f.Page = "cairn rules " + f.Rule
	if r := o.Rules.Find(f.Rule); f.Status == model.StatusFail && r != nil && r.Fix != nil && o.FixCommand != nil {
		f.Fix = o.FixCommand(f.ID)
	}
}

// sentence is an account in one sentence. Rules that do not look at what is recorded leave it out: what was not
// asked for is not worth calling unknown.
func (o Options) sentence(g *rule.Ground) model.AccountSummary {
	sum := g.Summary()
	for _, fact := range []*model.FactKind{model.TrailStatus, model.TrailSelectors} {
		asked := slices.ContainsFunc(o.Rules, func(r *rule.Rule) bool { return slices.Contains(r.Needs, fact) })
		if !asked && g.Account.Unread() == nil {
			sum.Headline, sum.Recorded = "", model.Unknown
		}
	}
	return sum
}

// orEmpty keeps JSON lists from being null: nothing was found, and that is known.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// accept marks the refusals that the settings accept.
func accept(a *model.Account, regions []string) {
	for _, gaps := range [][]model.Gap{a.Trails.Gaps, a.Gaps} {
		for i := range gaps {
			gaps[i].Accepted = gaps[i].Call == "DescribeTrails" && slices.Contains(regions, gaps[i].Region)
		}
	}
}

// sortFindings puts the worst first: by verdict, severity, rule, Region, resource.
func sortFindings(found []model.Finding) {
	slices.SortStableFunc(found, func(a, b model.Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(model.Statuses, a.Status), slices.Index(model.Statuses, b.Status)),
			cmp.Compare(b.Severity, a.Severity),
			strings.Compare(a.Rule, b.Rule),
			strings.Compare(a.Region, b.Region),
			strings.Compare(a.Resource.ID, b.Resource.ID),
		)
	})
}

func controlsByRule(all []frameworks.Framework) map[string][]model.Control {
	out := map[string][]model.Control{}
	for _, f := range all {
		for _, r := range f.Requirements {
			for _, id := range r.Rules {
				out[id] = append(out[id], model.Control{Framework: f.ID, ID: r.ID})
			}
		}
	}
	return out
}

// score counts, for each framework, the requirements that some judged rule answers. One is met when each of its
// rules passes somewhere and fails or is unknown nowhere: a rule without anything to judge proves nothing.
func score(o Options, found []model.Finding) []model.FrameworkSummary {
	bad, good := map[string]bool{}, map[string]bool{}
	for _, f := range found {
		bad[f.Rule] = bad[f.Rule] || f.Status == model.StatusFail || f.Status == model.StatusUnknown
		good[f.Rule] = good[f.Rule] || f.Status == model.StatusPass
	}
	out := []model.FrameworkSummary{}
	for _, f := range o.Frameworks {
		sum := model.FrameworkSummary{ID: f.ID, Name: f.Name + " " + f.Version}
		for _, r := range f.Requirements {
			judged := slices.DeleteFunc(slices.Clone(r.Rules), func(id string) bool { return o.Rules.Find(id) == nil })
			if len(judged) == 0 {
				continue
			}
			sum.Of++
			if !slices.ContainsFunc(judged, func(id string) bool { return bad[id] || !good[id] }) {
				sum.Met++
			}
		}
		if sum.Of > 0 {
			out = append(out, sum)
		}
	}
	return out
}

func summaryOf(s *model.Snapshot, o Options) model.Summary {
	sum := model.Summary{
		Version: o.Version, Preset: o.Preset, CollectedAt: s.CollectedAt, Calls: s.Calls,
		Options: map[string]map[string]string{}, Accounts: []model.AccountSummary{}, Rules: []string{},
	}
	for _, r := range o.Rules {
		sum.Rules = append(sum.Rules, r.ID)
		if set := r.Settings(o.Preset, o.Options[r.ID]); len(set) > 0 {
			sum.Options[r.ID] = set
		}
	}
	regions := map[string]bool{}
	for _, a := range s.Accounts {
		for _, r := range a.Regions.Items {
			regions[r] = true
		}
	}
	sum.Regions = orEmpty(slices.Sorted(maps.Keys(regions)))
	return sum
}
