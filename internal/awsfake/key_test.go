package awsfake_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
)

func TestParseKey(t *testing.T) {
	flags := func(name string, values ...string) map[string][]string {
		return map[string][]string{name: append([]string{}, values...)}
	}
	for line, want := range map[string]awsfake.Key{
		"cloudtrail describe-trails":                        {Service: "cloudtrail", Op: "DescribeTrails"},
		"aws cloudtrail describe-trails --region eu-west-1": {Service: "cloudtrail", Op: "DescribeTrails", Region: "eu-west-1"},
		"aws --profile 111122223333 --region=us-gov-west-1 sts get-caller-identity": {
			Service: "sts", Op: "GetCallerIdentity", Account: "111122223333", Region: "us-gov-west-1",
		},
		"cloudtrail list-trails --no-cli-pager --output json --debug":  {Service: "cloudtrail", Op: "ListTrails"},
		"cloudtrail get-trail --name 'a b'":                            {Service: "cloudtrail", Op: "GetTrail", Flags: flags("name", "a b")},
		"cloudtrail get-trail --name=t":                                {Service: "cloudtrail", Op: "GetTrail", Flags: flags("name", "t")},
		"cloudtrail list-tags --resource-id-list a \"b c\" --output x": {Service: "cloudtrail", Op: "ListTags", Flags: flags("resource-id-list", "a", "b c")},
		"cloudtrail describe-trails --no-include-shadow-trails":        {Service: "cloudtrail", Op: "DescribeTrails", Flags: flags("no-include-shadow-trails")},
	} {
		t.Run(line, func(t *testing.T) {
			if want.Flags == nil {
				want.Flags = map[string][]string{}
			}
			got, err := awsfake.ParseKey(line)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                              "want a service",
		"cloudtrail":                    "want a service",
		"cloudtrail describe-trail":     "not a call that can be told",
		"cloudtrail delete-trail":       "not a call that can be told",
		"s3api get-bucket-policy":       "not a call that can be told",
		"sts get-caller-identity extra": "want a service",
		"cloudtrail describe-trails --query trailList":         "--query hides",
		"cloudtrail describe-trails --max-items 5":             "--max-items hides",
		"cloudtrail describe-trails --region":                  "--region has no value",
		"cloudtrail describe-trails --region europe":           "one Region",
		"cloudtrail describe-trails --profile audit":           "number of one account",
		"cloudtrail get-trail --trail-name t":                  "no flag --trail-name",
		"cloudtrail get-trail --name":                          "with 0 values",
		"cloudtrail get-trail --name a b":                      "with 2 values",
		"cloudtrail get-trail --name a --name b":               "twice",
		"cloudtrail describe-trails --include-shadow-trails x": "with 1 values",
		"cloudtrail get-trail --name 'a":                       "not closed",
		`cloudtrail get-trail --name a\`:                       "backslash",
		"cloudtrail get-trail --Name a":                        "not a flag",
	} {
		t.Run(line, func(t *testing.T) {
			k, err := awsfake.ParseKey(line)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, %v; want an error with %q", k, err, want)
			}
		})
	}
}

// What parses prints, and what is printed parses to the same key.
func FuzzParseKey(f *testing.F) {
	for _, line := range []string{
		"aws cloudtrail describe-trails --region eu-west-1 --no-cli-pager",
		"cloudtrail get-trail-status --name 'a b' --profile 111122223333",
		`cloudtrail list-tags --resource-id-list a\ b "c'd" ''`,
		"sts assume-role --role-arn=arn:aws:iam::111122223333:role/r --external-id x",
		"ec2 describe-regions --all-regions --filters Name=opt-in-status,Values=opted-in",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		k, err := awsfake.ParseKey(line)
		if err != nil {
			return
		}
		again, err := awsfake.ParseKey(k.String())
		if err != nil {
			t.Fatalf("%q printed as %q: %v", line, k, err)
		}
		if d := cmp.Diff(k, again); d != "" {
			t.Errorf("%q printed as %q: %s", line, k, d)
		}
	})
}
