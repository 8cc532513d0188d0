package collect_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

const number = "111122223333"

// at is when every run of these tests is collected.
var at = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// quick are settings that make retries cost milliseconds.
var quick = collect.Settings{Attempts: 3, MaxBackoff: time.Millisecond, Timeout: 5 * time.Second, Rate: 1e6}

// told is a fixture under construction: what the AWS CLI printed, by command.
type told map[string]any

func (d told) and(more told) told {
	out := maps.Clone(d)
	maps.Copy(out, more)
	return out
}

// account tells identity, Regions and an answer without trails.
func account(id, partition string, regions []string) told {
	listed := []any{}
	for _, r := range regions {
		listed = append(listed, told{"RegionName": r, "RegionOptStatus": "ENABLED"})
	}
	return told{
		"sts get-caller-identity":    told{"UserId": "AIDA", "Account": id, "Arn": "arn:" + partition + ":iam::" + id + ":user/audit"},
		"account list-regions":       told{"Regions": listed},
		"cloudtrail describe-trails": told{"trailList": []any{}},
	}
}

func trailARN(home, owner, name string) string {
	return "arn:aws:cloudtrail:" + home + ":" + owner + ":trail/" + name
}

func trail(arn string, multi bool) told {
	return told{
		"Name": arn[len(arn)-1:], "TrailARN": arn, "HomeRegion": model.ARNRegion(arn), "S3BucketName": "logs",
		"IsMultiRegionTrail": multi, "IncludeGlobalServiceEvents": true, "IsOrganizationTrail": false, "LogFileValidationEnabled": true,
	}
}

// trails tells a list of trails and everything about each.
func trails(list ...told) told {
	out := told{"cloudtrail describe-trails": told{"trailList": list}}
	for _, t := range list {
		arn := fmt.Sprint(t["TrailARN"])
		out["cloudtrail get-trail-status --name "+arn] = told{"IsLogging": true}
		out["cloudtrail get-event-selectors --trail-name "+arn] = told{"TrailARN": arn, "EventSelectors": []any{}}
		out["cloudtrail get-insight-selectors --trail-name "+arn] = told{"TrailARN": arn, "InsightSelectors": []any{}}
		out["cloudtrail list-tags --resource-id-list "+arn] = told{"ResourceTagList": []any{told{"ResourceId": arn, "TagsList": []any{}}}}
	}
	return out
}

// wide is the account that the counts are about: seventeen Regions and four trails, two of them multi-Region.
func wide() told {
	return account(number, "aws", coverage.DefaultRegions("aws")).and(trails(
		trail(trailARN("eu-west-1", number, "a"), true), trail(trailARN("eu-west-1", number, "b"), false),
		trail(trailARN("us-east-1", number, "c"), true), trail(trailARN("us-west-2", number, "d"), false),
	))
}

// small has three Regions and two trails: a, multi-Region, and b.
func small() told {
	return account(number, "aws", []string{"eu-west-1", "us-east-1", "us-west-2"}).and(trails(
		trail(trailARN("eu-west-1", number, "a"), true), trail(trailARN("us-east-1", number, "b"), false),
	))
}

// serve serves a fixture, with these faults.
func serve(t *testing.T, doc told, faults ...awsfake.Fault) (*awsfake.Server, string) {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := awsfake.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	server := awsfake.New(parsed)
	for _, f := range faults {
		server.Inject(f)
	}
	url, stop, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return server, url
}

func config(t *testing.T, url string) aws.Config {
	t.Helper()
	return awsfake.Config(url, "us-east-1")
}

func options(s collect.Settings, facts ...*model.FactKind) collect.Options {
	return collect.Options{Facts: facts, Now: func() time.Time { return at }, Settings: s}
}

// read collects one account that is expected to be readable.
func read(t *testing.T, url string, o collect.Options) *model.Account {
	t.Helper()
	s, err := collect.Collect(t.Context(), []collect.Target{{Config: config(t, url)}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s.Accounts[0]
}

// ops counts calls by operation.
func ops(calls []awsfake.Call) map[string]int {
	out := map[string]int{}
	for _, c := range calls {
		out[c.Op]++
	}
	return out
}

// gapsOf are the gaps as call, Region and code, sorted.
func gapsOf(a *model.Account) []string {
	out := []string{}
	for _, g := range a.Gaps {
		out = append(out, fmt.Sprintf("%s %s %s", g.Call, g.Region, g.Code))
	}
	slices.Sort(out)
	return out
}

var (
	judged   = []*model.FactKind{model.TrailStatus, model.TrailSelectors}
	delivery = append(slices.Clone(judged), model.TrailDelivery)
)
