package detect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// A refused call is low until the same actor is refused again and again: a person mistypes once or twice, and what
// tries more often is searching for what it may do.
const (
	repeatsWithin = time.Hour
	repeatsMedium = 5
	repeatsHigh   = 20
)

// weigh is the severity of one event for one detection: what it does, what became of it, and what it cost. The worst
// reason decides, and the others are said too.
func (s *story) weigh(e *entry, m meeting, diff *difference) weighed {
	w := weighed{entry: e.first}
	if fixed, why := s.fixed(m.of); fixed != 0 {
		w.severity, w.reason = fixed, why
		return w
	}
	if e.cause.Outcome != model.OutcomeSuccess {
		w.severity, w.reason = s.refusal(e, m.of)
		return w
	}
	if diff == nil {
		w.severity, w.reason, w.once = s.unchanged(e.first, m)
		return w
	}
	for _, r := range diff.reasons(e, m.action.Severity) {
		w.because(r)
	}
	if w.reason == "" {
		w.severity, w.reason = m.action.Severity, "no management event that was recorded is lost"
		if len(diff.unknown) > 0 {
			w.reason = "what it cost is not known"
		}
	}
	return w
}

// because takes in one more reason: the worst first.
func (w *weighed) because(r weighed) {
	switch {
	case w.reason == "":
		r.entry = w.entry
		*w = r
	case r.severity > w.severity:
		w.severity, w.reason = r.severity, r.reason+"; "+w.reason
	default:
		w.reason += "; " + r.reason
	}
	w.lasts, w.once = w.lasts || r.lasts, w.once && r.once
	w.edits = append(w.edits, r.edits...)
}

// reasons are why an event that changed a trail is as severe as it is, as far as it cost or gave something.
func (d *difference) reasons(e *entry, usual model.Severity) []weighed {
	var out []weighed
	hurt := max(usual, model.High)
	if lost := d.certain(); lost != "" {
		out = append(out, weighed{severity: model.Extreme, reason: "no trail records any more: " + lost, lasts: true})
	}
	if i := slices.IndexFunc(d.lost, func(l *loss) bool { return l.first.AtLeast }); i >= 0 {
		out = append(out, weighed{severity: hurt, reason: "no trail records now: " + d.lost[i].first.What, lasts: true})
	}
	if slices.ContainsFunc(d.lost, func(l *loss) bool { return l.first.Resource != "" }) {
		out = append(out, weighed{severity: usual, reason: "another trail may still record it: that is not known", lasts: true})
	}
	if d.omits != "" && len(d.lost) == 0 {
		out = append(out, weighed{severity: hurt, reason: "the trail does not record " + d.omits, edits: d.of(model.Selectors)})
	}
	for _, r := range redirected {
		out = append(out, r.reasons(d, hurt)...)
	}
	out = append(out, d.weakened(e, hurt)...)
	if d.data != "" {
		out = append(out, weighed{severity: hurt, reason: d.data, edits: append(d.of(model.Selectors), d.of(model.Logging)...)})
	}
	if failed := d.failed(model.StatusPass); len(failed) > 0 {
		r := weighed{severity: hurt, reason: model.Judged(failed, model.StatusFail) + " now", lasts: true}
		if by := d.by[e.cause.Account]; by != "" && d.certain() == "" {
			r.reason += "; every management event that was recorded still is, by " + by
		}
		out = append(out, r)
	}
	if failed := d.failed(model.StatusUnknown); len(failed) > 0 {
		out = append(out, weighed{severity: hurt, reason: model.Judged(failed, model.StatusFail) + " now; before, that is not known", lasts: true})
	}
	if len(d.regained) > 0 {
		out = append(out, weighed{severity: max(usual, model.Medium), reason: "it ends a gap of " + model.Span(longest(d.regained)), once: true})
	}
	return out
}

// redirection is an attribute of where a trail delivers, or with which key, that nobody changes by the way.
type redirection struct {
	attribute     model.Attribute
	changed, gone string // what to say; the first takes the values before and after
}

