// Package ct011 is CT-011: a trail delivers what it records.
package ct011

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges each trail that is logging: no Region's delivery fails. Only a person can repair a bucket,
// a key or a topic, so there is no fix.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-011", Title: "CloudTrail Delivery Failing", Kind: rule.Posture, Severity: model.Medium,
		Categories: []rule.Category{rule.Security, rule.OperationalExcellence},
		Aliases:    []string{"cloudtrailDeliveryFailing"},
		Published:  "2016-04-12", Updated: "2026-11-25", Files: files,
	},
	Needs: []*model.FactKind{model.TrailStatus, model.TrailDelivery},
	Triggers: []rule.Trigger{
		{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"}},
		{Source: "s3.amazonaws.com", Names: []string{"DeleteBucket", "PutBucketPolicy", "DeleteBucketPolicy"}},
	},
	Check: check,
}

// staleDigest is how old the last digest may be. Digests come every hour, for empty hours too (CloudTrail User
// Guide, "cloudtrail-log-file-validation-digest-file-structure"); two may be late.
const staleDigest = 3 * time.Hour

func check(e *rule.Eval, _ *model.Account) {
	e.EachTrail("there is no trail that could fail to deliver (CT-001)", func(t *model.Trail) { judge(e, t) })
}

func judge(e *rule.Eval, t *model.Trail) {
	on, known := t.Logging.Get()
	if known && !on {
		e.NotApplicable(t, rule.Stopped(t)+": a stopped trail delivers nothing (CT-001)", model.Logging.Evidence(t))
		return
	}
	regions := regionsOf(e, t)
	truth := model.All(deliveries(e, t, regions), elsewhere(e, t), t.Is(model.Logging))
	if truth.Tri == model.No && !known { // of a stopped trail it would not matter what its last error was
		truth = t.Is(model.Logging)
	}
	v := e.Trail(t, truth, rule.Say{
		PassBy: func() string {
			return "delivers without an error in " + model.Count(len(regions), "Region", "Regions")
		},
		FailBy: func() string {
			return "does not deliver: " + strings.Join(append(e.Failing(t), stale(e, t)...), "; ")
		},
	})
	e.NoteSight(v, t)
}

// regionsOf are the Regions whose delivery was read or should have been: of a trail that is not known to be
// single-Region every enabled one, but those whose refusal is accepted.
func regionsOf(e *rule.Eval, t *model.Trail) []string {
	enabled := e.Account.Regions.Items
	multi, known := t.MultiRegion.Get()
	asked := func(region string) bool { return t.Delivery[region].Known() }
	if multi && len(t.Delivery) == len(enabled) && !slices.ContainsFunc(enabled, func(r string) bool { return !asked(r) }) {
		return enabled
	}
	all := slices.AppendSeq(make([]string, 0, len(t.Delivery)), maps.Keys(t.Delivery))
	if multi || !known {
		all = append(all, enabled...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(region string) bool {
		return !asked(region) &&
			slices.ContainsFunc(e.Account.Trails.Gaps, func(g model.Gap) bool { return g.Accepted && g.Region == region })
	})
}

// deliveries is one fact where every Region is well, which is nearly always, else one a Region.
func deliveries(e *rule.Eval, t *model.Trail, regions []string) model.Truth {
	if len(regions) == 0 {
		return model.Fact(model.Unknown, "delivery", nil, t.Logging.Origin())
	}
	ill := func(region string) bool { return delivers(e, t, t.Delivery[region]) != model.Yes }
	if !slices.ContainsFunc(regions, ill) {
		return model.Fact(model.Yes, "delivery", t.Delivery, model.Origin{Call: "GetTrailStatus"})
	}
	truths := make([]model.Truth, len(regions))
	for i, region := range regions {
		is := delivers(e, t, t.Delivery[region])
		truths[i] = model.Since(is, evidence(t, region, is)...)
	}
	return model.All(truths...)
}

// elsewhere is whether the trail delivers in the Regions that nobody could list: a failure there would not be seen.
func elsewhere(e *rule.Eval, t *model.Trail) model.Truth {
	if len(e.World.Maybe) == 0 || t.Is(model.MultiRegion).Tri == model.No {
		return model.Truth{Tri: model.Yes}
	}
	gaps := e.Account.Regions.Gaps
	unlisted := make([]model.Evidence, len(gaps))
	for i, g := range gaps {
		unlisted[i] = model.Evidence{Fact: "delivery in opt-in Regions", Origin: g.Origin()}
	}
	return model.Since(model.Unknown, unlisted...)
}

func delivers(e *rule.Eval, t *model.Trail, v model.Value[model.Delivery]) model.Tri {
	d, ok := v.Get()
	if !ok {
		return model.Unknown
	}
	switch t.Fails(d).Tri {
	case model.Yes:
		return model.No
	case model.Unknown:
		return model.Unknown
	case model.No:
	}
	switch digestStale(e, t, d) {
	case model.Yes:
		return model.No
	case model.No:
		return model.Yes
	case model.Unknown:
	}
	return model.Unknown
}

// evidence is a Region's delivery, or what must be known to judge it.
func evidence(t *model.Trail, region string, is model.Tri) []model.Evidence {
	v := t.Delivery[region]
	from := v.Origin()
	from.Call, from.Region = cmp.Or(from.Call, "GetTrailStatus"), cmp.Or(from.Region, region)
	d, ok := v.Get()
	switch {
	case !ok:
		return []model.Evidence{{Fact: "delivery", Origin: from}}
	case is != model.Unknown:
		return []model.Evidence{{Fact: "delivery", Value: d, Origin: from}}
	}
	if fails := t.Fails(d); fails.Tri == model.Unknown {
		return fails.Because()
	}
	var out []model.Evidence
	if !t.Validation.Known() {
		out = append(out, model.Validation.Evidence(t))
	}
	if started, ok := t.StartedAt.Get(); !ok || started.IsZero() {
		from := t.StartedAt.Origin()
		from.Why = "the answer does not hold it, and the last digest is old"
		out = append(out, model.Evidence{Fact: model.StartedAt.Name(), Origin: from})
	}
	return out
}

// digestStale tells that digests stopped coming although the trail has been on, with validation, for long enough.
// An old delivery of log files proves nothing: a quiet Region delivers none.
func digestStale(e *rule.Eval, t *model.Trail, d model.Delivery) model.Tri {
	last := d.Digest.Delivered
	if last.IsZero() || e.At.Sub(last) <= staleDigest {
		return model.No
	}
	long := model.Unknown // a trail that is on and was never started is half an answer
	if started, ok := t.StartedAt.Get(); ok && !started.IsZero() {
		long = coverage.Known(e.At.Sub(started) > staleDigest)
	}
	return model.All(t.Is(model.Validation), model.Truth{Tri: long}).Tri
}

func stale(e *rule.Eval, t *model.Trail) []string {
	var out []string
	for _, region := range slices.Sorted(maps.Keys(t.Delivery)) {
		if d, ok := t.Delivery[region].Get(); ok && digestStale(e, t, d) == model.Yes {
			out = append(out, fmt.Sprintf("digest in %s: the last one is of %s", region, model.Moment(d.Digest.Delivered)))
		}
	}
	return out
}
