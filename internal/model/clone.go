package model

import (
	"maps"
	"slices"
)

// Clone is a deep copy: what is done to it is not done to the account.
func (a *Account) Clone() *Account {
	out := *a
	out.Regions = List[string]{slices.Clone(a.Regions.Items), slices.Clone(a.Regions.Gaps)}
	out.Trails = List[*Trail]{slices.Clone(a.Trails.Items), slices.Clone(a.Trails.Gaps)}
	for i, t := range out.Trails.Items {
		out.Trails.Items[i] = t.Clone()
	}
	out.Gaps = slices.Clone(a.Gaps)
	return &out
}

// Clone is a deep copy of the trail. Its selectors are immutable and stay the same.
func (t *Trail) Clone() *Trail {
	out := *t
	out.Insights.v = slices.Clone(t.Insights.v)
	for i, s := range out.Insights.v {
		out.Insights.v[i].EventCategories = slices.Clone(s.EventCategories)
	}
	out.Tags.v = slices.Clone(t.Tags.v)
	out.Delivery = maps.Clone(t.Delivery)
	return &out
}
