package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cairn.example/internal/coverage"
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
	var out []string
	for _, t := range trails {
		out = append(out, g.Short(t))
	}
	return strings.Join(out, ", ")
}

// Missing names what is not recorded, to stand behind "no trail records" and "does not record".
func (g *Ground) Missing(answer coverage.Answer) string {
	if rest, ok := strings.CutPrefix(g.World.Describe(answer.Missing), "every "); ok {
		return "any " + rest
	}
	return g.World.Describe(answer.Missing)
}

// Stopped says of a trail that is known not to be logging since when; "" for any other.
func Stopped(t *model.Trail) string {
	if on, ok := t.Logging.Get(); !ok || on {
		return ""
	}
	if at, ok := t.StoppedAt.Get(); ok && !at.IsZero() {
		return "has not been logging since " + at.Format("2006-01-02 15:04:05 UTC")
	}
	return "is not logging"
}

// NoteHealth tells on a verdict what else is wrong with a trail that other rules judge.
func (e *Eval) NoteHealth(v *Verdict, t *model.Trail) {
	e.NoteSight(v, t)
	if global, ok := t.Global.Get(); ok && !global {
		v.Note("%s: IncludeGlobalServiceEvents is false, so events of IAM, STS, CloudFront and console sign-in in the global Region are not recorded.", e.Short(t))
	}
	e.NoteDelivery(v, t)
}

// NoteSight tells that an organization's trail sends nothing from this account.
func (e *Eval) NoteSight(v *Verdict, t *model.Trail) {
	if home, ok := t.Home.Get(); ok && e.Account.Sees(t) == model.No {
		v.Note("%s is homed in %s, an opt-in Region that this account has not enabled: the trail records nothing here.", e.Short(t), home)
	}
}

// NoteDelivery tells where a trail's deliveries fail.
func (e *Eval) NoteDelivery(v *Verdict, t *model.Trail) {
	if failing := Failing(t); len(failing) > 0 {
		v.Note("%s: delivery is failing: %s (CT-011).", e.Short(t), strings.Join(failing, "; "))
	}
}

// Failing lists a trail's failing deliveries by Region: "S3 in eu-west-1: AccessDenied".
func Failing(t *model.Trail) []string {
	var out []string
	for _, region := range slices.Sorted(maps.Keys(t.Delivery)) {
		d, ok := t.Delivery[region].Get()
		if !ok {
			continue
		}
		for _, s := range Streams(d) {
			if s.Failing() {
				out = append(out, fmt.Sprintf("%s in %s: %s", s.Name, region, s.Error))
			}
		}
	}
	return out
}

// NamedStream is one of a Region's four deliveries.
type NamedStream struct {
	Name string
	model.Stream
}

// Streams lists a Region's deliveries under the names that people know.
func Streams(d model.Delivery) []NamedStream {
	return []NamedStream{{"S3", d.S3}, {"digest", d.Digest}, {"CloudWatch Logs", d.Logs}, {"SNS", d.SNS}}
}

// NoteAccepted tells which Regions were left out because their refusal is accepted.
func (e *Eval) NoteAccepted(v *Verdict) {
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
