package collect

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// describe lists a Region's trails: its own and the copies of multi-Region ones.
func (a *account) describe(ctx context.Context, region string) {
	out, err := a.in(region).trails.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err == nil && out.TrailList == nil { // [] is empty, nothing is not
		err = lacks("trailList")
	}
	var seen []*model.Trail
	if err == nil {
		seen, err = trailsOf(out.TrailList, region)
	}
	if err != nil {
		g := a.note(a.gap(err, "DescribeTrails", region, ""))
		a.mu.Lock()
		defer a.mu.Unlock()
		a.unlisted = append(a.unlisted, g)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listed[region] = seen
}

func trailsOf(list []types.Trail, region string) ([]*model.Trail, error) {
	seen := make([]*model.Trail, 0, len(list))
	for _, t := range list {
		if !model.IsTrailARN(aws.ToString(t.TrailARN)) {
			return nil, lacks("TrailARN, or none that AWS could have made, in an entry")
		}
		if model.ARNPartition(*t.TrailARN) != coverage.PartitionOf(region) {
			continue // another partition's trail records nothing here
		}
		seen = append(seen, trailOf(t, model.Origin{Call: "DescribeTrails", Region: region}))
	}
	return seen, nil
}

// trailOf keeps what the API said. A text that is absent is none (CloudTrail leaves out what is not set);
// a flag that is absent is unknown, since no default is documented for the answer.
// Where an entry lacks even its bucket or its kind it is half an answer, and what it does not say is unknown.
func trailOf(t types.Trail, from model.Origin) *model.Trail {
	text := func(v *string) model.Value[string] {
		if v == nil && (t.S3BucketName == nil || t.IsMultiRegionTrail == nil) {
			return known(v, from)
		}
		return model.Known(aws.ToString(v), from)
	}
	return &model.Trail{
		ARN: *t.TrailARN, Name: aws.ToString(t.Name),
		Home:         homeOf(t, from),
		Bucket:       known(t.S3BucketName, from),
		Prefix:       text(t.S3KeyPrefix),
		Topic:        text(t.SnsTopicARN),
		LogGroup:     text(t.CloudWatchLogsLogGroupArn),
		LogRole:      text(t.CloudWatchLogsRoleArn),
		Key:          text(t.KmsKeyId),
		MultiRegion:  known(t.IsMultiRegionTrail, from),
		Global:       known(t.IncludeGlobalServiceEvents, from),
		Organization: known(t.IsOrganizationTrail, from),
		Validation:   known(t.LogFileValidationEnabled, from),
	}
}

// homeOf is the Region in the trail's ARN, unless the entry contradicts it.
func homeOf(t types.Trail, from model.Origin) model.Value[string] {
	home := model.ARNRegion(*t.TrailARN)
	if told := aws.ToString(t.HomeRegion); told != "" && told != home {
		from.Why = "HomeRegion and TrailARN name different Regions"
		return model.Unread[string](from)
	}
	return model.Known(home, from)
}

func known[T any](v *T, from model.Origin) model.Value[T] {
	if v == nil {
		from.Why = codeEmpty + ": the answer does not hold it"
		return model.Unread[T](from)
	}
	return model.Known(*v, from)
}

// merge collapses what the Regions listed into one entry a trail, by ARN. The home Region's entry is the
// truth; other Regions' copies serve only where home was not read.
func (a *account) merge() {
	a.dropForeignGaps()
	copies := map[string][]*model.Trail{}
	for _, region := range a.readRegions() {
		for _, t := range a.listed[region] {
			copies[t.ARN] = append(copies[t.ARN], t)
		}
	}
	for arn, seen := range copies {
		a.trails = append(a.trails, a.copied(a.settle(arn, seen), seen))
	}
	slices.SortFunc(a.trails, func(x, y *model.Trail) int { return strings.Compare(x.ARN, y.ARN) })
}

// dropForeignGaps forgets refusals in Regions that turned out not to be enabled.
func (a *account) dropForeignGaps() {
	foreign := func(g model.Gap) bool {
		return g.Call == "DescribeTrails" && !slices.Contains(a.regions.Items, g.Region)
	}
	a.unlisted = slices.DeleteFunc(a.unlisted, foreign)
	a.gaps = slices.DeleteFunc(a.gaps, foreign)
}

// readRegions are the enabled Regions whose trails were listed, sorted.
func (a *account) readRegions() []string {
	return slices.DeleteFunc(slices.Clone(a.regions.Items), func(r string) bool { return !a.read(r) })
}

func (a *account) read(region string) bool {
	return slices.Contains(a.regions.Items, region) &&
		!slices.ContainsFunc(a.unlisted, func(g model.Gap) bool { return g.Region == region })
}

func (a *account) settle(arn string, seen []*model.Trail) *model.Trail {
	home := model.ARNRegion(arn)
	for _, t := range seen {
		if t.MultiRegion.Origin().Region == home {
			return t
		}
	}
	if a.read(home) {
		return contradicted(seen[0], home, "the home Region does not list the trail, other Regions do: it changed while being read")
	}
	t := seen[0]
	for _, other := range seen[1:] {
		for _, attr := range model.Attributes {
			if attr.Fact() == model.TrailList && !attr.Same(t, other) {
				return contradicted(t, home, "copies of the trail in several Regions differ, and its home was not read")
			}
		}
	}
	return t
}

// copied is a trail that is multi-Region only where every Region that was read lists its copy: one that was enabled
// just now may have none for hours, and what happens there is not recorded until then (CloudTrail User Guide,
// "cloudtrail-multi-region-trails").
func (a *account) copied(t *model.Trail, seen []*model.Trail) *model.Trail {
	if multi, ok := t.MultiRegion.Get(); !ok || !multi {
		return t
	}
	for _, region := range a.readRegions() {
		if !slices.ContainsFunc(seen, func(c *model.Trail) bool { return c.MultiRegion.Origin().Region == region }) {
			from := model.Origin{Call: "DescribeTrails", Region: region, Why: codeChanged + ": the trail is multi-Region, and the Region does not list its copy"}
			t.MultiRegion = model.Unread[bool](from)
			return t
		}
	}
	return t
}

// contradicted is a trail of which nothing is certain but that it was seen.
func contradicted(t *model.Trail, home, why string) *model.Trail {
	from := model.Origin{Call: "DescribeTrails", Region: home, Why: codeChanged + ": " + why}
	unsure := &model.Trail{ARN: t.ARN, Name: t.Name, Home: model.Known(home, from)}
	unsure.MultiRegion, unsure.Global = model.Unread[bool](from), model.Unread[bool](from)
	unsure.Organization, unsure.Validation = model.Unread[bool](from), model.Unread[bool](from)
	for _, v := range []*model.Value[string]{
		&unsure.Bucket, &unsure.Prefix, &unsure.Key, &unsure.Topic, &unsure.LogGroup, &unsure.LogRole,
	} {
		*v = model.Unread[string](from)
	}
	return unsure
}
