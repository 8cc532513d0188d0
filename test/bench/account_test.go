package bench_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/coverage"
)

const account = "111122223333"

// trail is one trail of a fixture.
type trail struct {
	name, home string
	multi      bool
	selectors  string // members of what GetEventSelectors answers
}

// Selectors as accounts have them.
const (
	everything = `"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]`
	withoutKMS = `"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]`
	readOnly   = `"EventSelectors":[{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::a/","arn:aws:s3:::b/"]}],"ExcludeManagementEventSources":[]}]`
	dataOnly   = `"AdvancedEventSelectors":[{"Name":"objects","FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},{"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::logs/"]}]}]`
	advanced   = `"AdvancedEventSelectors":[{"Name":"writes","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["false"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com","rdsdata.amazonaws.com"]}]}]`
)

// fourTrails are the account that the measures of an audit are given for.
var fourTrails = []trail{
	{"main", "us-east-1", true, everything},
	{"archive", "eu-west-1", true, withoutKMS},
	{"local", "eu-west-1", false, readOnly},
	{"objects", "us-west-2", false, dataOnly},
}

// manyTrails is an account as full as AWS allows: five trails homed in each Region.
func manyTrails() []trail {
	kinds := []string{everything, withoutKMS, readOnly, dataOnly, advanced}
	var out []trail
	for i, region := range coverage.DefaultRegions("aws") {
		for k, selectors := range kinds {
			out = append(out, trail{fmt.Sprintf("trail-%d-%d", i, k), region, false, selectors})
		}
	}
	out[0].multi = true
	return out
}

func (t trail) arn() string {
	return "arn:aws:cloudtrail:" + t.home + ":" + account + ":trail/" + t.name
}

func (t trail) listed() map[string]any {
	return map[string]any{
		"Name": t.name, "TrailARN": t.arn(), "HomeRegion": t.home, "S3BucketName": t.name + "-logs", "IsMultiRegionTrail": t.multi,
		"IncludeGlobalServiceEvents": t.multi, "LogFileValidationEnabled": true, "IsOrganizationTrail": false,
		"HasCustomEventSelectors": true, "HasInsightSelectors": false,
	}
}

// fixture is the account in its 17 Regions, as awsfake reads it.
func fixture(now time.Time, trails []trail) ([]byte, error) {
	said := map[string]any{
		"sts get-caller-identity": map[string]any{"UserId": "AIDAEXAMPLE", "Account": account, "Arn": "arn:aws:iam::" + account + ":user/audit"},
	}
	var regions []any
	for _, region := range coverage.DefaultRegions("aws") {
		regions = append(regions, map[string]any{"RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT"})
		list := []any{}
		for _, t := range trails {
			if t.multi || t.home == region {
				list = append(list, t.listed())
			}
		}
		said["cloudtrail describe-trails --region "+region] = map[string]any{"trailList": list}
	}
	said["account list-regions"] = map[string]any{"Regions": regions}
	recently := now.Add(-10 * time.Minute).UTC().Format(time.RFC3339)
	for _, t := range trails {
		said["cloudtrail get-trail-status --name "+t.arn()] = map[string]any{
			"IsLogging": true, "StartLoggingTime": "2024-01-01T00:00:00+00:00", "LatestDeliveryTime": recently, "LatestDigestDeliveryTime": recently,
		}
		said["cloudtrail get-event-selectors --trail-name "+t.arn()] = json.RawMessage(`{"TrailARN":"` + t.arn() + `",` + t.selectors + `}`)
	}
	return json.Marshal(said)
}

// TestFixture: the account of the measures is what they say.
func TestFixture(t *testing.T) {
	doc, err := fixture(time.Now(), fourTrails)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := awsfake.Parse(doc); err != nil {
		t.Error(err)
	}
	if n := strings.Count(string(doc), "RegionOptStatus"); n != 17 {
		t.Errorf("%d Regions", n)
	}
	if n := len(manyTrails()); n != 85 || slices.ContainsFunc(fourTrails, func(t trail) bool { return t.selectors == "" }) {
		t.Errorf("%d trails", n)
	}
}
