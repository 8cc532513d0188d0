package detect

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// Window is a trail as two readings of the account that owns it show it. Members of an organization see a shadow of
// its trail, of whose changes they have no event.
type Window struct {
	Trail string         `json:"trail"` // ARN
	Was   *model.Account `json:"was"`   // without other trails
	Is    *model.Account `json:"is"`
	From  time.Time      `json:"from"` // when it was read
	Until time.Time      `json:"until"`
	Took  time.Duration  `json:"took,omitempty"` // the longer of the readings, at whose ends these times are
}

// Windows are the trails of two readings.
func Windows(before, after *model.Snapshot) []Window {
	var out []Window
	for _, is := range after.Accounts {
		was := before.Account(is.ID)
		if was == nil || was.Unread() != nil || is.Unread() != nil {
			continue
		}
		for _, arn := range (change{was: was, is: is}).trails() {
			if model.ARNAccount(arn) == is.ID {
				out = append(out, Window{arn, alone(was, arn), alone(is, arn), before.CollectedAt, after.CollectedAt, max(took(before), took(after))})
			}
		}
	}
	return out
}

func took(s *model.Snapshot) time.Duration {
	if s.Began.IsZero() || s.Began.After(s.CollectedAt) { // a clock was set back
		return 0
	}
	return s.CollectedAt.Sub(s.Began)
}

// near is [Near] for these readings, of which each account was read at some moment.
func (w Window) near() time.Duration { return Near + w.Took }

// alone is an account without its other trails.
func alone(a *model.Account, arn string) *model.Account {
	out := a.Clone()
	out.Trails.Items = slices.DeleteFunc(out.Trails.Items, func(t *model.Trail) bool { return t.ARN != arn })
	return out
}

// Near is how far a reading's time and an event's may be apart and it is open which came first: accounts are read one
// after the other, changes take a minute to reach other Regions, and clocks differ.
const Near = 5 * time.Minute

// Existence stands for whether the trail is there at all, among the attributes of a [Window].
const Existence = "TrailARN"

// announced are the attributes that a window is about: those that no one changes but by a call that is an event. Tags are
// also changed by services of their own, and the home Region never is.
var announced = slices.DeleteFunc(slices.Clone(model.Attributes), func(a model.Attribute) bool {
	return a.Name() == model.HomeRegion.Name() || a.Name() == model.Tags.Name()
})

// Unannounced is what of a trail is certainly otherwise than the reading before and the events since leave it, as of the
// last [Detector.Tell]. What an event may have changed in a way that is not known, and what either reading does not tell
// at first hand, is not in it. It is false where events of that time may be forgotten.
func (d *Detector) Unannounced(w Window) ([]model.Edit, bool) {
	d.telling.Lock()
	defer d.telling.Unlock()
	if d.begin != nil {
		return nil, false
	}
	v := d.view(w)
	var out []model.Edit
	for _, name := range names() {
		if v.differs(name, w.Is) == model.Yes {
			out = append(out, v.edit(name))
		}
	}
	return out, true
}

// Stands tells whether a later reading, of a time, confirms a difference: No where the trail is after all as events left
// it, though none since is about it.
func (d *Detector) Stands(w Window, attribute string, later *model.Account, at time.Time) model.Tri {
	d.telling.Lock()
	defer d.telling.Unlock()
	since := w
	since.From, since.Until = w.Until, at
	if slices.ContainsFunc(d.around(since), func(e *entry) bool { return e.about(w.Trail) }) {
		return model.Yes
	}
	return d.view(w).differs(attribute, later)
}

// Announces is the last event that may have changed an attribute between the readings of a window; nil for none.
func (d *Detector) Announces(w Window, attributes []string) *model.Cause {
	d.telling.Lock()
	defer d.telling.Unlock()
	for _, e := range slices.Backward(d.around(w)) {
		a := w.Was.Clone()
		a.Apply(e.call)
		for _, name := range attributes {
			if touched(w, name, a) {
				return &e.cause
			}
		}
	}
	return nil
}

