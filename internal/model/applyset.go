package model

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// never is when logging started or stopped that has not.
var never time.Time

func (r *reducer) start() {
	t := r.trail()
	t.StartedAt = r.switched(t, true, t.StartedAt)
	t.Logging = Known(true, r.from())
}

func (r *reducer) stop() {
	t := r.trail()
	t.StoppedAt = r.switched(t, false, t.StoppedAt)
	t.Logging = Known(false, r.from())
}

// switched is since when the trail is on or off: from now on, unless it was so already. Whether a repeated call moves
// the time that GetTrailStatus tells is not documented, but it changes nothing of what is recorded since.
func (r *reducer) switched(t *Trail, on bool, since Value[time.Time]) Value[time.Time] {
	was, known := t.Logging.Get()
	at, told := since.Get()
	switch {
	case known && was == on && told && !at.IsZero() && !at.After(r.call.At):
		return since
	case known && was != on && !r.call.At.IsZero():
		return Known(r.call.At.UTC(), r.from())
	}
	return Unread[time.Time](r.because("whether this call changed it is not known"))
}

// putSelectors replaces all selectors, basic or advanced, by those that were put (API reference, PutEventSelectors).
func (r *reducer) putSelectors() {
	t := r.trail()
	for _, b := range []body{r.resp, r.req} {
		if b.member("EventSelectors") != nil || b.member("AdvancedEventSelectors") != nil {
			r.setSelectors(t, b)
			return
		}
	}
	r.unsaid(t, Selectors)
}

// putInsights replaces the Insights selectors; an empty list switches Insights off (API reference, PutInsightSelectors).
func (r *reducer) putInsights() {
	t := r.trail()
	for _, b := range []body{r.resp, r.req} {
		if raw := b.member("InsightSelectors"); raw != nil {
			r.set(t, Insights, raw)
			if list, _ := t.Insights.Get(); slices.ContainsFunc(list, func(s InsightSelector) bool { return s.InsightType == "" }) {
				r.unsaid(t, Insights)
			}
			return
		}
	}
	r.unsaid(t, Insights)
}

// unsaid makes an attribute unknown that a call sets without telling to what.
func (r *reducer) unsaid(t *Trail, a Attribute) {
	why := r.req.why
	if why == "" {
		why = "the parameters do not hold what the call sets"
	}
	unread(a, t, r.gap(GapUnreadable, why).Origin())
}

func (r *reducer) addTags() { r.retag((*reducer).putTags) }

func (r *reducer) removeTags() { r.retag((*reducer).dropTags) }

func (r *reducer) retag(change func(*reducer, *Trail, json.RawMessage)) {
	t := r.trail()
	raw := r.req.member("TagsList")
	if raw == nil {
		r.unsaid(t, Tags)
		return
	}
	change(r, t, raw)
}

// putTags adds tags and gives those that are there a new value. Of tags that were not known the new ones alone say little.
func (r *reducer) putTags(t *Trail, raw json.RawMessage) {
	tags, err := readTags(raw)
	had, known := t.Tags.Get()
	switch {
	case err != nil:
		unread(Tags, t, r.gap(GapUnreadable, err.Error()).Origin())
		return
	case !known:
		return
	}
	now := slices.Clone(had)
	for _, tag := range tags {
		if i := slices.IndexFunc(now, func(o Tag) bool { return o.Key == tag.Key }); i >= 0 {
			now[i] = tag
		} else {
			now = append(now, tag)
		}
	}
	t.Tags = Known(now, r.from())
}

// dropTags removes tags by their keys. What a value beside the key does that is not the tag's is not documented.
func (r *reducer) dropTags(t *Trail, raw json.RawMessage) {
	tags, err := readTags(raw)
	had, known := t.Tags.Get()
	for _, o := range had {
		if slices.ContainsFunc(tags, func(tag Tag) bool { return tag.Key == o.Key && tag.Value != "" && tag.Value != o.Value }) {
			err = errors.New("a tag to be removed has another value")
		}
	}
	switch {
	case err != nil:
		unread(Tags, t, r.gap(GapUnreadable, err.Error()).Origin())
		return
	case !known:
		return
	}
	now := slices.DeleteFunc(slices.Clone(had), func(o Tag) bool {
		return slices.ContainsFunc(tags, func(tag Tag) bool { return tag.Key == o.Key })
	})
	t.Tags = Known(now, r.from())
}

func readTags(raw json.RawMessage) ([]Tag, error) {
	var t Trail
	if err := Tags.decode(&t, raw, Origin{}); err != nil {
		return nil, errors.New("TagsList is no list of tags")
	}
	tags, _ := t.Tags.Get()
	if slices.ContainsFunc(tags, func(t Tag) bool { return t.Key == "" }) {
		return nil, errors.New("TagsList holds a tag without a key")
	}
	return tags, nil
}
