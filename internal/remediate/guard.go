package remediate

import (
	"fmt"
	"maps"
	"slices"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// guard refuses what no fix may do, whatever a rule asks for: change another account's trail, redirect what is
// delivered, switch something off, or touch data, network or Insights selectors.
func guard(want *model.Account, d delta) (refused []string) {
	bad := func(format string, args ...any) {
		refused = append(refused, fmt.Sprintf("trail/%s: "+format, append([]any{d.want.Name}, args...)...))
	}
	if owner := d.want.Owner(); owner != want.ID {
		bad("it belongs to account %s", owner)
	}
	if at := home(d.want); want.Regions.Whole() && !slices.Contains(want.Regions.Items, at) {
		bad("its home Region %s is not enabled in this account, and no other Region takes a change of it: enable that one first", at)
	}
	for _, attr := range d.attr {
		switch row := rowOf(attr); {
		case row.Never != "":
			bad("%s", row.Never)
		case weakens(attr, d):
			bad("it would switch off %s", attr.Name())
		case attr.Name() == model.Selectors.Name() && attr.Known(d.was) && !sameBut(d):
			bad("it would change which data or network events are recorded")
		}
	}
	return refused
}

// maxTrails is how many trails a Region may have; nobody can raise it (CloudTrail User Guide, "Quotas in AWS CloudTrail").
const maxTrails = 5

// crowded refuses what AWS would: one more trail in a Region that is full. A multi-Region trail counts in each Region,
// and so does the copy of an organization's.
func crowded(is, want *model.Account) []string {
	before, after := trailsIn(is), trailsIn(want)
	for _, region := range slices.Sorted(maps.Keys(after)) {
		if after[region] > max(maxTrails, before[region]) {
			return []string{fmt.Sprintf("%s has %d trails, and AWS allows %d in a Region (MaximumNumberOfTrailsExceededException): delete one that is not needed, or have an organization's put right by its owner",
				region, before[region], maxTrails)}
		}
	}
	return nil
}

// trailsIn counts the trails of each Region, as far as they are known.
func trailsIn(a *model.Account) map[string]int {
	out := map[string]int{}
	for _, t := range a.Trails.Items {
		regions := []string{home(t)}
		if t.Is(model.MultiRegion).Tri == model.Yes {
			regions = a.Regions.Items
		}
		for _, region := range regions {
			out[region]++
		}
	}
	return out
}

func weakens(attr model.Attribute, d delta) bool {
	switch string(attr.JSON(d.want)) {
	case "false":
		return attr.Name() != model.Organization.Name()
	case `""`:
		return true
	}
	return false
}

// sameBut tells that the selectors differ in management events only.
func sameBut(d delta) bool {
	was, err := read(d.was)
	if err != nil {
		return false
	}
	want, err := read(d.want)
	if err != nil {
		return false
	}
	return slices.EqualFunc(was.data(), want.data(), func(a, b string) bool { return a == b })
}

// dataCosts says that a trail which chooses data or network events would record those of more Regions, or again:
// AWS charges for each of them (AWS CloudTrail pricing).
func dataCosts(d delta) []string {
	if d.was == nil || !slices.ContainsFunc(d.attr, func(a model.Attribute) bool {
		return a.Name() == model.MultiRegion.Name() || a.Name() == model.Logging.Name()
	}) {
		return nil
	}
	s, err := read(d.want)
	if err != nil {
		return []string{"Whether the trail chooses data events is not known: AWS charges for each that it records."}
	}
	if len(s.data()) == 0 {
		return nil
	}
	return []string{"The trail chooses data or network events too, and AWS charges for each: it would record them wherever it records from now on."}
}

// costs says that another trail records what this one records from now on, for which AWS charges: the first copy
// of management events in a Region is free, each further one is not (AWS CloudTrail pricing).
func costs(want *model.Account, d delta) []string {
	more := d.was == nil || slices.ContainsFunc(d.attr, func(a model.Attribute) bool {
		return slices.Contains([]string{
			model.MultiRegion.Name(), model.GlobalEvents.Name(), model.Logging.Name(), model.Selectors.Name(),
		}, a.Name())
	})
	if !more {
		return nil
	}
	world := want.World()
	goal := world.Management(coverage.Scope{})
	if world.Lost([]coverage.Recorder{want.Recorder(d.want)}, nil, goal).Verdict == model.Yes {
		return nil // it records no management event, so nothing is copied
	}
	for _, other := range want.Trails.Items {
		if other.ARN == d.want.ARN || apart(other, d.want) {
			continue
		}
		switch world.Lost([]coverage.Recorder{want.Recorder(other)}, nil, goal).Verdict {
		case model.No:
			return []string{fmt.Sprintf("AWS charges for every copy of management events after the first in a Region, and trail/%s records them too.", other.Name)}
		case model.Unknown:
			return []string{fmt.Sprintf("AWS charges for every copy of management events after the first in a Region, and trail/%s may record them too.", other.Name)}
		case model.Yes: // it records none
		}
	}
	return nil
}

// apart tells that two trails record no Region in common.
func apart(a, b *model.Trail) bool {
	single := func(t *model.Trail) bool {
		multi, ok := t.MultiRegion.Get()
		return ok && !multi
	}
	return single(a) && single(b) && home(a) != home(b)
}