// touched tells whether a call may have changed an attribute.
func touched(w Window, name string, now *model.Account) bool {
	was, is := w.Was.Trail(w.Trail), now.Trail(w.Trail)
	a := model.AttributeNamed(name)
	if was == nil || is == nil || a == nil {
		return (was == nil) != (is == nil)
	}
	return a.Evidence(was).Origin != a.Evidence(is).Origin
}

func names() []string {
	out := []string{Existence}
	for _, a := range announced {
		out = append(out, a.Name())
	}
	return out
}

// about tells whether the event is about a trail, or may be.
func (e *entry) about(trail string) bool { return e.trail == trail || e.trail == "" }

// around are the events that changed trails, from shortly before a window until shortly after it.
func (d *Detector) around(w Window) []*entry {
	var out []*entry
	for _, e := range d.entries {
		if e.folded == nil && e.applies() && e.call.At.After(w.From.Add(-w.near())) && e.call.At.Before(w.Until.Add(w.near())) {
			out = append(out, e)
		}
	}
	return out
}

// view is a window with what events make of it.
type view struct {
	Window
	ends []*model.Account // each may be what the second reading shows
	told bool             // some event is about the trail
}

// view does to the first reading what events did. Of those near a reading it is open whether that shows them, and of those
// of one second, which came first.
func (d *Detector) view(w Window) view {
	v := view{Window: w}
	around := d.around(w)
	turned := slices.Clone(around)
	slices.Reverse(turned)
	slices.SortStableFunc(turned, func(x, y *entry) int { return cmp.Compare(x.call.At.Unix(), y.call.At.Unix()) })
	for _, from := range []time.Time{w.From.Add(-w.near()), w.From.Add(w.near())} {
		v.replay(turned, from)
		v.replay(around, from)
	}
	v.told = slices.ContainsFunc(around, func(e *entry) bool { return e.about(w.Trail) })
	return v
}

// replay applies events from a time on.
func (v *view) replay(events []*entry, from time.Time) {
	a := v.Was.Clone()
	for _, e := range events {
		if e.call.At.Before(from) {
			continue
		}
		if e.call.At.After(v.Until.Add(-v.near())) {
			v.ends = append(v.ends, a.Clone())
		}
		a.Apply(e.call)
	}
	v.ends = append(v.ends, a)
}

// differs tells whether an attribute is otherwise than events left it, whatever of them the reading shows.
func (v view) differs(name string, read *model.Account) model.Tri {
	out := model.Yes
	for _, end := range v.ends {
		one := model.Unknown
		if name == Existence {
			one = v.appeared(end, read)
		} else if was, is, now := v.Was.Trail(v.Trail), end.Trail(v.Trail), read.Trail(v.Trail); was != nil && is != nil && now != nil {
			one = v.otherwise(model.AttributeNamed(name), was, is, now)
		}
		switch one {
		case model.No:
			return model.No
		case model.Unknown:
			out = model.Unknown
		case model.Yes:
		}
	}
	return out
}

// appeared tells whether the trail is there and was not, or the other way round. What was not listed whole hides
// trails, and so does a Region that is not enabled.
func (v view) appeared(end, read *model.Account) model.Tri {
	for _, a := range []*model.Account{v.Was, end, read} {
		if !a.Trails.Whole() || !a.Regions.Whole() || !slices.Contains(a.Regions.Items, model.ARNRegion(v.Trail)) {
			return model.Unknown
		}
	}
	return coverage.Known((end.Trail(v.Trail) == nil) != (read.Trail(v.Trail) == nil))
}

