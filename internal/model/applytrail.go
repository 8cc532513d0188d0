package model

import (
	"encoding/json"
	"maps"
	"slices"

	"cairn.example/internal/coverage"
)

// setting is an attribute that CreateTrail and UpdateTrail set.
type setting struct {
	Attribute
	request, response string
	// fresh is what a new trail has when it is not sent (CloudTrail API reference, CreateTrail). A text that a
	// response leaves out is none as well.
	fresh string
}

const (
	noText = `""`
	noFlag = "false"
)

// settingRows are in the API's order. No default is documented for IncludeGlobalServiceEvents.
var settingRows = []setting{
	{S3Bucket, "S3BucketName", "S3BucketName", ""},
	{S3Prefix, "S3KeyPrefix", "S3KeyPrefix", noText},
	{SNSTopic, "SnsTopicName", "SnsTopicARN", noText},
	{GlobalEvents, "IncludeGlobalServiceEvents", "IncludeGlobalServiceEvents", ""},
	{MultiRegion, "IsMultiRegionTrail", "IsMultiRegionTrail", noFlag},
	{Validation, "EnableLogFileValidation", "LogFileValidationEnabled", noFlag},
	{LogGroup, "CloudWatchLogsLogGroupArn", "CloudWatchLogsLogGroupArn", noText},
	{LogRole, "CloudWatchLogsRoleArn", "CloudWatchLogsRoleArn", noText},
	{KMSKey, "KmsKeyId", "KmsKeyId", noText},
	{Organization, "IsOrganizationTrail", "IsOrganizationTrail", noFlag},
}

var settings = func() (out []Attribute) {
	for _, s := range settingRows {
		out = append(out, s.Attribute)
	}
	return out
}()

// destinations decide where records go: what was seen of delivery does not outlive a change of one.
var destinations = []Attribute{S3Bucket, S3Prefix, SNSTopic, LogGroup, LogRole, KMSKey}

func unread(a Attribute, t *Trail, from Origin) {
	// Nothing is decoded from nothing, so there is no error.
	_ = a.decode(t, nil, from)
}

// told is a setting as the call tells it: by the response, or else as it was sent; nil where it does neither.
func (r *reducer) told(s setting) json.RawMessage {
	if raw := r.resp.member(s.response); raw != nil {
		return raw
	}
	switch {
	case r.complete() && s.Name() == SNSTopic.name && r.resp.member("SnsTopicName") != nil:
		return r.resp.member("SnsTopicName")
	case r.complete() && s.fresh == noText:
		return json.RawMessage(noText)
	}
	return r.req.member(s.request)
}

// complete tells that there is a response with the whole new state. One that does not name the trail is not.
func (r *reducer) complete() bool { return isTrail(r.resp.text("TrailARN")) }

// set gives a trail one attribute, unknown if it cannot be read.
func (r *reducer) set(t *Trail, a Attribute, raw json.RawMessage) {
	if err := a.decode(t, raw, r.from()); err != nil {
		unread(a, t, r.gap(GapUnreadable, a.Name()+" cannot be read").Origin())
	}
}

// create makes the trail. It does not log before StartLogging, and records AWS's default, every management event,
// until PutEventSelectors (API reference).
func (r *reducer) create() {
	if r.account.Trail(r.arn) != nil {
		r.gap(GapUnannounced, "the trail was there already: it must have been deleted before this call")
		r.remove()
	}
	t := r.insert(r.blank("the call does not tell"))
	for _, s := range settingRows {
		raw := r.told(s)
		if raw == nil && s.fresh != "" && r.req.readable() && !r.complete() {
			raw = json.RawMessage(s.fresh)
		}
		if raw != nil {
			r.set(t, s, raw)
		}
	}
	if !r.names(GlobalEvents) {
		settleGlobal(nil, t, r.from())
	}
	t.Logging = Known(false, r.from())
	t.StartedAt, t.StoppedAt = Known(never, r.from()), Known(never, r.from())
	t.Insights = Known([]InsightSelector{}, r.from())
	r.setSelectors(t, body{})
	if r.req.readable() {
		t.Tags = Known([]Tag{}, r.from())
		if raw := r.req.member("TagsList"); raw != nil {
			r.putTags(t, raw)
		}
	}
}

