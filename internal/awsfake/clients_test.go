package awsfake_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
)

const world = `{
 "sts get-caller-identity": {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/audit", "UserId": "AIDAEXAMPLE"},
 "sts get-caller-identity --profile 444455556666": {"Account": "444455556666", "Arn": "arn:aws:sts::444455556666:assumed-role/audit/s", "UserId": "AROAEXAMPLE:s"},
 "account list-regions": {"Regions": [
  {"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"},
  {"RegionName": "me-south-1", "RegionOptStatus": "ENABLING"},
  {"RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]},
 "cloudtrail describe-trails": {"trailList": [
  {"Name": "t", "TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t", "HomeRegion": "us-east-1", "IsMultiRegionTrail": true}]},
 "cloudtrail describe-trails --profile 444455556666": {"trailList": []},
 "cloudtrail list-trails": {"Trails": [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}]},
 "cloudtrail get-trail-status --name t": {"IsLogging": true, "StartLoggingTime": "2023-11-14T23:13:20+01:00", "LatestDeliveryTime": 1700000100.5},
 "cloudtrail get-event-selectors --trail-name t": {"TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t",
  "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [], "ExcludeManagementEventSources": []}]}}`

// start serves a fixture and returns a configuration whose clients reach it: one
// attempt a call, static keys.
func start(t *testing.T, doc string) (*awsfake.Server, aws.Config) {
	t.Helper()
	s := serve(t, doc)
	url, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	cfg := awsfake.Config(url, "us-east-1")
	cfg.RetryMaxAttempts = 1
	return s, cfg
}

func keys(c aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != code {
		t.Errorf("got %v; want the code %s", err, code)
	}
}

func TestCloudTrailClient(t *testing.T) {
	s, cfg := start(t, world)
	ctx, client := t.Context(), cloudtrail.NewFromConfig(cfg)
	trails, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil || len(trails.TrailList) != 1 {
		t.Fatalf("got %v, %v", trails, err)
	}
	arn := trails.TrailList[0].TrailARN
	status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: arn}, func(o *cloudtrail.Options) { o.Region = "eu-west-1" })
	if err != nil {
		t.Fatal(err)
	}
	wantTime := func(at *time.Time, want float64) {
		t.Helper()
		if at == nil || float64(at.UnixMilli())/1000 != want {
			t.Errorf("got %v; want %v", at, want)
		}
	}
	wantTime(status.StartLoggingTime, 1700000000)
	wantTime(status.LatestDeliveryTime, 1700000100.5)
	selectors, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: arn})
	if err != nil || len(selectors.EventSelectors) != 1 || !aws.ToBool(selectors.EventSelectors[0].IncludeManagementEvents) {
		t.Errorf("got %v, %v", selectors, err)
	}
	_, err = client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: arn}, func(o *cloudtrail.Options) { o.Region = "eu-west-1" })
	wantCode(t, err, "TrailNotFoundException")
	_, err = client.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: arn})
	wantCode(t, err, "NotTold")

	call := func(op, region, trail string) awsfake.Call {
		return awsfake.Call{Service: "cloudtrail", Op: op, Region: region, Account: "111122223333", Trail: trail}
	}
	want := []awsfake.Call{
		call("DescribeTrails", "us-east-1", ""), call("GetTrailStatus", "eu-west-1", *arn),
		call("GetEventSelectors", "us-east-1", *arn), call("GetEventSelectors", "eu-west-1", *arn), call("StopLogging", "us-east-1", *arn),
	}
	if d := cmp.Diff(want, s.Calls()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want[4:], s.NotTold()); d != "" {
		t.Error(d)
	}
}

// A role's keys act in the role's account, and last longer than any test.
func TestAssumedRole(t *testing.T) {
	_, cfg := start(t, world)
	role, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::444455556666:role/audit"), RoleSessionName: aws.String("s"), ExternalId: aws.String("x"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := role.Credentials
	if got.Expiration == nil || got.Expiration.Before(time.Now().AddDate(1, 0, 0)) {
		t.Errorf("the keys expire at %v", got.Expiration)
	}
	cfg.Credentials = keys(aws.Credentials{AccessKeyID: *got.AccessKeyId, SecretAccessKey: *got.SecretAccessKey, SessionToken: *got.SessionToken})
	if id, err := identity(t.Context(), cfg); err != nil || id != "444455556666" {
		t.Errorf("got %v, %v", id, err)
	}
	trails, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{})
	if err != nil || len(trails.TrailList) != 0 {
		t.Errorf("got %v, %v", trails, err)
	}
}

func TestPages(t *testing.T) {
	s, cfg := start(t, world)
	s.Inject(awsfake.Fault{Match: awsfake.Call{Service: "cloudtrail"}, Action: awsfake.Page(2)})
	var regions, trails []string
	for p := account.NewListRegionsPaginator(account.NewFromConfig(cfg), &account.ListRegionsInput{MaxResults: aws.Int32(1)}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Regions {
			regions = append(regions, aws.ToString(r.RegionName))
		}
	}
	for p := cloudtrail.NewListTrailsPaginator(cloudtrail.NewFromConfig(cfg), &cloudtrail.ListTrailsInput{}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Trails {
			trails = append(trails, aws.ToString(r.Name))
		}
	}
	if got := strings.Join(regions, " ") + " " + strings.Join(trails, " "); got != "eu-west-1 me-south-1 us-east-1 a b c" {
		t.Error(got)
	}
	if n := len(s.Calls()); n != 3+2 {
		t.Errorf("%d calls", n)
	}
}

// identity asks the one call of a service whose answers tests change at will.
func identity(ctx context.Context, cfg aws.Config) (string, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Account), nil
}
