package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/coverage"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
)

// ofTrail changes an account's trail.
func ofTrail(how func(*model.Trail)) func(*model.Account) {
	return func(a *model.Account) { how(a.Trail(mainARN)) }
}

// atHome is where a value was read.
func atHome(call string) model.Origin { return model.Origin{Call: call, Region: "eu-west-1"} }

// What may be otherwise when the trail is read again.
var (
	off         = ofTrail(func(t *model.Trail) { t.Logging = model.Known(false, atHome("GetTrailStatus")) })
	unvalidated = ofTrail(func(t *model.Trail) { t.Validation = model.Known(false, atHome("DescribeTrails")) })
	stopped     = ofTrail(func(t *model.Trail) {
		t.StoppedAt = model.Known(time.Date(2026, time.November, 25, 10, 17, 0, 0, time.UTC), atHome("GetTrailStatus"))
	})
	key = ofTrail(func(t *model.Trail) {
		t.Key = model.Known("arn:aws:kms:eu-west-1:111122223333:key/k", atHome("DescribeTrails"))
	})
)

func uninsightful(t *model.Trail) {
	t.Insights = model.Known([]model.InsightSelector{}, atHome("GetInsightSelectors"))
}

func gone(a *model.Account) { a.Trails.Items = nil }

func chooses(choice string) func(*model.Account) {
	return ofTrail(func(tr *model.Trail) {
		s, err := coverage.Parse([]byte(`{"TrailARN":"` + mainARN + `",` + choice + `}`))
		if err != nil {
			panic(err)
		}
		tr.Selectors = model.Known(s, atHome("GetEventSelectors"))
	})
}

func updates(members string) string { return fmt.Sprintf(`{"name":%q,%s}`, mainARN, members) }

func refusedCall(r string) string {
	return strings.Replace(r, `"readOnly":false`, `"readOnly":false,"errorCode":"AccessDenied"`, 1)
}

func readingCall(r string) string {
	return strings.Replace(r, `"readOnly":false`, `"readOnly":true`, 1)
}

func clock(at string) string { return "2026-11-25T" + at + "Z" }