var redirected = []redirection{
	{model.S3Bucket, "log files go to another bucket: %[2]s, before %[1]s", ""},
	{model.KMSKey, "log files are encrypted with another key: %[2]s, before %[1]s", "log files are no longer encrypted with the key %s"},
	{model.LogGroup, "", "events no longer go to the log group %s"},
	{model.SNSTopic, "", "deliveries are no longer told to the topic %s"},
	{model.LogGroup, "events go to another log group: %[2]s, before %[1]s", ""},
}

// reasons says what of that kind an event changed. Who put it there before is known only where it was.
func (r redirection) reasons(d *difference, severity model.Severity) []weighed {
	var out []weighed
	for _, edit := range d.of(r.attribute) {
		before, after := text(edit.Before), text(edit.After)
		w := weighed{severity: severity, edits: []model.Edit{edit}}
		switch {
		case before == "" || edit.After == nil:
			continue
		case after == "" && r.gone != "":
			w.reason = fmt.Sprintf(r.gone, before)
		case after != "" && r.changed != "":
			w.reason = fmt.Sprintf(r.changed, before, after)
		default:
			continue
		}
		out = append(out, w)
	}
	return out
}

// weakenings are settings that a call may take away in so many words: that is proved by what was sent, whatever the
// setting was before. An empty key or log group is none of them: tools send it for a trail that never had one.
var weakenings = []struct {
	attribute    model.Attribute
	sent, reason string
}{
	{model.MultiRegion, "isMultiRegionTrail", "it sets the trail to record one Region only"},
	{model.GlobalEvents, "includeGlobalServiceEvents", "it sets the trail to leave out global service events"},
	{model.Validation, "enableLogFileValidation", "it switches log file validation off"},
	{model.Organization, "isOrganizationTrail", "it sets the trail to be its own account's alone"},
}

// weakened is what an UpdateTrail takes away by its own words, where it is not known what was there.
func (d *difference) weakened(e *entry, severity model.Severity) []weighed {
	var sent map[string]any
	if e.call.Op != "UpdateTrail" || json.Unmarshal(e.call.Request, &sent) != nil {
		return nil
	}
	var out []weighed
	for _, w := range weakenings {
		if was, ok := sent[w.sent]; !ok || was != false {
			continue
		}
		for _, edit := range d.of(w.attribute) {
			if edit.Before == nil && edit.After != nil {
				out = append(out, weighed{severity: severity, reason: w.reason, edits: []model.Edit{edit}})
			}
		}
	}
	return out
}

// of are the changes of one attribute of a trail that stayed.
func (d *difference) of(a model.Attribute) []model.Edit {
	var out []model.Edit
	for _, c := range d.changes {
		for _, edit := range c.edits() {
			if edit.Attribute == a.Name() && c.is.Trail(edit.Resource) != nil && c.first(edit.Resource) {
				out = append(out, edit)
			}
		}
	}
	return out
}

// fixed is a severity that the settings give, whatever an event costs: the original pages grade all changes alike.
func (s *story) fixed(d *Detection) (model.Severity, string) {
	if set, ok := s.d.o.Severities[d.ID]; ok {
		return set, "cairn.yaml sets it"
	}
	if !d.Ours {
		return d.Severity, "the level of the rule"
	}
	if s.d.o.Preset == rule.Conformity {
		return d.Severity, "preset conformity grades every event of this detection alike"
	}
	return 0, ""
}

// attempt is a kind of call that an actor may repeat.
type attempt struct{ account, actor, detection string }

func attemptOf(e *entry, detection string) attempt {
	return attempt{e.cause.Account, e.cause.Actor.ARN, detection}
}

