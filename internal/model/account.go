package model

import (
	"slices"

	"cairn.example/internal/coverage"
)

// Account is one account's logging state.
type Account struct {
	ID        string       `json:"id"`        // twelve digits
	Caller    string       `json:"caller"`    // the ARN that read it; "" when nobody could
	Partition string       `json:"partition"` // aws, aws-us-gov, aws-cn, ...
	Regions   List[string] `json:"regions"`   // the enabled ones, ENABLING included
	Trails    List[*Trail] `json:"trails"`
	Gaps      []Gap        `json:"gaps"` // every call that failed, those above included
}

// Ref names the account.
func (a *Account) Ref() Ref { return Ref{Kind: AccountKind, ID: a.ID} }

// Unlisted are the gaps of the trail list that still matter: Regions whose trails were not seen.
func (a *Account) Unlisted() []Gap {
	return slices.DeleteFunc(slices.Clone(a.Trails.Gaps), func(g Gap) bool { return g.Accepted || g.AnsweredBy != "" })
}

// Listed tells whether some Region's trails were listed. One such Region shows every multi-Region trail,
// because each enabled Region lists its copy (AWS: DescribeTrails, includeShadowTrails). An opt-in Region does not
// count: the copies may take hours to come when it is enabled (CloudTrail User Guide, "cloudtrail-multi-region-trails"). A gap without a Region
// is the whole list's.
func (a *Account) Listed() bool {
	refused := map[string]bool{}
	for _, g := range a.Trails.Gaps {
		refused[g.Region] = true
	}
	return !refused[""] && slices.ContainsFunc(a.Regions.Items, func(r string) bool { return !refused[r] && !coverage.OptIn(r) })
}

// Unseen tells whether the account may have a trail that was not seen: No when there is certainly none,
// Unknown when something that could hold one was refused. With multiRegion only such trails count.
func (a *Account) Unseen(multiRegion bool) Truth {
	none := Fact(No, "trailList", nil, Origin{})
	if a.whole() || multiRegion && a.Listed() {
		return none
	}
	trails := a.Unlisted()
	if !a.Listed() { // to accept that nothing was read does not tell that there is no trail
		trails = a.Trails.Gaps
	}
	gaps := slices.Concat(a.Regions.Gaps, trails)
	if len(gaps) == 0 {
		return none
	}
	unseen := make([]Evidence, len(gaps))
	for i, g := range gaps {
		unseen[i] = Evidence{Fact: "trailList", Origin: g.Origin()}
	}
	return Since(Unknown, unseen...)
}

// whole tells that nothing was refused that could hold a trail, as nearly always.
func (a *Account) whole() bool { return a.Regions.Whole() && a.Trails.Whole() }

// World is the account's Regions as package coverage wants them. Where the list of Regions itself could
// not be read, the partition's opt-in Regions may be enabled besides. A Region whose refusal was accepted
// is left out.
func (a *Account) World() coverage.World {
	w := coverage.World{Partition: a.Partition, Regions: a.Regions.Items}
	if !a.Regions.Whole() {
		for _, r := range append(coverage.DefaultRegions(a.Partition), coverage.OptInRegions(a.Partition)...) {
			if !slices.Contains(w.Regions, r) {
				w.Maybe = append(w.Maybe, r)
			}
		}
	}
	for _, g := range a.Trails.Gaps {
		if g.Accepted {
			w.Regions = slices.DeleteFunc(slices.Clone(w.Regions), func(r string) bool { return r == g.Region })
		}
	}
	return w
}

// Sees tells whether the trail records in this account at all: an organization's trail homed in an
// opt-in Region sends nothing from a member that has not opted in (CloudTrail User Guide, "cloudtrail-concepts").
func (a *Account) Sees(t *Trail) Tri {
	home, ok := t.Home.Get()
	switch {
	case t.Owner() == a.ID || ok && !coverage.OptIn(home):
		return Yes
	case !ok:
		return Unknown
	case slices.Contains(a.Regions.Items, home):
		return Yes
	case a.Regions.Whole():
		return No
	}
	return Unknown
}

// Recorder is the trail as package coverage sees it from this account.
func (a *Account) Recorder(t *Trail) coverage.Recorder {
	r := coverage.Recorder{
		ID: t.ARN, Logging: triValue(t.Logging), MultiRegion: triValue(t.MultiRegion), Global: triValue(t.Global), Sees: a.Sees(t),
	}
	r.Home, _ = t.Home.Get()
	if s, ok := t.Selectors.Get(); ok {
		r.Selectors = &s
	}
	return r
}

// Recorders are the account's trails and what may hide in its gaps: a Region that was not listed may hold
// single-Region trails, and multi-Region ones too when no Region was listed.
func (a *Account) Recorders() []coverage.Recorder {
	out := make([]coverage.Recorder, 0, len(a.Trails.Items))
	for _, t := range a.Trails.Items {
		out = append(out, a.Recorder(t))
	}
	if a.whole() {
		return out
	}
	hidden := coverage.Unknown
	if a.Listed() {
		hidden = coverage.No
	}
	for _, g := range a.Trails.Gaps { // accepted ones too: they may keep the events of the global Region
		if g.AnsweredBy != "" {
			continue
		}
		out = append(out, coverage.Recorder{ID: g.String(), Home: g.Region, MultiRegion: hidden})
	}
	for _, r := range a.World().Maybe {
		out = append(out, coverage.Recorder{ID: "the list of Regions could not be read, so " + r + " was not looked at", Home: r, MultiRegion: hidden})
	}
	return out
}

func triValue(v Value[bool]) Tri {
	if b, ok := v.Get(); ok {
		return coverage.Known(b)
	}
	return Unknown
}

// Trail finds a trail by its ARN.
func (a *Account) Trail(arn string) *Trail {
	i := slices.IndexFunc(a.Trails.Items, func(t *Trail) bool { return t.ARN == arn })
	if i < 0 {
		return nil
	}
	return a.Trails.Items[i]
}

// Unread is the gap for which nothing at all is known of the account, such as a refused AssumeRole; nil for
// an account that was read.
func (a *Account) Unread() *Gap {
	if a.Caller != "" || len(a.Gaps) == 0 {
		return nil
	}
	return &a.Gaps[0]
}

// Refused are the calls that a permission is missing for, whose answers nothing else gave and nobody does without. Those
// that failed otherwise may be answered the next time.
func (a *Account) Refused() []Gap {
	return slices.DeleteFunc(slices.Clone(a.Gaps), func(g Gap) bool { return !Denied(g.Code) || g.Accepted || g.AnsweredBy != "" })
}
