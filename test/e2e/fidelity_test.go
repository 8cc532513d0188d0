//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// TestProxyAnswersAsAWS asks through the AWS CLI what moto gets wrong by itself.
func TestProxyAnswersAsAWS(t *testing.T) {
	reset(t, parseWorld(t, `
		organization 123456789012 222222222222
		region me-south-1 ENABLED
		status main '{"LatestDeliveryError": "AccessDenied"}'
		deny cloudtrail GetEventSelectors region=us-west-2
	`))
	setup(t, `
		aws s3 mb s3://logs
		aws cloudtrail create-trail --name main --s3-bucket-name logs --is-multi-region-trail --is-organization-trail
		aws cloudtrail create-trail --name local --s3-bucket-name logs --region eu-west-1
		aws cloudtrail start-logging --name arn:aws:cloudtrail:us-east-1:123456789012:trail/main
	`)
	for _, test := range []struct{ why, command, want string }{
		{"enabled Regions, opt-in ones with them", "account list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT --query length(Regions)", "18"},
		{"EC2 lists what is enabled", "ec2 describe-regions --query length(Regions)", "18"},
		{"EC2 lists the partition's, no other's", "ec2 describe-regions --all-regions --query length(Regions)", "33"},
		{"a partition of its own", "account list-regions --region us-gov-west-1 --query length(Regions)", "2"},
		{"trails by name", "cloudtrail describe-trails --region eu-west-1 --trail-name-list local --query trailList[].Name --output text", "local"},
		{"no shadows", "cloudtrail describe-trails --region eu-west-1 --no-include-shadow-trails --query trailList[].Name --output text", "local"},
		{"all trails of a Region", "cloudtrail describe-trails --region eu-west-1 --query length(trailList)", "2"},
		{"absent members are absent", "cloudtrail describe-trails --query trailList[].KmsKeyId", "[]"},
		{"home Region", "cloudtrail get-trail --name main --query Trail.HomeRegion --output text", "us-east-1"},
		{"logging was started by ARN", "cloudtrail get-trail-status --name main --query IsLogging", "true"},
		{"a delivery error", "cloudtrail get-trail-status --name main --query LatestDeliveryError --output text", "AccessDenied"},
		{"the default selector", "cloudtrail get-event-selectors --trail-name main --query EventSelectors[].ReadWriteType --output text", "All"},
		{"one kind of selectors", "cloudtrail get-event-selectors --trail-name main --query AdvancedEventSelectors", "null"},
		{
			"a member sees the organization's trail", "cloudtrail describe-trails --profile 222222222222 --query trailList[].TrailARN --output text",
			"arn:aws:cloudtrail:us-east-1:123456789012:trail/main",
		},
		{
			"and its status, by ARN",
			"cloudtrail get-trail-status --profile 222222222222 --name arn:aws:cloudtrail:us-east-1:123456789012:trail/main --query IsLogging", "true",
		},
	} {
		if got := strings.TrimSpace(world.cli.run(t, strings.Fields(test.command)...)); got != test.want {
			t.Errorf("%s: aws %s printed %q, want %q", test.why, test.command, got, test.want)
		}
	}
	if unknown := world.proxy.Unimplemented(); len(unknown) > 0 {
		t.Errorf("not implemented: %q", unknown)
	}
}

// TestRefusalsAreAWSErrors: a client reads the code, whatever the protocol; a made-up page it could not.
func TestRefusalsAreAWSErrors(t *testing.T) {
	reset(t, parseWorld(t, `
		deny account ListRegions
		deny ec2 DescribeRegions
		deny cloudtrail DescribeTrails region=eu-west-1
		deny sts AssumeRole
		deny s3 "PUT /logs"
	`))
	for command, want := range map[string]string{
		"account list-regions":                           "(AccessDeniedException)",
		"ec2 describe-regions":                           "(UnauthorizedOperation)",
		"cloudtrail describe-trails --region eu-west-1":  "(AccessDeniedException)",
		"cloudtrail describe-trails --region me-south-1": "(UnrecognizedClientException)",
		"sts assume-role --role-session-name test --role-arn arn:aws:iam::222222222222:role/audit": "(AccessDenied)",
		"s3api create-bucket --bucket logs":                         "(AccessDenied)",
		"cloudtrail list-imports":                                   "(NotImplemented)",
		"cloudtrail get-trail-status --name nothing":                "(TrailNotFoundException)",
		"cloudtrail get-event-selectors --trail-name nothing-there": "(TrailNotFoundException)",
	} {
		if got := world.cli.try(t, strings.Fields(command)...); got.Code == 0 || !strings.Contains(got.Err, want) {
			t.Errorf("aws %s: exit %d, %q, want %s", command, got.Code, got.Err, want)
		}
	}
	if got := world.proxy.Unimplemented(); len(got) == 0 || !strings.HasPrefix(got[0], "cloudtrail:ListImports") {
		t.Errorf("not implemented: %q, want ListImports", got)
	}
}
