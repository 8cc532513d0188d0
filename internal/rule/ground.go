package rule

import (
	"slices"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// Ground is what all rules of one account share: its world, and answers that are worked out once.
type Ground struct {
	Account *model.Account
	World   coverage.World
	At      time.Time // when the account was read

	world    *world
	union    *coverage.Answer
	wholeJob *model.Trail
	jobNote  string
	failing  map[*model.Trail][]string // deliveries, by trail
	searched bool                      // for wholeJob
}

// NewGround prepares an account for judgement among others; nil worlds judges it alone.
func NewGround(a *model.Account, at time.Time, worlds *Worlds) *Ground {
	if worlds == nil {
		worlds = &Worlds{}
	}
	shared := worlds.of(a)
	return &Ground{Account: a, World: shared.World, At: at, world: shared}
}

// Union answers whether the account's trails together record every management event of every Region. What may
// hide in its gaps is a recorder too.
func (g *Ground) Union() coverage.Answer {
	if g.union == nil {
		var answer coverage.Answer
		if recorders := g.Account.Recorders(); len(recorders) == 1 {
			answer = g.world.decide(coverage.Scope{}, recorders[0])
		} else {
			answer = g.World.Decide(g.world.goal(coverage.Scope{}), recorders)
		}
		g.union = &answer
	}
	return *g.union
}

// Alone answers whether a trail, as it is, records every management event of every Region by itself.
func (g *Ground) Alone(t *model.Trail) coverage.Answer {
	return g.world.decide(coverage.Scope{}, g.Account.Recorder(t))
}

// Selects answers whether a trail's own selectors choose every management event in scope, wherever it
// records and whether it is on or off.
func (g *Ground) Selects(t *model.Trail, scope coverage.Scope) coverage.Answer {
	r := coverage.Recorder{ID: t.ARN, Logging: model.Yes, MultiRegion: model.Yes, Global: model.Yes, Sees: model.Yes}
	if s, ok := t.Selectors.Get(); ok {
		r.Selectors = &s
	}
	return atHome(t, g.world.decide(scope, r))
}

// atHome moves the event that a single-Region trail's selectors lose to the only Region that it records. What selectors
// can tell apart occurs in every Region.
func atHome(t *model.Trail, answer coverage.Answer) coverage.Answer {
	home, ok := t.Home.Get()
	if ok && answer.Witness != nil && t.Is(model.MultiRegion).Tri == model.No {
		event := *answer.Witness
		event.Region = home
		answer.Witness = &event
	}
	return answer
}

// Missing names what an answer found not to be recorded: "KMS events", "any management event".
func (g *Ground) Missing(answer coverage.Answer) string { return g.world.missing(answer) }

// LeftOut is Missing with an event that is lost: "KMS events, for example kms ScheduleKeyDeletion in us-east-1".
func (g *Ground) LeftOut(answer coverage.Answer) string {
	missing := g.world.missing(answer)
	if answer.Witness == nil {
		return missing
	}
	return missing + ", for example " + answer.Witness.String()
}

// Sees is whether an organization's trail records in this account at all.
func (g *Ground) Sees(t *model.Trail) model.Truth {
	const fact = "home Region enabled here"
	is, from := g.Account.Sees(t), t.Home.Origin()
	home, ok := t.Home.Get()
	if is == model.Unknown && ok {
		from = model.Origin{Why: "the list of Regions could not be read, and an organization's trail homed in an opt-in Region records only where that is enabled"}
	}
	return model.Fact(is, fact, home, from)
}

// WholeJob is a multi-Region trail that records everything by itself, or nil.
func (g *Ground) WholeJob() *model.Trail {
	if !g.searched {
		g.searched = true
		i := slices.IndexFunc(g.Account.Trails.Items, func(t *model.Trail) bool {
			multi, ok := t.MultiRegion.Get()
			return ok && multi && g.Alone(t).Verdict == model.Yes
		})
		if i >= 0 {
			g.wholeJob = g.Account.Trails.Items[i]
			g.jobNote = g.Short(g.wholeJob) + " does the whole job: it records every management event of every Region."
		}
	}
	return g.wholeJob
}

// Covered turns an answer about trails into a truth with its evidence: what is in doubt, or the selectors
// that decided and the event that is lost.
func (g *Ground) Covered(answer coverage.Answer, trails ...*model.Trail) model.Truth {
	if answer.Verdict == model.Unknown {
		return model.Since(model.Unknown, g.doubts(answer)...)
	}
	because := make([]model.Evidence, 0, len(trails)+1)
	for _, t := range trails {
		because = append(because, model.Selectors.Evidence(t))
	}
	if answer.Witness != nil {
		because = append(because, g.world.witness(answer.Witness))
	}
	return model.Since(answer.Verdict, because...)
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
		case t != nil:
			ev = g.Sees(t).Because()[0]
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