// refusal is the severity of a call that failed or was denied.
func (s *story) refusal(e *entry, d *Detection) (model.Severity, string) {
	what := "the call failed, so nothing changed"
	if e.cause.Outcome == model.OutcomeDenied {
		what = "the call was denied, so nothing changed"
	}
	n := s.refused(attemptOf(e, d.ID), e.call.At)
	switch {
	case n >= repeatsHigh:
		return model.High, fmt.Sprintf("%s; attempt %d or later of the same actor within an hour", what, n)
	case n >= repeatsMedium:
		return model.Medium, fmt.Sprintf("%s; attempt %d of the same actor within an hour", what, n)
	}
	return model.Low, what
}

// refused counts a refusal, and gives how many there were within an hour; beyond repeatsHigh nothing depends on it.
func (s *story) refused(by attempt, at time.Time) int {
	if at.Sub(s.swept) > repeatsWithin {
		stale(s.refusals, at)
		s.swept = at
	}
	times := append(slices.Clip(s.refusals[by]), at) // marks have the ones before
	times = times[max(0, len(times)-repeatsHigh):]
	for at.Sub(times[0]) > repeatsWithin {
		times = times[1:]
	}
	s.refusals[by] = times
	return len(times)
}

// unchanged is the severity of an event that changed no trail, as far as is known: one of another service, or a repeat,
// which counts for itself alone.
func (s *story) unchanged(e *entry, m meeting) (severity model.Severity, reason string, once bool) {
	if !e.applies() || m.about.Kind != model.TrailKind {
		return m.action.Severity, "", false
	}
	if model.ARNAccount(e.trail) == "" {
		return m.action.Severity, "which trail it was cannot be told for certain, so neither what it cost", false
	}
	owner := s.state[model.ARNAccount(e.trail)]
	toggles := e.call.Op == "StartLogging" || e.call.Op == "StopLogging"
	switch {
	case owner == nil || owner.Trail(e.trail) == nil, !toggles && owner.Unread() != nil:
		return m.action.Severity, "what it changed is not known", false
	case m.action.Severity >= model.High:
		return model.Medium, "as far as is known, the trail was so already", true
	}
	return min(m.action.Severity, model.Low), "as far as is known, it changed nothing that is recorded", true
}

// certain is what no trail records any more and one did before, for certain.
func (d *difference) certain() string {
	for _, l := range d.lost {
		if l.first.Resource == "" && !l.first.AtLeast {
			return l.first.What
		}
	}
	return ""
}

// text is a JSON string as people read it.
func text(v any) string {
	raw, _ := v.(json.RawMessage)
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

// failed are the rules of which something fails that was judged otherwise before.
func (d *difference) failed(before model.Status) []string {
	var out []string
	for _, f := range d.flips {
		if f.To == model.StatusFail && f.From == before {
			out = appendNew(out, f.Rule)
		}
	}
	return out
}

func longest(gaps []model.Loss) time.Duration {
	var out time.Duration
	for _, g := range gaps {
		out = max(out, time.Duration(g.Seconds)*time.Second)
	}
	return out
}

// message is the event in a sentence or two.
func message(e *entry, m meeting, diff *difference) string {
	on := "in account " + m.about.ID
	if m.about.Kind != model.AccountKind {
		on = "on " + name(m.about)
	}
	out := e.cause.EventName + " " + on
	code := cmp.Or(e.cause.ErrorCode, "as its errorMessage says")
	switch e.cause.Outcome {
	case model.OutcomeDenied:
		out += " was denied (" + code + ")"
	case model.OutcomeFailed:
		out += " failed (" + code + ")"
	case model.OutcomeSuccess:
	}
	out += "."
	if m.counted != "" {
		out += " " + m.counted
	}
	if diff == nil {
		return out
	}
	for _, l := range diff.told() {
		out += " Lost: " + l.String()
	}
	for _, g := range diff.regained {
		out += " Recorded again: " + g.String()
	}
	return out
}

// name is a resource as people say it.
func name(r model.Ref) string {
	if r.Kind != model.TrailKind {
		return r.ID
	}
	if region := model.ARNRegion(r.ID); region != "" {
		return model.ARNName(r.ID) + " (" + region + ")"
	}
	return "trail/" + r.ID
}
