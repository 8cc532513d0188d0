// Package audit judges a snapshot by rules and says which standards' requirements each finding answers.
package audit

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"cairn.example/frameworks"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// Options are what to judge by.
type Options struct {
	rule.Settings
	Version      string
	Rules        rule.Registry // the selected ones
	Frameworks   frameworks.Frameworks
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

// Judge judges every account of the snapshot. The snapshot is linked on the way; then accounts do not touch each
// other, and are judged side by side. The result is in the snapshot's order.
func Judge(s *model.Snapshot, o Options) Result {
	s.Link()
	out := Result{Summary: summaryOf(s, o)}
	out.Summary.Accounts = make([]model.AccountSummary, len(s.Accounts))
	found := make([][]model.Finding, len(s.Accounts))
	var (
		rules  = o.inForce()
		worlds rule.Worlds
		next   atomic.Int64
		wg     sync.WaitGroup
	)
	for range min(runtime.GOMAXPROCS(0), len(s.Accounts)) {
		wg.Go(func() {
			var room []model.Finding // used again for each account
			for i := next.Add(1) - 1; i < int64(len(s.Accounts)); i = next.Add(1) - 1 {
				accept(s.Accounts[i], o.AcceptUnread)
				g := rule.NewGround(s.Accounts[i], s.CollectedAt, &worlds)
				room = judge(rules, g, s, room[:0])
				found[i], out.Summary.Accounts[i] = worstFirst(room), o.sentence(g)
			}
		})
	}
	wg.Wait()
	out.Findings = orEmpty(slices.Concat(found...))
	for _, a := range s.Accounts {
		out.Gaps = append(out.Gaps, a.Gaps...)
	}
	out.Summary.Count(out.Findings)
	out.Summary.Frameworks = score(o, out.Findings)
	return out
}

// inForce is a rule with its settings, and what each of its findings says that its judgement does not know.
type inForce struct {
	rule.InForce
	controls []model.Control
	page     string
	fix      func(id string) string // nil: there is none to print
}

func (o Options) inForce() []inForce {
	out := make([]inForce, len(o.Rules))
	for i, r := range o.Rules {
		out[i] = inForce{InForce: o.InForce(r), controls: []model.Control{}, page: "cairn rules " + r.ID}
		for _, c := range o.Frameworks.Controls(r.ID) {
			out[i].controls = append(out[i].controls, model.Control(c))
		}
		if r.Fix != nil {
			out[i].fix = o.FixCommand
		}
	}
	return out
}

func judge(rules []inForce, g *rule.Ground, s *model.Snapshot, found []model.Finding) []model.Finding {
	for _, r := range rules {
		before := len(found)
		found = r.Judge(g, found)
		r.complete(found[before:], s)
	}
	return found
}

func (r inForce) complete(found []model.Finding, s *model.Snapshot) {
	for i := range found {
		f := &found[i]
		f.Notes, f.Evidence, f.Controls, f.Page = orEmpty(f.Notes), orEmpty(f.Evidence), r.controls, r.page
		if f.Status == model.StatusFail && r.fix != nil {
			f.Fix = r.fixOf(f, s)
		}
	}
}

// fixOf is the command that prints a failure's fix. An organization's trail is put right in the account that owns it:
// a member cannot change it, and where the owner was not read there is no command, but a note.
func (r inForce) fixOf(f *model.Finding, s *model.Snapshot) string {
	owner := model.ARNAccount(f.Resource.ID)
	if f.Resource.Kind != model.TrailKind || owner == f.Account {
		return r.fix(f.ID)
	}
	if s.Account(owner) == nil {
		f.Notes = append(f.Notes, "The trail belongs to account "+owner+": read that one, and put it right there.")
		return ""
	}
	return r.fix(model.FindingID(owner, f.Rule, f.Resource))
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

// worstFirst is an account's findings in order: by verdict, severity, rule, and then as the account lists its
// trails, which is the order in which rules find them.
func worstFirst(found []model.Finding) []model.Finding {
	const levels = int(model.Extreme) + 1
	var places [len(verdicts) * levels]int
	place := func(f *model.Finding) int {
		return slices.Index(verdicts[:], f.Status)*levels + int(model.Extreme-f.Severity)
	}
	for i := range found {
		places[place(&found[i])]++
	}
	next := 0
	for i, n := range places {
		places[i], next = next, next+n
	}
	out := make([]model.Finding, len(found))
	for i := range found {
		p := place(&found[i])
		out[places[p]] = found[i]
		places[p]++
	}
	return out
}

// verdicts, worst first.
var verdicts = [...]model.Status{model.StatusFail, model.StatusUnknown, model.StatusPass, model.StatusNotApplicable}

// score counts, for each framework, the requirements that some judged rule answers. One is met when each of its
// rules passes somewhere and fails or is unknown nowhere: a rule without anything to judge proves nothing.
func score(o Options, found []model.Finding) []model.FrameworkSummary {
	bad, good := map[string]bool{}, map[string]bool{}
	for i := range found {
		switch f := &found[i]; f.Status {
		case model.StatusFail, model.StatusUnknown:
			bad[f.Rule] = true
		case model.StatusPass:
			good[f.Rule] = true
		case model.StatusNotApplicable:
		}
	}
	out := []model.FrameworkSummary{}
	for _, f := range o.Frameworks {
		sum := model.FrameworkSummary{ID: f.ID, Name: f.Title()}
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
