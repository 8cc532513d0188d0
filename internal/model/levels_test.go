package model_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/model"
)

func TestSeveritiesReadBack(t *testing.T) {
	last := model.Severity(0)
	for _, name := range []string{"low", "medium", "high", "very-high", "extreme"} {
		s, err := model.ParseSeverity(strings.ToUpper(name))
		if err != nil || s.String() != name || s.Label() == "" || s <= last {
			t.Errorf("%s: got %v %q, %v", name, s, s.Label(), err)
		}
		last = s
		raw, err := json.Marshal(s)
		var again model.Severity
		if err != nil || json.Unmarshal(raw, &again) != nil || again != s {
			t.Errorf("%s: wrote %s, read %v, %v", name, raw, again, err)
		}
	}
	for _, name := range []string{"", "none", "very high", "critical", " low"} {
		if s, err := model.ParseSeverity(name); err == nil || s != 0 || !strings.Contains(err.Error(), "very-high") {
			t.Errorf("%q: got %v, %v", name, s, err)
		}
	}
	if s := last + 1; s.String() != "" || s.Label() != "" {
		t.Errorf("a level that there is not is called %q", s)
	}
}

func TestStatusesReadBack(t *testing.T) {
	for _, s := range model.Statuses {
		if got, err := model.ParseStatus(string(s)); err != nil || got != s {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for _, name := range []string{"", "PASS", "not applicable", "manual"} {
		if got, err := model.ParseStatus(name); err == nil || got != "" {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
	for tri, want := range map[model.Tri]model.Status{model.Yes: model.StatusPass, model.No: model.StatusFail, model.Unknown: model.StatusUnknown} {
		if got := model.StatusOf(tri); got != want {
			t.Errorf("%v is %s", tri, got)
		}
	}
}

func TestStreamFailing(t *testing.T) {
	early, late := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		stream model.Stream
		want   bool
	}{
		"nothing was ever delivered":         {model.Stream{}, false},
		"delivered":                          {model.Stream{Delivered: late}, false},
		"the word None":                      {model.Stream{Error: "None", Delivered: early}, false},
		"the word none":                      {model.Stream{Error: "none"}, false},
		"an error of unknown age":            {model.Stream{Error: "NoSuchBucket"}, true},
		"an error of unknown age, delivered": {model.Stream{Error: "NoSuchBucket", Delivered: late}, true},
		"an error after the last success":    {model.Stream{Error: "AccessDenied", Delivered: early, Attempted: late}, true},
		"an error at the last success":       {model.Stream{Error: "AccessDenied", Delivered: late, Attempted: late}, true},
		"an error before the last success":   {model.Stream{Error: "AccessDenied", Delivered: late, Attempted: early}, false},
		"an error and no success":            {model.Stream{Error: "AccessDenied", Attempted: early}, true},
	} {
		if got := c.stream.Failing(); got != c.want {
			t.Errorf("%s: failing is %t", name, got)
		}
	}
}

func TestARNParts(t *testing.T) {
	for arn, want := range map[string][3]string{
		"arn:aws:cloudtrail:eu-west-1:111122223333:trail/a":              {"aws", "eu-west-1", "111122223333"},
		"arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/a:b": {"aws-us-gov", "us-gov-west-1", "111122223333"},
		"arn:aws-cn:iam::111122223333:role/x":                            {"aws-cn", "", "111122223333"},
		"arn:aws:s3":                                                     {},
		"trail/a":                                                        {},
		"":                                                               {},
		"a:b:c:d:e:f":                                                    {},
	} {
		if got := [3]string{model.ARNPartition(arn), model.ARNRegion(arn), model.ARNAccount(arn)}; got != want {
			t.Errorf("%q: got %q", arn, got)
		}
	}
}

func TestFindingIDsTellThingsApart(t *testing.T) {
	seen := map[string]bool{}
	ref := func(kind, id string) model.Ref { return model.Ref{Kind: kind, ID: id} }
	ids := []string{
		model.FindingID("1", "CT-001", ref("t", "a")), model.FindingID("1", "CT-001", ref("t", "b")), model.FindingID("1", "CT-001", ref("ta", "")),
		model.FindingID("2", "CT-001", ref("t", "a")), model.FindingID("1", "CT-010", ref("t", "a")), model.FindingID("1C", "T-001", ref("t", "a")),
	}
	for _, id := range ids {
		if seen[id] || len(id) != 16 {
			t.Errorf("id %s", id)
		}
		seen[id] = true
	}
	if again := model.FindingID("1", "CT-001", ref("t", "a")); again != ids[0] {
		t.Errorf("the same finding has the ids %s and %s", ids[0], again)
	}
}

func TestPlanOfFacts(t *testing.T) {
	for _, c := range []struct {
		facts []*model.FactKind
		want  string
	}{
		{nil, "account:ListRegions cloudtrail:DescribeTrails ec2:DescribeRegions"},
		{[]*model.FactKind{model.TrailDelivery, model.TrailStatus}, "account:ListRegions cloudtrail:DescribeTrails cloudtrail:GetTrailStatus ec2:DescribeRegions"},
	} {
		if got := strings.Join(model.Permissions(c.facts), " "); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	for _, f := range model.FactKinds {
		for _, call := range f.Calls {
			if got := model.PermissionFor(call.Op); got != call.Permission {
				t.Errorf("%s needs %q, the table says %q", call.Op, got, call.Permission)
			}
		}
	}
	closed := model.Closure([]*model.FactKind{model.TrailSelectors, model.TrailStatus, model.TrailStatus})
	if len(closed) != 5 || closed[0] != model.Identity || closed[3] != model.TrailStatus || closed[4] != model.TrailSelectors {
		t.Errorf("the closure is %v", closed)
	}
}
