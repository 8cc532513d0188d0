package collect

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// detail is the second wave: what is known of each trail.
func (a *account) detail(ctx context.Context) {
	if a.failed != nil {
		return
	}
	var wg sync.WaitGroup
	all := make([]*details, 0, len(a.trails))
	for _, t := range a.trails {
		d := &details{account: a, trail: t, home: model.ARNRegion(t.ARN)}
		all = append(all, d)
		if a.run.facts[model.TrailDelivery] { // each account's own, also of an organization's trail
			d.startDelivery(ctx, &wg)
		}
		if !a.ownerReads(t) { // else model.Snapshot.Link brings over what the owner knows
			d.start(ctx, &wg)
		}
	}
	wg.Wait()
	for _, d := range all {
		d.agree()
	}
}

// ownerReads tells that this run also reads the account that owns an organization's trail, and saw it there.
func (a *account) ownerReads(t *model.Trail) bool {
	if t.Owner() == a.number {
		return false
	}
	return slices.ContainsFunc(a.run.accounts, func(o *account) bool {
		return o.failed == nil && o.number == t.Owner() &&
			slices.ContainsFunc(o.trails, func(own *model.Trail) bool { return own.ARN == t.ARN })
	})
}

// details reads one trail.
type details struct {
	account *account
	trail   *model.Trail
	home    string
	mu      sync.Mutex
	on, off []string // the Regions by what they say of IsLogging
}

// startDelivery asks for the status in every Region of the trail; the one of statusRegion tells IsLogging too.
func (d *details) startDelivery(ctx context.Context, wg *sync.WaitGroup) {
	first := d.statusRegion()
	wg.Go(func() { d.status(ctx, first, true) })
	if multi, ok := d.trail.MultiRegion.Get(); ok && !multi {
		return
	}
	for _, region := range d.account.regions.Items {
		if region != first {
			wg.Go(func() { d.status(ctx, region, false) })
		}
	}
}

func (d *details) start(ctx context.Context, wg *sync.WaitGroup) {
	facts := d.account.run.facts
	if facts[model.TrailStatus] && !facts[model.TrailDelivery] {
		wg.Go(func() { d.status(ctx, d.statusRegion(), true) })
	}
	if facts[model.TrailSelectors] {
		wg.Go(func() { d.selectors(ctx) })
	}
	if facts[model.TrailInsights] {
		wg.Go(func() { d.insights(ctx) })
	}
	if facts[model.TrailTags] {
		wg.Go(func() { d.tags(ctx) })
	}
}

// statusRegion is where IsLogging is asked for: at home, or where home could not be listed, in a Region that
// listed the trail. GetTrailStatus by ARN answers wherever the trail is listed, and IsLogging holds for all.
func (d *details) statusRegion() string {
	if d.account.read(d.home) {
		return d.home
	}
	for _, region := range d.account.readRegions() {
		if slices.ContainsFunc(d.account.listed[region], func(t *model.Trail) bool { return t.ARN == d.trail.ARN }) {
			return region
		}
	}
	return d.home
}

func (d *details) client(region string) *cloudtrail.Client {
	return d.account.in(region).trails
}

// lost records a failed call and gives the origin of what stays unknown for it.
func (d *details) lost(err error, call, region string) model.Origin {
	g := d.account.gap(err, call, region, d.trail.ARN)
	if slices.Contains(wrongTokenCodes, g.Code) && d.account.disabled(region) {
		g.Why = g.Code + ": the Region is not enabled in this account"
	}
	return d.account.note(g).Origin()
}

// disabled tells a Region that the account is known not to have: no token is valid there.
func (a *account) disabled(region string) bool {
	return a.regions.Whole() && !slices.Contains(a.regions.Items, region)
}

func (d *details) status(ctx context.Context, region string, whole bool) {
	out, err := d.client(region).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &d.trail.ARN})
	if err == nil && out.IsLogging == nil {
		err = lacks("IsLogging")
	}
	from := model.Origin{Call: "GetTrailStatus", Region: region}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		from = d.lost(err, "GetTrailStatus", region)
		d.trail.SetDelivery(region, model.Unread[model.Delivery](from))
		if whole {
			d.trail.Logging, d.trail.StartedAt, d.trail.StoppedAt = model.Unread[bool](from), model.Unread[time.Time](from), model.Unread[time.Time](from)
		}
		return
	}
	d.trail.SetDelivery(region, model.Known(deliveryOf(out), from))
	if *out.IsLogging {
		d.on = append(d.on, region)
	} else {
		d.off = append(d.off, region)
	}
	if whole {
		d.trail.Logging = model.Known(*out.IsLogging, from)
		d.trail.StartedAt = model.Known(aws.ToTime(out.StartLoggingTime).UTC(), from)
		d.trail.StoppedAt = model.Known(aws.ToTime(out.StopLoggingTime).UTC(), from)
	}
}