// unannounced are pairs of readings with what events told between.
var unannounced = map[string]struct {
	before func(*model.Account) // how it was read at 10:00
	events []string
	after  func(*model.Account) // and what differs at 11:00
	keep   int
	took   time.Duration // to read the accounts, until 10:00
	want   string
}{
	"nothing":        {},
	"off":            {after: off, want: "IsLogging true false"},
	"on":             {before: off, after: ofTrail(func(t *model.Trail) { t.Logging = model.Known(true, atHome("GetTrailStatus")) }), want: "IsLogging false true"},
	"times":          {after: stopped, want: `StopLoggingTime "0001-01-01T00:00:00Z" "2026-11-25T10:17:00Z"`},
	"validation":     {after: unvalidated, want: "LogFileValidationEnabled true false"},
	"key":            {after: key, want: `KmsKeyId "" "arn:aws:kms:eu-west-1:111122223333:key/k"`},
	"gone":           {after: gone, want: "TrailARN true false"},
	"new":            {before: gone, after: nil, want: "TrailARN false true"},
	"tags":           {before: ofTrail(func(t *model.Trail) { t.Tags = model.Known([]model.Tag{}, atHome("ListTags")) }), after: ofTrail(func(t *model.Trail) { t.Tags = model.Known([]model.Tag{{Key: "a", Value: "b"}}, atHome("ListTags")) })},
	"two at a time":  {after: func(a *model.Account) { off(a); unvalidated(a) }, want: "LogFileValidationEnabled true false; IsLogging true false"},
	"another bucket": {after: ofTrail(func(t *model.Trail) { t.Bucket = model.Known("mine", atHome("DescribeTrails")) }), want: `S3BucketName "logs" "mine"`},

	"announced":                                      {events: []string{record("e", clock("10:30:00"), "StopLogging", name)}, after: off},
	"announced shortly before":                       {events: []string{record("e", clock("09:58:00"), "StopLogging", name)}, after: off},
	"announced shortly after":                        {events: []string{record("e", clock("11:02:00"), "StopLogging", name)}, after: off},
	"announced long before":                          {events: []string{record("e", clock("09:30:00"), "StopLogging", name)}, after: off, want: "IsLogging true false"},
	"announced while the accounts were read":         {took: 20 * time.Minute, events: []string{record("e", clock("09:45:00"), "StopLogging", name)}, after: off},
	"announced afterwards":                           {events: []string{record("e", clock("11:30:00"), "StopLogging", name)}, after: off, want: "IsLogging true false"},
	"shortly before, and not read yet":               {events: []string{record("e", clock("10:58:00"), "StopLogging", name)}},
	"the opposite was announced":                     {events: []string{record("e", clock("10:30:00"), "StartLogging", name)}, after: off, want: "IsLogging true false"},
	"refused":                                        {events: []string{refusedCall(record("e", clock("10:30:00"), "StopLogging", name))}, after: off, want: "IsLogging true false"},
	"a record that reads":                            {events: []string{readingCall(record("e", clock("10:30:00"), "StopLogging", name))}, after: off, want: "IsLogging true false"},
	"of another trail":                               {events: []string{record("e", clock("10:30:00"), "StopLogging", `{"name":"other"}`)}, after: off, want: "IsLogging true false"},
	"of another attribute":                           {events: []string{record("e", clock("10:30:00"), "UpdateTrail", updates(`"enableLogFileValidation":true`))}, after: off, want: "IsLogging true false"},
	"by CloudFormation":                              {events: []string{strings.Replace(record("e", clock("10:30:00"), "UpdateTrail", updates(`"enableLogFileValidation":false`)), `"accessKeyId"`, `"invokedBy":"cloudformation.amazonaws.com","accessKeyId"`, 1)}, after: unvalidated},
	"deleted":                                        {events: []string{record("e", clock("10:30:00"), "DeleteTrail", name)}, after: gone},
	"deleted and there":                              {events: []string{record("e", clock("10:30:00"), "DeleteTrail", name)}, want: "TrailARN false true"},
	"stopped and started":                            {events: []string{record("e", clock("10:20:00"), "StopLogging", name), record("f", clock("10:30:00"), "StartLogging", name)}},
	"stopped and started in one second":              {events: []string{record("e", clock("10:30:00"), "StopLogging", name), record("f", clock("10:30:00"), "StartLogging", name)}},
	"started and stopped in one second":              {events: []string{record("e", clock("10:30:00"), "StopLogging", name), record("f", clock("10:30:00"), "StartLogging", name)}, after: off},
	"times, and something was announced long before": {events: []string{record("e", clock("09:30:00"), "StopLogging", name)}, after: stopped, want: `StopLoggingTime "0001-01-01T00:00:00Z" "2026-11-25T10:17:00Z"`},
	"a repeated stop may move the time":              {before: off, events: []string{record("e", clock("10:17:30"), "StopLogging", name)}, after: stopped},
	"a call that nobody knows":                       {events: []string{record("e", clock("10:30:00"), "RearrangeTrail", name)}, after: func(a *model.Account) { off(a); unvalidated(a); stopped(a) }},
	"a call about who knows what":                    {events: []string{record("e", clock("10:30:00"), "RearrangeTrail", `{}`)}, after: func(a *model.Account) { off(a); unvalidated(a); stopped(a) }},
	"a call that may have created it":                {before: gone, events: []string{record("e", clock("10:30:00"), "RearrangeTrail", `{}`)}},
	"parameters that were omitted":                   {events: []string{record("e", clock("10:30:00"), "UpdateTrail", `{"name":"main","omitted":true}`)}, after: unvalidated},
	"an alias, and the ARN is read":                  {events: []string{record("e", clock("10:30:00"), "UpdateTrail", updates(`"kmsKeyId":"alias/audit"`))}, after: key},
	"an ARN, and another is read":                    {events: []string{record("e", clock("10:30:00"), "UpdateTrail", updates(`"kmsKeyId":"arn:aws:kms:eu-west-1:111122223333:key/other"`))}, after: key, want: `KmsKeyId "arn:aws:kms:eu-west-1:111122223333:key/other" "arn:aws:kms:eu-west-1:111122223333:key/k"`},
	"a log group without its last colon": {events: []string{record("e", clock("10:30:00"), "UpdateTrail", updates(`"cloudWatchLogsLogGroupArn":"arn:aws:logs:eu-west-1:111122223333:log-group:g"`))}, after: ofTrail(func(t *model.Trail) {
		t.LogGroup = model.Known("arn:aws:logs:eu-west-1:111122223333:log-group:g:*", atHome("DescribeTrails"))
	})},
	"Insights": {before: ofTrail(uninsightful), after: ofTrail(func(t *model.Trail) {
		t.Insights = model.Known([]model.InsightSelector{{InsightType: "ApiCallRateInsight"}}, atHome("GetInsightSelectors"))
	}), want: `InsightSelectors [] [{"InsightType":"ApiCallRateInsight"}]`},
	"Insights that were put": {before: ofTrail(uninsightful), events: []string{record("e", clock("10:30:00"), "PutInsightSelectors", `{"trailName":"main","insightSelectors":[{"insightType":"ApiCallRateInsight"}]}`)}, after: ofTrail(func(t *model.Trail) {
		t.Insights = model.Known([]model.InsightSelector{{InsightType: "ApiCallRateInsight", EventCategories: []string{"Management"}}}, atHome("GetInsightSelectors"))
	})},

	"selectors in other words":     {after: chooses(`"AdvancedEventSelectors":[{"Name":"Management events selector","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]`)},
	"selectors without KMS":        {after: chooses(`"EventSelectors":[{"ExcludeManagementEventSources":["kms.amazonaws.com"]}]`), want: "EventSelectors …"},
	"selectors with data events":   {after: chooses(`"EventSelectors":[{"DataResources":[{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}]}]`), want: "EventSelectors …"},
	"selectors that are not clear": {after: chooses(`"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"color","Equals":["blue"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]`)},
	"selectors that were put otherwise than they are written": {
		events: []string{record("e", clock("10:30:00"), "PutEventSelectors", `{"trailName":"main","eventSelectors":[{"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3"]}]}]}`)},
		after:  chooses(`"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::"]}]}]`),
	},
	"selectors that were put, and leave out more": {
		events: []string{record("e", clock("10:30:00"), "PutEventSelectors", `{"trailName":"main","eventSelectors":[{"readWriteType":"All"}]}`)},
		after:  chooses(`"EventSelectors":[{"ReadWriteType":"WriteOnly"}]`), want: "EventSelectors …",
	},

	"it was not known before": {before: ofTrail(func(t *model.Trail) { t.Logging = model.Unread[bool](atHome("GetTrailStatus")) }), after: off},
	"it is not known":         {after: ofTrail(func(t *model.Trail) { t.Logging = model.Unread[bool](atHome("GetTrailStatus")) })},
	"a copy was read": {after: ofTrail(func(t *model.Trail) {
		t.Validation = model.Known(false, model.Origin{Call: "DescribeTrails", Region: "us-east-1"})
	})},
	"a copy was read before": {before: ofTrail(func(t *model.Trail) {
		t.Validation = model.Known(false, model.Origin{Call: "DescribeTrails", Region: "us-east-1"})
	}), after: ofTrail(func(t *model.Trail) { t.Validation = model.Known(true, atHome("DescribeTrails")) })},
	"another account's reading": {after: ofTrail(func(t *model.Trail) {
		t.Validation = model.Known(false, model.Origin{Call: "DescribeTrails", Region: "eu-west-1", Account: "9"})
	})},
	"gone, or not listed": {after: func(a *model.Account) {
		gone(a)
		a.Trails.Gaps = []model.Gap{{Call: "DescribeTrails", Region: "eu-west-1", Code: "AccessDenied"}}
	}},
	"new, or not listed before": {before: func(a *model.Account) {
		gone(a)
		a.Trails.Gaps = []model.Gap{{Call: "DescribeTrails", Region: "eu-west-1", Code: "AccessDenied"}}
	}},
	"gone, or Regions not known": {after: func(a *model.Account) { gone(a); a.Regions.Gaps = []model.Gap{{Call: "ListRegions"}} }},
	"its Region was disabled":    {after: func(a *model.Account) { gone(a); a.Regions.Items = []string{"us-east-1"} }},
	"its Region was enabled":     {before: func(a *model.Account) { gone(a); a.Regions.Items = []string{"us-east-1"} }},
	"an account that nobody read": {after: func(a *model.Account) {
		gone(a)
		a.Caller, a.Gaps = "", []model.Gap{{Call: "AssumeRole"}}
	}},
	"events were forgotten": {keep: 2, events: []string{
		record("e", clock("10:20:00"), "StopLogging", name), record("f", clock("10:30:00"), "AddTags", `{"resourceId":"`+mainARN+`","tagsList":[]}`),
		record("g", clock("10:40:00"), "AddTags", `{"resourceId":"`+mainARN+`","tagsList":[]}`), record("h", clock("10:50:00"), "AddTags", `{"resourceId":"`+mainARN+`","tagsList":[]}`),
	}, after: off},
}

