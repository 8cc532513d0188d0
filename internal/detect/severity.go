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

// weigh is the severity of one event for one detection: what it does, what became of it, and what it cost.
func (s *story) weigh(e *entry, m meeting, diff *difference) weighed {
	w := weighed{entry: e}
	if fixed, why := s.fixed(m.of); fixed != 0 {
		w.severity, w.reason = fixed, why
		return w
	}
	if e.cause.Outcome != model.OutcomeSuccess {
		w.severity, w.reason = s.refusal(e, m.of)
		return w
	}
	if diff == nil {
		w.severity, w.reason = s.unchanged(e, m)
		return w
	}
	w.lasts = true
	if lost := diff.certain(); lost != "" {
		w.severity, w.reason = model.Extreme, "nothing records any more: "+lost
		return w
	}
	if len(diff.lost) > 0 {
		w.severity, w.reason = m.action.Severity, "another trail may still record it: that is not known"
		return w
	}
	if len(diff.regained) > 0 {
		w.severity, w.reason, w.lasts = max(m.action.Severity, model.Medium), "it ends a gap of "+model.Span(longest(diff.regained)), false
		return w
	}
	if moved := diff.moved(); moved != "" {
		w.severity, w.reason, w.lasts = max(m.action.Severity, model.High), moved, false
		return w
	}
	if failed := diff.failed(); len(failed) > 0 {
		w.severity, w.reason = max(m.action.Severity, model.High), model.Judged(failed, model.StatusFail)+" now"
		if by := diff.by[e.cause.Account]; by != "" {
			w.reason += "; every management event that was recorded still is, by " + by
		}
		return w
	}
	w.severity, w.reason, w.lasts = m.action.Severity, "nothing that was recorded is lost", false
	switch {
	case diff.omits != "":
		w.severity, w.reason = max(m.action.Severity, model.High), "the trail does not record "+diff.omits+"; whether it did before, or another does, is not known"
	case len(diff.unknown) > 0:
		w.reason = "what it cost is not known"
	}
	return w
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

// refusal is the severity of a call that failed or was denied.
func (s *story) refusal(e *entry, d *Detection) (model.Severity, string) {
	actor := e.cause.Account + " " + e.cause.Actor.ARN + " " + d.ID
	times := append(s.refusals[actor], e.call.At)
	times = slices.DeleteFunc(times, func(t time.Time) bool { return e.call.At.Sub(t) > repeatsWithin })
	s.refusals[actor] = times
	what := "the call failed, so nothing changed"
	if e.cause.Outcome == model.OutcomeDenied {
		what = "the call was denied, so nothing changed"
	}
	n := len(times)
	switch {
	case n >= repeatsHigh:
		return model.High, fmt.Sprintf("%s; attempt %d of the same actor within an hour", what, n)
	case n >= repeatsMedium:
		return model.Medium, fmt.Sprintf("%s; attempt %d of the same actor within an hour", what, n)
	}
	return model.Low, what
}

// unchanged is the severity of an event that changed no trail, as far as is known: one of another service, or a repeat.
func (s *story) unchanged(e *entry, m meeting) (model.Severity, string) {
	if !e.applies() || m.about.Kind != model.TrailKind {
		return m.action.Severity, ""
	}
	if model.ARNAccount(e.trail) == "" {
		return m.action.Severity, "which trail it was cannot be told for certain, so neither what it cost"
	}
	owner := s.state[model.ARNAccount(e.trail)]
	toggles := e.call.Op == "StartLogging" || e.call.Op == "StopLogging"
	switch {
	case owner == nil || owner.Trail(e.trail) == nil, !toggles && owner.Unread() != nil:
		return m.action.Severity, "what it changed is not known"
	case m.action.Severity >= model.High:
		return model.Medium, "as far as is known, the trail was so already"
	}
	return min(m.action.Severity, model.Low), "as far as is known, it changed nothing that is recorded"
}

// certain is what nothing records any more, for certain.
func (d *difference) certain() string {
	for _, l := range d.lost {
		if l.Resource == "" {
			return l.What
		}
	}
	return ""
}

// moved says that log files go to another bucket, which somebody else may own. That is never mended by itself: what
// went there stays there.
func (d *difference) moved() string {
	for _, c := range d.changes {
		for _, edit := range c.edits() {
			if edit.Attribute == model.S3Bucket.Name() && edit.Before != nil && edit.After != nil {
				return fmt.Sprintf("log files go to another bucket: %s, before %s", text(edit.After), text(edit.Before))
			}
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

// failed are the rules of which something failed that did not before.
func (d *difference) failed() []string {
	var out []string
	for _, f := range d.flips {
		if f.To == model.StatusFail && f.From != "" {
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
	if m.count > 0 {
		out += fmt.Sprintf(" It is number %d of those that the rule counts.", m.count)
	}
	if diff == nil {
		return out
	}
	for _, l := range diff.lost {
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
