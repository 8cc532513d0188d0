package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// Short names a trail for people: trail/main, with its home Region where the account sees two of that name.
func (g *Ground) Short(t *model.Trail) string {
	for _, other := range g.Account.Trails.Items {
		if other.Name == t.Name && other.ARN != t.ARN {
			return "trail/" + t.Name + " of " + model.ARNRegion(t.ARN)
		}
	}
	return "trail/" + t.Name
}

// Names lists trails for people.
func (g *Ground) Names(trails []*model.Trail) string {
	out := make([]string, len(trails))
	for i, t := range trails {
		out[i] = g.Short(t)
	}
	return strings.Join(out, ", ")
}

// Stopped says of a trail that is known not to be logging since when; "" for any other.
func Stopped(t *model.Trail) string {
	if on, ok := t.Logging.Get(); !ok || on {
		return ""
	}
	if at, ok := t.StoppedAt.Get(); ok && !at.IsZero() {
		return "has not been logging since " + model.Moment(at)
	}
	return "is not logging"
}

// NoteHealth tells on a verdict what else is wrong with a trail that other rules judge.
func (e *Eval) NoteHealth(v Verdict, t *model.Trail) {
	e.NoteSight(v, t)
	if global, ok := t.Global.Get(); ok && !global {
		v.Note("%s: IncludeGlobalServiceEvents is false, so events of IAM, STS, CloudFront and console sign-in in the global Region are not recorded.", e.Short(t))
	}
	e.NoteDelivery(v, t)
}

// NoteWholeJob names, beside a trail that does not satisfy a rule, the one that makes it harmless.
func (e *Eval) NoteWholeJob(v Verdict, t *model.Trail) {
	if job := e.WholeJob(); job != nil && job != t {
		v.add(e.jobNote)
	}
}

// NoteSight tells that an organization's trail sends nothing from this account.
func (e *Eval) NoteSight(v Verdict, t *model.Trail) {
	if home, ok := t.Home.Get(); ok && e.Account.Sees(t) == model.No {
		v.Note("%s is homed in %s, an opt-in Region that this account has not enabled: the trail records nothing here.", e.Short(t), home)
	}
}

// NoteDelivery tells where a trail's deliveries fail.
func (e *Eval) NoteDelivery(v Verdict, t *model.Trail) {
	if failing := e.Failing(t); len(failing) > 0 {
		v.Note("%s: delivery is failing: %s (CT-011).", e.Short(t), strings.Join(failing, "; "))
	}
}

// Failing lists a trail's failing deliveries by Region: "S3 in eu-west-1: AccessDenied".
func (g *Ground) Failing(t *model.Trail) []string {
	out, ok := g.failing[t]
	if !ok {
		out = failures(t)
		if g.failing == nil {
			g.failing = make(map[*model.Trail][]string, len(g.Account.Trails.Items))
		}
		g.failing[t] = out
	}
	return slices.Clip(out)
}

func failures(t *model.Trail) []string {
	if !failing(t) { // nearly always, and putting Regions in order is not free
		return nil
	}
	var out []string
	for _, region := range slices.Sorted(maps.Keys(t.Delivery)) {
		d, _ := t.Delivery[region].Get()
		for _, s := range t.Streams(d) {
			if s.Failing() && s.Has.Tri != model.No {
				out = append(out, fmt.Sprintf("%s in %s: %s", s.Name, region, s.Error))
			}
		}
	}
	return out
}

func failing(t *model.Trail) bool {
	for _, v := range t.Delivery {
		if d, ok := v.Get(); ok && d.Failing() {
			return true
		}
	}
	return false
}

// noteAccepted tells which Regions were left out because their refusal is accepted.
func (e *Eval) noteAccepted(v Verdict) {
	var regions []string
	for _, g := range e.Account.Trails.Gaps {
		if g.Accepted {
			regions = append(regions, g.Region)
		}
	}
	if len(regions) > 0 {
		v.Note("Not read and accepted as such (regions.acceptUnread): %s.", strings.Join(regions, ", "))
	}
}
