package awsfake_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
)

func TestEC2Client(t *testing.T) {
	s, cfg := start(t, `{"ec2 describe-regions": {"Regions": [
		{"RegionName": "us-east-1", "Endpoint": "ec2.us-east-1.amazonaws.com", "OptInStatus": "opt-in-not-required"},
		{"RegionName": "me-south-1", "Endpoint": "ec2.me-south-1.amazonaws.com", "OptInStatus": "opted-in"},
		{"RegionName": "af-south-1", "Endpoint": "ec2.af-south-1.amazonaws.com", "OptInStatus": "not-opted-in"}]}}`)
	client := ec2.NewFromConfig(cfg)
	all := aws.Bool(true)
	for name, c := range map[string]struct {
		in   ec2.DescribeRegionsInput
		want []string
	}{
		"enabled": {ec2.DescribeRegionsInput{}, []string{"us-east-1 opt-in-not-required", "me-south-1 opted-in"}},
		"all":     {ec2.DescribeRegionsInput{AllRegions: all}, []string{"us-east-1 opt-in-not-required", "me-south-1 opted-in", "af-south-1 not-opted-in"}},
		"named":   {ec2.DescribeRegionsInput{AllRegions: all, RegionNames: []string{"af-south-1"}}, []string{"af-south-1 not-opted-in"}},
		"filtered": {ec2.DescribeRegionsInput{AllRegions: all, Filters: []types.Filter{
			{Name: aws.String("opt-in-status"), Values: []string{"opted-in", "not-opted-in"}},
		}}, []string{"me-south-1 opted-in", "af-south-1 not-opted-in"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := client.DescribeRegions(t.Context(), &c.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range out.Regions {
				got = append(got, aws.ToString(r.RegionName)+" "+aws.ToString(r.OptInStatus))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	for _, c := range commonErrors("UnauthorizedOperation", "RequestLimitExceeded", "RequestExpired", "AuthFailure") {
		s.Inject(awsfake.Fault{Match: awsfake.Call{Service: "ec2"}, First: 1, Action: c.action})
		_, err := client.DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
		wantCode(t, err, c.code)
	}
}
