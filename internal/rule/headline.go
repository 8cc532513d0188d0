package rule

import (
	"fmt"
	"slices"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// Summary answers, in one sentence, what a manager asks of an account: is everything recorded?
func (g *Ground) Summary() model.AccountSummary {
	a := g.Account
	sum := model.AccountSummary{ID: a.ID, Caller: a.Caller, Regions: len(a.Regions.Items), Refused: []string{}}
	for _, gap := range a.Unlisted() {
		if gap.Region != "" && !slices.Contains(sum.Refused, gap.Region) {
			sum.Refused = append(sum.Refused, gap.Region)
		}
	}
	if gap := a.Unread(); gap != nil {
		sum.Headline = fmt.Sprintf("Nothing is known of this account: %s.", gap)
		return sum
	}
	answer := g.Union()
	sum.Recorded = answer.Verdict
	switch answer.Verdict {
	case model.Yes:
		sum.Headline = g.recorded()
	case model.No:
		sum.Headline = g.lost(answer)
	case model.Unknown:
		sum.Headline = "It is not known whether every management event is recorded" + g.because(answer) + "."
	}
	return sum
}

func (g *Ground) recorded() string {
	var by string
	if t := g.WholeJob(); t != nil {
		by = g.Short(t)
	} else {
		by = g.Names(logging(g.Account)) + " together"
	}
	return "Every management event is recorded in " + g.Everywhere() + ", by " + by + "."
}

// Everywhere names the Regions of an account in which all is recorded: "17 of 17 Regions".
func (g *Ground) Everywhere() string {
	n := len(g.World.Regions)
	if len(g.World.Maybe) > 0 {
		return fmt.Sprintf("the %d Regions that every account has, and in any other that may be enabled", n)
	}
	return fmt.Sprintf("%d of %d Regions", n, n)
}

func (g *Ground) lost(answer coverage.Answer) string {
	switch on := logging(g.Account); {
	case len(g.Account.Trails.Items) == 0 && g.Account.Unseen(false).Tri == model.No:
		return "Nothing is recorded: there is no trail."
	case len(on) == 0 && g.Account.Unseen(false).Tri == model.No && allStopped(g.Account):
		return "Nothing is recorded: no trail is logging."
	}
	return fmt.Sprintf("Not every management event is recorded: no trail keeps %s.", g.Missing(answer))
}

func (g *Ground) because(answer coverage.Answer) string {
	truth := g.Covered(answer)
	if len(truth.Because()) == 0 {
		return ""
	}
	return ": " + truth.Because()[0].Origin.Reason()
}

func logging(a *model.Account) []*model.Trail {
	var on []*model.Trail
	for _, t := range a.Trails.Items {
		if is, ok := t.Logging.Get(); ok && is {
			on = append(on, t)
		}
	}
	return on
}

func allStopped(a *model.Account) bool {
	return !slices.ContainsFunc(a.Trails.Items, func(t *model.Trail) bool { return t.Is(model.Logging).Tri != model.No })
}
