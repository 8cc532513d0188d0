package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
)

// record is as much of a CloudTrail record as a call needs.
type record struct {
	EventID            string          `json:"eventID"`
	EventTime          time.Time       `json:"eventTime"`
	EventSource        string          `json:"eventSource"`
	EventName          string          `json:"eventName"`
	AwsRegion          string          `json:"awsRegion"`
	RecipientAccountID string          `json:"recipientAccountId"`
	ErrorCode          string          `json:"errorCode"`
	ReadOnly           bool            `json:"readOnly"`
	EventCategory      string          `json:"eventCategory"`
	RequestParameters  json.RawMessage `json:"requestParameters"`
	ResponseElements   json.RawMessage `json:"responseElements"`
}

func (r record) call() model.ControlCall {
	return model.ControlCall{
		Service: r.EventSource, Op: r.EventName, Account: r.RecipientAccountID, Region: r.AwsRegion, ID: r.EventID, At: r.EventTime,
		Request: r.RequestParameters, Response: r.ResponseElements, ReadOnly: r.ReadOnly, Category: r.EventCategory,
	}
}

// start is the account that the cases begin with.
func start(tb testing.TB) *model.Account {
	tb.Helper()
	raw, err := os.ReadFile("testdata/apply/account.json")
	if err != nil {
		tb.Fatal(err)
	}
	var a model.Account
	if err := json.Unmarshal(raw, &a); err != nil {
		tb.Fatal(err)
	}
	return &a
}

// TestApply plays the records of the case files, forwards or backwards, and tells what they changed.
func TestApply(t *testing.T) {
	for c := range golden.Cases(t, "testdata/apply/*.txtar") {
		t.Run(c.Name, func(t *testing.T) {
			for i := 0; i < len(c.Files); i += 2 {
				play(t, c.Archive, i)
			}
			c.Keep(t)
		})
	}
}

// play plays one pair of files: apply or rewind with records in the order in which they are to be played, and want.
func play(t *testing.T, ar *txtar.Archive, i int) {
	t.Helper()
	title, what := ar.Files[i].Name, strings.Fields(ar.Files[i].Name)[0]
	if i+1 >= len(ar.Files) || ar.Files[i+1].Name != "want" {
		t.Fatalf("%s: want does not follow", title)
	}
	was := start(t)
	now := was.Clone()
	var gaps []model.Gap
	dec := json.NewDecoder(bytes.NewReader(ar.Files[i].Data))
	for dec.More() {
		r := record{EventSource: "cloudtrail.amazonaws.com", AwsRegion: "eu-west-1", RecipientAccountID: was.ID, EventTime: time.Unix(1767225600, 0)}
		if err := dec.Decode(&r); err != nil {
			t.Fatalf("%s: %v", title, err)
		}
		switch what {
		case "apply":
			gaps = append(gaps, now.Apply(r.call())...)
		case "rewind":
			gaps = append(gaps, now.Rewind(r.call())...)
		default:
			t.Fatalf("%s: neither apply nor rewind", title)
		}
	}
	got := difference(was, now)
	for _, g := range gaps {
		got += fmt.Sprintf("gap %s: %s\n", g.Code, g)
	}
	ar.Files[i+1].Data = []byte(got)
}

// difference tells what one account has and another has not.
func difference(was, now *model.Account) string {
	var b strings.Builder
	for _, t := range was.Trails.Items {
		if now.Trail(t.ARN) == nil {
			fmt.Fprintf(&b, "%s is gone\n", t.Name)
		}
	}
	for _, t := range now.Trails.Items {
		before := was.Trail(t.ARN)
		if before == nil {
			fmt.Fprintf(&b, "%s is new\n", t.Name)
			before = &model.Trail{}
		}
		var reasons []string
		lost := map[string]string{} // by reason
		lose := func(name string, from model.Origin) {
			why := from.Reason()
			if lost[why] == "" {
				reasons = append(reasons, why)
			}
			lost[why] += " " + name
		}
		for _, attr := range model.Attributes {
			if attr.Known(t) && !attr.Same(before, t) {
				fmt.Fprintf(&b, "%s %s: %s\n", t.Name, attr.Name(), attr.JSON(t))
			}
			if !attr.Known(t) && (attr.Known(before) || before.ARN == "") {
				lose(attr.Name(), attr.Evidence(t).Origin)
			}
		}
		for _, region := range now.Regions.Items {
			if before.Delivery[region].Known() && !t.Delivery[region].Known() {
				lose("delivery/"+region, t.Delivery[region].Origin())
			}
		}
		for _, why := range reasons {
			fmt.Fprintf(&b, "%s unknown (%s):%s\n", t.Name, why, lost[why])
		}
	}
	for _, g := range now.Trails.Gaps {
		if !slices.Contains(was.Trails.Gaps, g) {
			fmt.Fprintf(&b, "a trail may be hidden: %s\n", g)
		}
	}
	return b.String()
}

// TestTrailOfCall: a call's trail needs no account to be told.
func TestTrailOfCall(t *testing.T) {
	for _, c := range []struct{ region, request, response, partition, want string }{
		{"eu-west-1", `{"name":"main"}`, ``, "", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},
		{"us-gov-west-1", `{"trailName":"main"}`, ``, "", "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/main"},
		{"moon-1", `{"name":"main"}`, ``, "", ""},
		{"moon-1", `{"name":"main"}`, ``, "aws", "arn:aws:cloudtrail:moon-1:111122223333:trail/main"},
		{"eu-west-1", `{"name":"..."}`, `{"trailARN":"arn:aws:cloudtrail:us-east-1:999988887777:trail/whole"}`, "", "arn:aws:cloudtrail:us-east-1:999988887777:trail/whole"},
		{"eu-west-1", `{"name":"..."}`, ``, "", ""},
		{"eu-west-1", `{"resourceId":"arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/x"}`, ``, "", ""},
	} {
		call := model.ControlCall{Account: "111122223333", Region: c.region, Request: json.RawMessage(c.request), Response: json.RawMessage(c.response)}
		if got := call.Trail(c.partition); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.region, c.request, got, c.want)
		}
	}
}
