package awsfake_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cairn.example/internal/awsfake"
)

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"no object":        {`[]`, "one JSON object"},
		"empty":            {``, "one JSON object"},
		"cut":              {`{"cloudtrail describe-trails": {`, "cloudtrail describe-trails: "},
		"cut after a key":  {`{"cloudtrail describe-trails": {}`, "after the last key"},
		"two objects":      {`{} {}`, "something follows"},
		"unknown call":     {`{"cloudtrail describe-trial": {}}`, "cloudtrail describe-trial: "},
		"told twice":       {`{"cloudtrail list-trails": {}, "aws cloudtrail list-trails --output json": {}}`, "told twice"},
		"not an object":    {`{"cloudtrail list-trails": []}`, "cloudtrail list-trails: want the JSON object"},
		"null":             {`{"cloudtrail list-trails": null}`, "want the JSON object"},
		"some text":        {`{"cloudtrail list-trails": "Unable to locate credentials"}`, "not an error that AWS answered"},
		"another's error":  {`{"cloudtrail list-trails": "An error occurred (X) when calling the GetTrail operation: no"}`, "that of GetTrail"},
		"error and answer": {`{"cloudtrail list-trails": {"error": "X", "Trails": []}}`, "not \"Trails\""},
		"error without":    {`{"cloudtrail list-trails": {"error": ""}}`, "no code"},
		"no time":          {`{"cloudtrail get-trail-status --name t": {"StartLoggingTime": "yesterday"}}`, `StartLoggingTime: "yesterday"`},
		"time of a kind":   {`{"cloudtrail get-trail-status --name t": {"StartLoggingTime": true}}`, "StartLoggingTime: true"},
		"no list":          {`{"cloudtrail describe-trails": {"trailList": {}}}`, "trailList is not a list"},
		"list of texts":    {`{"ec2 describe-regions": {"Regions": ["us-east-1"]}}`, "not an object"},
		"short account":    {`{"sts get-caller-identity": {"Account": "123"}}`, "twelve digits"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := awsfake.Parse([]byte(c.doc))
			if err == nil || f != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v; want an error with %q", f, err, c.want)
			}
		})
	}
}

func TestParseTellsEveryMistake(t *testing.T) {
	_, err := awsfake.Parse([]byte(`{"cloudtrail list-trial": {}, "cloudtrail list-trails": 1}`))
	for _, want := range []string{"cloudtrail list-trial: ", "cloudtrail list-trails: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q in it", err, want)
		}
	}
}

// A fixture and an error exclude each other, and only JSON gives a fixture.
func FuzzParse(f *testing.F) {
	for _, doc := range []string{
		`{"sts get-caller-identity": {"Account": "111122223333"}, "cloudtrail describe-trails": {"trailList": [{"Name": "t"}]}}`,
		`{"cloudtrail get-trail-status --name t": {"StartLoggingTime": "2023-11-14T22:13:20+00:00", "StopLoggingTime": 1.5}}`,
		`{"ec2 describe-regions": "An error occurred (UnauthorizedOperation) when calling the DescribeRegions operation: no"}`,
		`{"account list-regions": {"error": "AccessDeniedException", "message": "no"}}`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := awsfake.Parse(doc)
		if (got == nil) == (err == nil) {
			t.Errorf("fixture %v with error %v", got, err)
		}
		if err == nil && !json.Valid(doc) {
			t.Errorf("a fixture from %q", doc)
		}
	})
}
