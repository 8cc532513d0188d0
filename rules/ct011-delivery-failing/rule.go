// Package ct011 is CT-011: a trail delivers what it records.
package ct011

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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

func check(e *rule.Eval, a *model.Account) {
	if len(a.Trails.Items) == 0 {
		e.NothingToJudge("there is no trail that could fail to deliver (CT-001)")
		return
	}
	for _, t := range a.Trails.Items {
		judge(e, t)
	}
	e.Hidden()
}

func judge(e *rule.Eval, t *model.Trail) {
	if on, ok := t.Logging.Get(); ok && !on {
		e.NotApplicable(t, rule.Stopped(t)+": a stopped trail delivers nothing (CT-001)", model.Logging.Evidence(t))
		return
	}
	var regions []model.Truth
	for _, region := range slices.Sorted(maps.Keys(t.Delivery)) {
		regions = append(regions, delivers(e, t, region))
	}
	if len(regions) == 0 {
		regions = []model.Truth{{Because: []model.Evidence{{Fact: "delivery", Origin: t.Logging.Origin()}}}}
	}
	problems := append(rule.Failing(t), stale(e, t)...)
	truth := model.All(append(regions, known(t))...)
	v := e.Trail(t, truth, rule.Say{
		Pass: fmt.Sprintf("delivers without an error in %s", count(len(t.Delivery))),
		Fail: "does not deliver: " + strings.Join(problems, "; "),
	})
	if inherited(t) {
		v.Note("This is how account %s, which owns the trail, sees its delivery.", t.Owner())
	}
}

// inherited tells that the delivery was read in the account that owns an organization's trail.
func inherited(t *model.Trail) bool {
	for _, v := range t.Delivery {
		if v.Origin().Account != "" {
			return true
		}
	}
	return false
}

// known keeps a trail whose state is unknown from passing: whether it is on decides if the rule applies.
func known(t *model.Trail) model.Truth {
	return t.Is(model.Logging)
}

func delivers(e *rule.Eval, t *model.Trail, region string) model.Truth {
	v := t.Delivery[region]
	d, ok := v.Get()
	if !ok {
		return model.Truth{Because: []model.Evidence{{Fact: "delivery", Origin: v.Origin()}}}
	}
	truth := model.Truth{Tri: model.Yes}
	for _, s := range rule.Streams(d) {
		if s.Failing() {
			truth.Tri = model.No
		}
	}
	if digestStale(e, t, d) {
		truth.Tri = model.No
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return model.Truth{Because: []model.Evidence{{Fact: "delivery", Origin: v.Origin()}}}
	}
	truth.Because = []model.Evidence{{Fact: "delivery", Value: raw, Origin: v.Origin()}}
	return truth
}

// digestStale tells that digests stopped coming although the trail has been on, with validation, for long enough.
// An old delivery of log files proves nothing: a quiet Region delivers none.
func digestStale(e *rule.Eval, t *model.Trail, d model.Delivery) bool {
	validated, ok := t.Validation.Get()
	started, since := t.StartedAt.Get()
	last := d.Digest.Delivered
	return ok && validated && since && !started.IsZero() && !last.IsZero() &&
		e.At.Sub(started) > staleDigest && e.At.Sub(last) > staleDigest
}

func stale(e *rule.Eval, t *model.Trail) []string {
	var out []string
	for _, region := range slices.Sorted(maps.Keys(t.Delivery)) {
		if d, ok := t.Delivery[region].Get(); ok && digestStale(e, t, d) {
			out = append(out, fmt.Sprintf("digest in %s: the last one is of %s", region, d.Digest.Delivered.Format("2006-01-02 15:04:05 UTC")))
		}
	}
	return out
}

func count(n int) string {
	if n == 1 {
		return "1 Region"
	}
	return fmt.Sprintf("%d Regions", n)
}
