package remediate

import (
	"encoding/json"
	"fmt"
	"slices"

	"cairn.example/internal/model"
)

// The operations of a plan.
const (
	opCreate       = "CreateTrail"
	opUpdate       = "UpdateTrail"
	opDelete       = "DeleteTrail"
	opStart        = "StartLogging"
	opStop         = "StopLogging"
	opPutSelectors = "PutEventSelectors"
	opPutInsights  = "PutInsightSelectors"
	opAddTags      = "AddTags"
	opRemoveTags   = "RemoveTags"
)

func (d delta) steps() []Step {
	if d.was == nil {
		return d.create()
	}
	return change(d.was, d.want, d.attr)
}

// undo is the same comparison the other way. What was not known cannot be given back, and is said.
func (d delta) undo() (steps []Step, lost []string) {
	if d.was == nil {
		return []Step{call(d.want, opDelete, text("Name", d.want.ARN))}, nil
	}
	for _, a := range d.attr {
		if !a.Known(d.was) {
			lost = append(lost, fmt.Sprintf("%s was not known (%s)", a.Name(), a.Evidence(d.was).Origin.Reason()))
		}
	}
	if global, ok := d.was.Global.Get(); ok && !global && d.was.Is(model.MultiRegion).Tri == model.Yes && d.want.Is(model.GlobalEvents).Tri == model.Yes {
		lost = append(lost, "AWS refuses a multi-Region trail without global service events (InvalidParameterCombinationException)")
	}
	return change(d.want, d.was, d.attr), lost
}

// call is a call about a trail, in its home Region.
func call(t *model.Trail, op string, input ...Member) Step {
	return Step{Service: "cloudtrail", Op: op, Account: t.Owner(), Region: home(t), Input: input}
}

// text is a member that is a string.
func text(name, value string) Member {
	raw, err := json.Marshal(value)
	if err != nil { // a string cannot fail
		raw = json.RawMessage(none)
	}
	return Member{name, raw}
}

// create makes the trail, gives it selectors where AWS's default is not what is wanted, and starts it: a trail
// that the API makes does not log (API reference, StartLogging).
func (d delta) create() []Step {
	t := d.want
	input := []Member{text("Name", t.Name)}
	for _, r := range rows {
		if value := r.Attr.JSON(t); r.Create != "" && r.Attr.Known(t) && string(value) != r.Default {
			input = append(input, Member{r.Create, value})
		}
	}
	out := []Step{call(t, opCreate, input...)}
	if s, ok := t.Selectors.Get(); ok && !s.Assumed() {
		out = append(out, putSelectors(t)...)
	}
	if list, ok := t.Insights.Get(); ok && len(list) > 0 {
		out = append(out, putInsights(t))
	}
	if on, ok := t.Logging.Get(); ok && on {
		out = append(out, call(t, opStart, text("Name", t.ARN)))
	}
	return out
}

// change is what turns one state of a trail into another: the settings first, then the switch, so that what is
// recorded from the start is what is wanted. Only members that change are sent.
func change(from, to *model.Trail, attrs []model.Attribute) []Step {
	has := func(a model.Attribute) bool {
		return a.Known(to) && slices.ContainsFunc(attrs, func(b model.Attribute) bool { return a.Name() == b.Name() })
	}
	var out []Step
	if input := updates(to, has); len(input) > 0 {
		out = append(out, call(to, opUpdate, append([]Member{text("Name", to.ARN)}, input...)...))
	}
	if has(model.Selectors) {
		out = append(out, putSelectors(to)...)
	}
	if has(model.Insights) {
		out = append(out, putInsights(to))
	}
	if has(model.Tags) {
		out = append(out, tagSteps(from, to)...)
	}
	if has(model.Logging) {
		op := opStop
		if on, _ := to.Logging.Get(); on {
			op = opStart
		}
		out = append(out, call(to, op, text("Name", to.ARN)))
	}
	return out
}

// updates are UpdateTrail's members. Two come in pairs: a trail that becomes single-Region loses its global service
// events unless told (CloudTrail User Guide, "cloudtrail-concepts"), and a log group needs its role.
func updates(to *model.Trail, has func(model.Attribute) bool) []Member {
	multi, _ := to.MultiRegion.Get()
	narrows := has(model.MultiRegion) && !multi
	logs := has(model.LogGroup) || has(model.LogRole)
	var out []Member
	for _, r := range rows {
		send := has(r.Attr)
		switch r.Attr.Name() {
		case model.GlobalEvents.Name():
			send = send || narrows
		case model.LogGroup.Name(), model.LogRole.Name():
			send = send || logs
		}
		if send && r.Update != "" && r.Attr.Known(to) {
			out = append(out, Member{r.Update, r.Attr.JSON(to)})
		}
	}
	return out
}

// putSelectors writes a trail's selectors, all of them: the call replaces what is there.
func putSelectors(t *model.Trail) []Step {
	s, err := read(t)
	if err != nil {
		return nil // not reached: a plan whose selectors cannot be read back is refused by guard
	}
	return []Step{call(t, opPutSelectors, append([]Member{text("TrailName", t.ARN)}, s.members()...)...)}
}

func putInsights(t *model.Trail) Step {
	return call(t, opPutInsights, text("TrailName", t.ARN), Member{"InsightSelectors", model.Insights.JSON(t)})
}

func tagSteps(from, to *model.Trail) []Step {
	was, _ := from.Tags.Get()
	want, _ := to.Tags.Get()
	var add, remove []object
	for _, t := range want {
		if !slices.Contains(was, t) {
			add = append(add, object{{"Key", t.Key}, {"Value", t.Value}})
		}
	}
	for _, t := range was {
		if !slices.ContainsFunc(want, func(w model.Tag) bool { return w.Key == t.Key }) {
			remove = append(remove, object{{"Key", t.Key}})
		}
	}
	var out []Step
	for _, s := range []struct {
		op   string
		tags []object
	}{{opAddTags, add}, {opRemoveTags, remove}} {
		if raw, err := json.Marshal(s.tags); err == nil && len(s.tags) > 0 {
			out = append(out, call(to, s.op, text("ResourceId", to.ARN), Member{"TagsList", raw}))
		}
	}
	return out
}