// agree takes back whether the trail is logging where Regions contradict each other: StartLogging and StopLogging at
// home hold for all of them (CloudTrail API reference), so it changed while being read.
func (d *details) agree() {
	if len(d.on) == 0 || len(d.off) == 0 || !d.trail.Logging.Known() {
		return
	}
	why := fmt.Sprintf("%s: %s says that it is logging, %s that it is not", codeChanged, slices.Min(d.on), slices.Min(d.off))
	from := model.Origin{Call: "GetTrailStatus", Region: d.trail.Logging.Origin().Region, Why: why}
	d.trail.Logging, d.trail.StartedAt, d.trail.StoppedAt = model.Unread[bool](from), model.Unread[time.Time](from), model.Unread[time.Time](from)
}

func deliveryOf(out *cloudtrail.GetTrailStatusOutput) model.Delivery {
	return model.Delivery{
		S3: model.Stream{
			Error: aws.ToString(out.LatestDeliveryError), Delivered: aws.ToTime(out.LatestDeliveryTime).UTC(),
			Attempted: legacyTime(out.LatestDeliveryAttemptTime),
		},
		Digest: model.Stream{Error: aws.ToString(out.LatestDigestDeliveryError), Delivered: aws.ToTime(out.LatestDigestDeliveryTime).UTC()},
		Logs:   model.Stream{Error: aws.ToString(out.LatestCloudWatchLogsDeliveryError), Delivered: aws.ToTime(out.LatestCloudWatchLogsDeliveryTime).UTC()},
		SNS: model.Stream{
			Error: aws.ToString(out.LatestNotificationError), Delivered: aws.ToTime(out.LatestNotificationTime).UTC(),
			Attempted: legacyTime(out.LatestNotificationAttemptTime),
		},
	}
}

// legacyTime reads the members that AWS no longer uses, in which it leaves "" when it has nothing to say.
func legacyTime(s *string) time.Time {
	t, err := time.Parse(time.RFC3339, aws.ToString(s))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func (d *details) selectors(ctx context.Context) {
	var body []byte
	read := keepBody(func(raw []byte) { body = raw })
	out, err := d.client(d.home).GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &d.trail.ARN},
		func(o *cloudtrail.Options) { o.APIOptions = append(o.APIOptions, read) })
	var parsed coverage.Selectors
	if err == nil {
		err = d.sameTrail(out.TrailARN)
	}
	if err == nil {
		if parsed, err = coverage.Parse(body); err != nil {
			err = &incomplete{err.Error()}
		}
	}
	if err != nil {
		d.trail.Selectors = model.Unread[coverage.Selectors](d.lost(err, "GetEventSelectors", d.home))
		return
	}
	d.trail.Selectors = model.Known(parsed, model.Origin{Call: "GetEventSelectors", Region: d.home})
}

// sameTrail refuses an answer that does not say which trail it is about, or is about another.
func (d *details) sameTrail(arn *string) error {
	switch aws.ToString(arn) {
	case d.trail.ARN:
		return nil
	case "":
		return lacks("TrailARN")
	}
	return &incomplete{"the answer is about another trail: " + *arn}
}

func (d *details) insights(ctx context.Context) {
	out, err := d.client(d.home).GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: &d.trail.ARN})
	from := model.Origin{Call: "GetInsightSelectors", Region: d.home}
	if errorCode(err) == (&types.InsightNotEnabledException{}).ErrorCode() {
		d.trail.Insights = model.Known([]model.InsightSelector{}, from)
		return
	}
	if err == nil {
		err = d.sameTrail(out.TrailARN)
	}
	if err != nil {
		d.trail.Insights = model.Unread[[]model.InsightSelector](d.lost(err, "GetInsightSelectors", d.home))
		return
	}
	found := make([]model.InsightSelector, 0, len(out.InsightSelectors))
	for _, s := range out.InsightSelectors {
		one := model.InsightSelector{InsightType: string(s.InsightType)}
		for _, c := range s.EventCategories {
			one.EventCategories = append(one.EventCategories, string(c))
		}
		found = append(found, one)
	}
	d.trail.Insights = model.Known(found, from)
}

func (d *details) tags(ctx context.Context) {
	out, err := d.client(d.home).ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{d.trail.ARN}})
	if err == nil && (len(out.ResourceTagList) != 1 || out.NextToken != nil) {
		err = lacks("one complete list of tags")
	}
	if err == nil {
		err = d.sameTrail(out.ResourceTagList[0].ResourceId)
	}
	if err != nil {
		d.trail.Tags = model.Unread[[]model.Tag](d.lost(err, "ListTags", d.home))
		return
	}
	found := []model.Tag{}
	for _, t := range out.ResourceTagList[0].TagsList {
		found = append(found, model.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	d.trail.Tags = model.Known(found, model.Origin{Call: "ListTags", Region: d.home})
}
