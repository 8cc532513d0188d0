package rule

import (
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

const exampleAccount = "111122223333"

// Healthy is a trail of the example account that passes every rule.
func Healthy(name, region string) *model.Trail {
	t := &model.Trail{
		ARN: "arn:aws:cloudtrail:" + region + ":" + exampleAccount + ":trail/" + name, Name: name,
		Home: Given(region), Bucket: Given("example-trail-logs"), Prefix: Given(""), Topic: Given(""), LogGroup: Given(""), LogRole: Given(""),
		Key:         Given("arn:aws:kms:" + region + ":" + exampleAccount + ":key/1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d"),
		MultiRegion: Given(true), Global: Given(true), Organization: Given(false), Validation: Given(true), Logging: Given(true),
		StartedAt: Given(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)), StoppedAt: Given(time.Time{}),
		Insights: Given([]model.InsightSelector{}), Tags: Given([]model.Tag{}),
	}
	Choose(t, `"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]`)
	return t
}

// Given is a fact of an example: nobody read it.
func Given[T any](v T) model.Value[T] { return model.Known(v, model.Origin{}) }

// Choose gives a trail of an example selectors, as members of GetEventSelectors' answer. What cannot be parsed
// leaves them unknown, and the test that holds pages against their rules says so.
func Choose(t *model.Trail, list string) {
	if s, err := coverage.Parse([]byte(`{"TrailARN":"` + t.ARN + `",` + list + `}`)); err == nil {
		t.Selectors = Given(s)
	}
}

// ExampleAccount is an account that fails the rule as its page shows. A rule without an example gets one without
// trails.
func (r *Rule) ExampleAccount() *model.Account {
	a := &model.Account{
		ID: exampleAccount, Caller: "arn:aws:iam::" + exampleAccount + ":role/audit", Partition: "aws",
		Regions: model.List[string]{Items: coverage.DefaultRegions("aws")},
	}
	if r.Example != nil {
		a.Trails.Items = r.Example()
	}
	return a
}