// update changes what the call says. Without a complete response what was not sent stays, but for what AWS implies.
func (r *reducer) update() {
	t := r.trail()
	was := t.Clone()
	for _, s := range settingRows {
		if raw := r.told(s); raw != nil {
			r.set(t, s, raw)
		}
	}
	if !r.names(GlobalEvents) {
		r.impliedGlobal(was, t)
	}
	if r.names(LogGroup) {
		settleLogs(t, r.from())
	}
	r.redirect(was, t)
	if org, ok := t.Organization.Get(); ok && !org && t.Owner() != r.account.ID {
		r.remove() // members see nothing of a trail that is its owner's alone
	}
}

// impliedGlobal is what a change of Regions does to global service events that the call does not name. That a trail
// gains them is documented; whether it loses them is told differently in different pages of the CloudTrail User Guide.
func (r *reducer) impliedGlobal(was, now *Trail) {
	settleGlobal(was, now, r.from())
	narrows := now.Is(MultiRegion).Tri == No && was.Is(MultiRegion).Tri != No
	again := now.Is(MultiRegion).Tri == Yes && now.Is(GlobalEvents).Tri == No // AWS refuses to set the two together
	if r.names(MultiRegion) && (narrows || again || !now.MultiRegion.Known()) {
		now.Global = Unread[bool](r.because("whether the change of Regions changed it is not told"))
	}
}

// names tells whether the call tells anything of a setting whose name is the same in requests and responses.
func (r *reducer) names(a Attribute) bool {
	return r.req.member(a.Name()) != nil || r.resp.member(a.Name()) != nil
}

// Settle gives a trail what AWS makes of its settings, given those it had (nil: it is new). One that becomes
// multi-Region includes global service events (CloudTrail User Guide, "cloudtrail-concepts"), and without a log group
// there is no role for it.
func Settle(was, now *Trail) {
	settleGlobal(was, now, Origin{})
	settleLogs(now, Origin{})
}

func settleGlobal(was, now *Trail, from Origin) {
	if now.Is(MultiRegion).Tri == Yes && (was == nil || was.Is(MultiRegion).Tri != Yes) {
		now.Global = Known(true, from)
	}
}

func settleLogs(now *Trail, from Origin) {
	if now.Has(LogGroup).Tri == No && now.Has(LogRole).Tri == Yes {
		now.LogRole = Known("", from)
	}
}

// redirect makes what is known of delivery unknown where it does not hold any more: a destination changed, or the
// trail left other Regions than its home. What such a Region says later is read anew.
func (r *reducer) redirect(was, now *Trail) {
	moved := slices.ContainsFunc(destinations, func(a Attribute) bool { return !a.Same(was, now) })
	if !moved && MultiRegion.Same(was, now) {
		return
	}
	now.Delivery = maps.Clone(now.Delivery)
	for region := range now.Delivery {
		if moved || region != ARNRegion(now.ARN) {
			now.Delivery[region] = Unread[Delivery](r.because("where the trail delivers has changed since it was read"))
		}
	}
}

// setSelectors reads event selectors as an answer about the trail would hold them.
func (r *reducer) setSelectors(t *Trail, b body) {
	doc := map[string]any{"TrailARN": t.ARN}
	for name := range b.members {
		if raw := b.member(name); raw != nil && name != "TrailARN" && name != "TrailName" {
			doc[name] = raw
		}
	}
	var s coverage.Selectors
	raw, err := json.Marshal(doc)
	if err == nil {
		s, err = coverage.Parse(raw)
	}
	if err != nil {
		unread(Selectors, t, r.gap(GapUnreadable, err.Error()).Origin())
		return
	}
	t.Selectors = Known(s, r.from())
}