// otherwise compares an attribute of the trail as events left it with the reading. Both readings must be first hand:
// copies in other Regions may be older. The attribute is nil where another version of cairn named one that this one does
// not know.
func (v view) otherwise(a model.Attribute, was, end, is *model.Trail) model.Tri {
	if a == nil {
		return model.Unknown
	}
	for _, t := range []*model.Trail{was, is} {
		if from := a.Evidence(t).Origin; from.Region != model.ARNRegion(v.Trail) || from.Account != "" {
			return model.Unknown
		}
	}
	if !a.Known(end) || !a.Known(is) {
		return model.Unknown
	}
	if a.Same(end, is) {
		return model.No
	}
	byEvent := a.Evidence(end).Origin != a.Evidence(was).Origin
	switch a.Name() {
	case model.StartedAt.Name(), model.StoppedAt.Name():
		return v.switchedAt(a, end, is)
	case model.Selectors.Name():
		return otherChoice(end, is, byEvent)
	case model.Insights.Name():
		return otherInsights(end, is, byEvent)
	case model.KMSKey.Name(), model.SNSTopic.Name():
		if byEvent && !strings.HasPrefix(textOf(a, end), "arn:") { // a name or an alias, as it was sent
			return model.Unknown
		}
	case model.LogGroup.Name():
		return coverage.Known(strings.TrimSuffix(textOf(a, end), ":*") != strings.TrimSuffix(textOf(a, is), ":*"))
	}
	return model.Yes
}

func textOf(a model.Attribute, t *model.Trail) string {
	var s string
	_ = json.Unmarshal(a.JSON(t), &s) // "" for what is no text
	return s
}

// switchedAt tells whether the trail was switched. Where an event is about it, the time may be moved by that: whether a
// repeated call moves it is not documented.
func (v view) switchedAt(a model.Attribute, end, is *model.Trail) model.Tri {
	var x, y time.Time
	if v.told || json.Unmarshal(a.JSON(end), &x) != nil || json.Unmarshal(a.JSON(is), &y) != nil {
		return model.Unknown
	}
	return coverage.Known(x.Sub(y).Abs() > sameMoment)
}

// sameMoment is how far two tellings of one time may be apart.
const sameMoment = 2 * time.Second

// otherChoice tells whether selectors choose other events. The API has several ways to write the same, and what an
// event put may be written otherwise by the reading.
func otherChoice(end, is *model.Trail, byEvent bool) model.Tri {
	x, _ := end.Selectors.Get()
	y, _ := is.Selectors.Get()
	lost, gained := leaves(is.ARN, x, y), leaves(is.ARN, y, x)
	if lost == model.No || gained == model.No {
		return model.Yes
	}
	before, errX := x.Document()
	after, errY := y.Document()
	if byEvent || lost != model.Yes || gained != model.Yes || errX != nil || errY != nil {
		return model.Unknown
	}
	return coverage.Known(!sameSet(chosen(before), chosen(after)))
}

// leaves tells whether all management events that some selectors keep are kept by others too.
func leaves(arn string, x, y coverage.Selectors) model.Tri {
	world, was := best(arn, &x)
	_, is := best(arn, &y)
	return world.Lost([]coverage.Recorder{was}, []coverage.Recorder{is}, management(world)).Verdict
}

// otherInsights tells whether a trail looks for other Insights. What a call leaves out has a default that a reading may
// write out.
func otherInsights(end, is *model.Trail, byEvent bool) model.Tri {
	if byEvent {
		return model.Unknown
	}
	list := func(t *model.Trail) (out []string) {
		all, _ := t.Insights.Get()
		for _, one := range all {
			sorted := slices.Sorted(slices.Values(one.EventCategories))
			out = append(out, one.InsightType+" "+strings.Join(sorted, ","))
		}
		return out
	}
	return coverage.Known(!sameSet(list(end), list(is)))
}

func sameSet(x, y []string) bool {
	x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}

// edit is an attribute as events left it, and as it was read.
func (v view) edit(name string) model.Edit {
	was, is := v.ends[len(v.ends)-1].Trail(v.Trail), v.Is.Trail(v.Trail)
	if name == Existence {
		return model.Edit{Resource: v.Trail, Attribute: name, Before: was != nil, After: is != nil}
	}
	a := model.AttributeNamed(name)
	return model.Edit{Resource: v.Trail, Attribute: name, Before: value(a, was), After: value(a, is)}
}