// Of a trail that is read at 10:00 and at 11:00, what is told that no event between announced. What may have been
// announced is not.
func TestUnannounced(t *testing.T) {
	for what, c := range unannounced {
		t.Run(what, func(t *testing.T) {
			whole := snapshot(t)
			before, after := *whole, *whole
			before.Accounts, after.Accounts = []*model.Account{whole.Accounts[0].Clone()}, []*model.Account{whole.Accounts[0].Clone()}
			if c.before != nil {
				c.before(before.Accounts[0])
				if c.after != nil {
					c.before(after.Accounts[0])
				}
			}
			if c.after != nil {
				c.after(after.Accounts[0])
			}
			before.CollectedAt, after.CollectedAt = time.Date(2026, time.November, 25, 10, 0, 0, 0, time.UTC), time.Date(2026, time.November, 25, 11, 0, 0, 0, time.UTC)
			if c.took > 0 {
				before.Began = before.CollectedAt.Add(-c.took)
			}
			o := options(t)
			o.Snapshot, o.Keep = &before, c.keep
			d := detector(t, o)
			if len(c.events) > 0 {
				read(t, d, c.events...)
			}
			d.Tell()
			var got []string
			for _, w := range detect.Windows(&before, &after) {
				edits, _ := d.Unannounced(w)
				for _, e := range edits {
					if e.Attribute == "EventSelectors" {
						got = append(got, e.Attribute+" …")
						continue
					}
					got = append(got, fmt.Sprintf("%s %s %s", e.Attribute, e.Before, e.After))
				}
			}
			told := strings.NewReplacer("%!s(bool=true)", "true", "%!s(bool=false)", "false").Replace(strings.Join(got, "; "))
			if told != c.want {
				t.Errorf("told %q, want %q", told, c.want)
			}
		})
	}
}

// A change that another version of cairn kept may be of an attribute that this one does not know: of that nothing is said.
func TestAnAttributeOfAnotherVersion(t *testing.T) {
	before := snapshot(t)
	after := *before
	after.CollectedAt = before.CollectedAt.Add(time.Hour)
	o := options(t)
	o.Snapshot = before
	d := detector(t, o)
	for _, w := range detect.Windows(before, &after) {
		if got := d.Stands(w, "IsFutureTrail", w.Is, after.CollectedAt.Add(time.Hour)); got != model.Unknown {
			t.Errorf("it stands: %v", got)
		}
		if by := d.Announces(w, []string{"IsFutureTrail"}); by != nil {
			t.Errorf("%s announces it", by.EventID)
		}
	}
}
