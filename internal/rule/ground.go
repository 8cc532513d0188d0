package rule

import (
	"slices"
	"strings"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// Recorders are the account's trails, and what may hide in its gaps, as package coverage sees them.
func (g *Ground) Recorders() []coverage.Recorder {
	if g.recorders == nil {
		g.recorders = g.Account.Recorders()
	}
	return g.recorders
}

// Union answers whether the account's trails together record every management event of every Region.
func (g *Ground) Union() coverage.Answer {
	if g.union == nil {
		answer := g.World.Decide(g.World.Management(coverage.Scope{}), g.Recorders())
		g.union = &answer
	}
	return *g.union
}

// Alone answers whether a trail, as it is, records every management event of every Region by itself.
func (g *Ground) Alone(t *model.Trail) coverage.Answer {
	return g.decide(question{arn: t.ARN, alone: true}, coverage.Scope{}, g.Account.Recorder(t))
}

// Selects answers whether a trail's own selectors choose every management event in scope, wherever it
// records and whether it is on or off.
func (g *Ground) Selects(t *model.Trail, scope coverage.Scope) coverage.Answer {
	r := g.Account.Recorder(t)
	r.Logging, r.MultiRegion, r.Global, r.Sees = model.Yes, model.Yes, model.Yes, model.Yes
	name := scope.ReadOnly.String() + " " + strings.Join(scope.Without, " ")
	return g.decide(question{arn: t.ARN, scope: name}, scope, r)
}

func (g *Ground) decide(q question, scope coverage.Scope, r coverage.Recorder) coverage.Answer {
	answer, ok := g.decided[q]
	if !ok {
		answer = g.World.Decide(g.World.Management(scope), []coverage.Recorder{r})
		g.decided[q] = answer
	}
	return answer
}

// WholeJob is a multi-Region trail that records everything by itself, or nil.
func (g *Ground) WholeJob() *model.Trail {
	for _, t := range g.Account.Trails.Items {
		if multi, ok := t.MultiRegion.Get(); ok && multi && g.Alone(t).Verdict == model.Yes {
			return t
		}
	}
	return nil
}

// Covered turns an answer about trails into a truth with its evidence: what is in doubt, or the selectors
// that decided and the event that is lost.
func (g *Ground) Covered(answer coverage.Answer, trails ...*model.Trail) model.Truth {
	truth := model.Truth{Tri: answer.Verdict}
	if answer.Verdict == model.Unknown {
		truth.Because = g.doubts(answer)
		return truth
	}
	for _, t := range trails {
		truth.Because = append(truth.Because, model.Selectors.Evidence(t))
	}
	if answer.Witness != nil {
		lost := model.Fact(model.No, "witness", answer.Witness.String(), model.Origin{})
		truth.Because = append(truth.Because, lost.Because...)
	}
	return truth
}

// factAttributes are the attributes behind the facts that package coverage may doubt.
var factAttributes = map[coverage.Fact]model.Attribute{
	coverage.FactLogging: model.Logging, coverage.FactMultiRegion: model.MultiRegion, coverage.FactHome: model.HomeRegion,
	coverage.FactGlobal: model.GlobalEvents, coverage.FactSelectors: model.Selectors,
}

func (g *Ground) doubts(answer coverage.Answer) []model.Evidence {
	var out []model.Evidence
	if answer.TooHard {
		out = append(out, model.Evidence{Fact: "coverage", Origin: model.Origin{Why: "the selectors are too complex to decide"}})
	}
	for _, d := range answer.Doubts {
		ev := model.Evidence{Fact: string(d.Fact), Origin: model.Origin{Why: d.Why}}
		t := g.Account.Trail(d.ID)
		attr, ok := factAttributes[d.Fact]
		switch {
		case t != nil && ok && !attr.Known(t):
			ev = attr.Evidence(t)
		case t != nil && ok: // known, but not understood
			ev.Fact, ev.Origin.Call, ev.Origin.Region = attr.Name(), attr.Evidence(t).Origin.Call, attr.Evidence(t).Origin.Region
		case d.ID != "": // a gap as a recorder
			ev = g.gapEvidence(d.ID)
		}
		if !slices.ContainsFunc(out, func(o model.Evidence) bool { return o.Fact == ev.Fact && o.Origin == ev.Origin }) {
			out = append(out, ev)
		}
	}
	return out
}

// gapEvidence names the refused call that a recorder of that name stands for.
func (g *Ground) gapEvidence(id string) model.Evidence {
	for _, gap := range append(slices.Clone(g.Account.Trails.Gaps), g.Account.Regions.Gaps...) {
		if gap.String() == id {
			return model.Evidence{Fact: "trailList", Origin: gap.Origin()}
		}
	}
	return model.Evidence{Fact: "trailList", Origin: model.Origin{Why: id}}
}
