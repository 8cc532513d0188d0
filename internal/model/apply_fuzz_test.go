package model_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
)

// touched are the attributes that an operation may change, by the API reference.
var touched = map[string][]string{
	"UpdateTrail": {
		"S3BucketName", "S3KeyPrefix", "SnsTopicARN", "IncludeGlobalServiceEvents", "IsMultiRegionTrail", "LogFileValidationEnabled",
		"CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "KmsKeyId", "IsOrganizationTrail",
	},
	"PutEventSelectors":   {"EventSelectors"},
	"PutInsightSelectors": {"InsightSelectors"},
	"AddTags":             {"TagsList"},
	"RemoveTags":          {"TagsList"},
	"StartLogging":        {"IsLogging", "StartLoggingTime", "StopLoggingTime"},
	"StopLogging":         {"IsLogging", "StartLoggingTime", "StopLoggingTime"},
	"DescribeTrails":      {},
}

// FuzzApply: whatever a call holds, it changes only what its operation can change, trails come and go only by the
// operations that do so, and the state that it leaves can be written and read again.
func FuzzApply(f *testing.F) {
	for _, path := range golden.Glob(f, "testdata/apply/*.txtar") {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			dec := json.NewDecoder(strings.NewReader(string(file.Data)))
			for file.Name != "want" && dec.More() {
				var r record
				if err := dec.Decode(&r); err != nil {
					f.Fatal(err)
				}
				f.Add(r.EventName, []byte(r.RequestParameters), []byte(r.ResponseElements), strings.HasPrefix(file.Name, "rewind"))
			}
		}
	}
	account := start(f)
	f.Fuzz(func(t *testing.T, op string, request, response []byte, back bool) {
		if !utf8.ValidString(op) {
			t.Skip("a record's text is valid")
		}
		was := account.Clone()
		now := was.Clone()
		c := model.ControlCall{
			Service: "cloudtrail", Op: op, Account: was.ID, Region: "eu-west-1", At: time.Unix(1767225600, 0), Request: request, Response: response,
		}
		if back {
			now.Rewind(c)
		} else {
			now.Apply(c)
		}
		changes, limited := touched[op]
		for _, before := range was.Trails.Items {
			after := now.Trail(before.ARN)
			if after == nil {
				gone := op == "DeleteTrail" || op == "CreateTrail" || op == "UpdateTrail" && before.Owner() != was.ID
				if !gone {
					t.Errorf("%s removes a trail", op)
				}
				continue
			}
			for _, attr := range model.Attributes {
				if !attr.Same(before, after) && (attr.Name() == model.HomeRegion.Name() || limited && !slices.Contains(changes, attr.Name())) {
					t.Errorf("%s changes %s", op, attr.Name())
				}
			}
		}
		written := marshal(now)
		var read model.Account
		if err := json.Unmarshal(written, &read); err != nil {
			t.Fatalf("the state cannot be read again: %v", err)
		}
		if again := marshal(&read); string(again) != string(written) {
			t.Errorf("the state does not survive a file:\n%s\n%s", written, again)
		}
	})
}
