package rule

import (
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// NoneSeen says that there is no trail, or no more than is known where some may be hidden.
func (e *Eval) NoneSeen() string {
	if e.Account.Unseen(false).Tri == model.No {
		return "there is no trail"
	}
	return "there is no multi-Region trail: every Region that was read would list it; single-Region trails may not have been seen"
}

// NoTrail judges an account in which no trail was seen: a failure when certainly none would satisfy the
// rule, unknown when one that would may be hidden. With multiRegion only a multi-Region trail satisfies it,
// and any Region that was listed shows those.
func (e *Eval) NoTrail(multiRegion bool, fail string) Verdict {
	hidden := e.Account.Unseen(multiRegion) // No or Unknown
	return e.OnAccount(hidden, Say{Fail: fail, Unknown: e.hiddenBecause(hidden)})
}

// Hidden adds one unknown finding on the account when trails may not have been seen, all refused Regions in it.
func (e *Eval) Hidden() {
	if hidden := e.Account.Unseen(false); hidden.Tri == model.Unknown {
		e.OnAccount(hidden, Say{Unknown: e.hiddenBecause(hidden)})
	}
}

// EachTrail judges every trail the account sees, and says what may hide in a Region that was refused. Without a
// trail the rule has nothing to judge, for the reason none.
func (e *Eval) EachTrail(none string, judge func(*model.Trail)) {
	if len(e.Account.Trails.Items) == 0 {
		e.nothingToJudge(none)
		return
	}
	for _, t := range e.Account.Trails.Items {
		judge(t)
	}
	e.Hidden()
}

// nothingToJudge says on the account that a rule about trails has none, or that some may be hidden.
func (e *Eval) nothingToJudge(why string) {
	hidden := e.Account.Unseen(false)
	if hidden.Tri == model.Unknown {
		e.OnAccount(hidden, Say{Unknown: e.hiddenBecause(hidden)})
		return
	}
	e.add(model.StatusNotApplicable, e.Account.Ref(), why, hidden.Because())
}

// hiddenBecause names what was refused and what may hide there.
func (e *Eval) hiddenBecause(hidden model.Truth) string {
	if !e.Account.Listed() {
		return unknownBecause(hidden.Because()) + "; no Region could be listed, so it is not known which trails there are"
	}
	where := "there"
	if !e.Account.Regions.Whole() { // the list of Regions was asked for in one that was read
		where = "in a Region that was not read"
	}
	return unknownBecause(hidden.Because()) + "; a single-Region trail " + where + " would not be seen"
}

// unknownBecause writes the reasons of an unknown verdict: equal reasons once, with all their Regions, and the
// permission that would answer.
func unknownBecause(because []model.Evidence) string {
	var order []*reason
	for _, ev := range because {
		r := reason{fact: ev.Fact, call: ev.Origin.Call, why: ev.Origin.Why}
		i := slices.IndexFunc(order, func(o *reason) bool { return o.fact == r.fact && o.call == r.call && o.why == r.why })
		if i < 0 {
			i = len(order)
			order = append(order, &r)
		}
		if at := ev.Origin.Region; at != "" && !slices.Contains(order[i].regions, at) {
			order[i].regions = append(order[i].regions, at)
		}
	}
	var out []string
	for i, r := range order {
		if i == 0 || order[i-1].fact != r.fact { // a fact is named once, before its reasons
			out = append(out, r.about()+": "+r.String())
		} else {
			out[len(out)-1] += ", and " + r.String()
		}
	}
	return strings.Join(out, "; ")
}

// reason is why a fact is not known, in every Region where it is for the same reason.
type reason struct {
	fact, call, why string
	regions         []string
}

func (r *reason) about() string {
	switch r.fact {
	case "trailList":
		return "not every trail can be seen"
	case "account":
		return "the account could not be read"
	}
	return r.fact + " is not known"
}

func (r *reason) String() string {
	at := r.call
	if len(r.regions) > 0 {
		at += " in " + strings.Join(r.regions, ", ")
	}
	why := r.why
	if code, _, _ := strings.Cut(why, " "); model.Denied(code) {
		if needs := model.PermissionFor(r.call); needs != "" {
			why += ", needs " + needs
		}
	}
	if at == "" {
		return why
	}
	return at + ": " + why
}
