package detections_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cairn.example/internal/event"
	"cairn.example/internal/sigma"
)

// named fills every placeholder with what the denied calls below name.
var named = sigma.Values{
	"trail_buckets": {"logs"}, "trail_keys": {"arn:aws:kms:eu-west-1:111122223333:key/0000"},
	"trail_topics": {"arn:aws:sns:eu-west-1:111122223333:logs"}, "trail_log_groups": {"logs"}, "trail_roles": {"deliver"},
	"watched_alarms": {"changes"}, "watched_event_rules": {"siem"}, "watched_queues": {"siem"},
}

// resources is how the message of a denied call names the resource, by detection and service; "" for any service.
var resources = map[string]map[string]string{
	"CT-013":  {"": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},
	"RTM-101": {"": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},
	"RTM-102": {"": "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/0000"},
	"RTM-103": {"": "*", "iam.amazonaws.com": "arn:aws:iam::111122223333:role/aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail"},
	"RTM-104": {"": `"arn:aws:s3:::logs"`},
	"RTM-105": {"": "arn:aws:kms:eu-west-1:111122223333:key/0000"},
	"RTM-106": {"": "arn:aws:sns:eu-west-1:111122223333:logs"},
	"RTM-107": {"": "arn:aws:logs:eu-west-1:111122223333:log-group:logs:log-stream:"},
	"RTM-108": {"": "role deliver"},
	"RTM-109": {"": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:changes"},
	"RTM-110": {"": "arn:aws:events:eu-west-1:111122223333:rule/siem", "sqs.amazonaws.com": "arn:aws:sqs:eu-west-1:111122223333:siem"},
	"RTM-114": {"": "*"},
}

// silent are actions of which a denied call without parameters is not told, and why.
var silent = map[string]string{
	"RTM-102 StartQuery":                  "without parameters it cannot be told from reading",
	"RTM-104 PutAccountPublicAccessBlock": "without parameters it cannot be told from a stricter one",
}

func engine(t *testing.T, ids ...string) *sigma.Engine {
	t.Helper()
	var rules []*sigma.Rule
	for _, d := range load(t) {
		if slices.Contains(ids, d.ID) {
			rules = append(rules, d.Rules...)
		}
	}
	e, errs := sigma.NewEngine(rules, named)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return e
}

func parse(t *testing.T, raw string) *event.Record {
	t.Helper()
	rec, err := event.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// Most services leave the parameters out of the record of a denied call; who or what it was about is in the message
// alone. S3 keeps them for objects (RTM-111); where there are none, none can be omitted (RTM-112).
func TestDeniedCallsAreTold(t *testing.T) {
	for _, d := range load(t) {
		if resources[d.ID] == nil {
			continue
		}
		e := engine(t, d.ID)
		for _, r := range d.Rules {
			keys, _ := r.Keys()
			for _, m := range meanings(t, r) {
				if silent[d.ID+" "+m.name] != "" {
					continue
				}
				i := slices.IndexFunc(keys, func(k sigma.Key) bool { return strings.EqualFold(k.Name, m.name) })
				if i < 0 {
					t.Fatalf("%s: no service of %s", d.ID, m.name)
				}
				resource, ok := resources[d.ID][keys[i].Source]
				if !ok {
					resource = resources[d.ID][""]
				}
				for _, end := range []string{" because no identity-based policy allows it", " with an explicit deny in a service control policy"} {
					raw := fmt.Sprintf(`{"eventSource":%q,"eventName":%q,"readOnly":false,"errorCode":"AccessDenied","requestParameters":null,"errorMessage":%q}`,
						keys[i].Source, m.name, "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: x:y on resource: "+resource+end)
					if len(e.Match(parse(t, raw))) == 0 {
						t.Errorf("%s does not tell a denied %s:\n%s", d.ID, m.name, raw)
					}
				}
			}
		}
	}
}

// RTM-113 is for calls that no other detection knows.
func TestKnownCallsAreNotUnknown(t *testing.T) {
	e := engine(t, "RTM-113")
	call := func(name string) *event.Record {
		return parse(t, fmt.Sprintf(`{"eventSource":"cloudtrail.amazonaws.com","eventName":%q,"readOnly":false}`, name))
	}
	if len(e.Match(call("PauseTrail"))) != 1 {
		t.Error("a new call is not told")
	}
	for _, id := range []string{"CT-013", "RTM-101", "RTM-102", "RTM-103"} {
		keys, _ := engine(t, id).Keys()
		for _, k := range keys {
			if k.Source == "cloudtrail.amazonaws.com" && len(e.Match(call(k.Name))) > 0 {
				t.Errorf("%s of %s counts as unknown", k.Name, id)
			}
		}
	}
}

// policy is as much of a policy document as the page of CT-013 uses.
type policy struct {
	Statement []struct {
		Effect    string                       `json:"Effect"`
		Action    []string                     `json:"Action"`
		Resource  string                       `json:"Resource"`
		Condition map[string]map[string]string `json:"Condition"`
	} `json:"Statement"`
}

// denies tells whether a statement denies the action to the principal.
func (p policy) denies(action, principal, resource string) bool {
	like := func(pattern, s string) bool {
		return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(s)
	}
	for _, s := range p.Statement {
		applies := s.Effect == "Deny" && slices.Contains(s.Action, action) && like(s.Resource, resource)
		for operator, keys := range s.Condition {
			for key, value := range keys {
				applies = applies && operator == "ArnNotLike" && key == "aws:PrincipalArn" && !like(value, principal)
			}
		}
		if applies {
			return true
		}
	}
	return false
}

// The policy on the page of CT-013 keeps everyone but one role from all that CT-013 and RTM-101 tell of a trail, and
// from nothing else.
func TestPolicyOfThePage(t *testing.T) {
	var p policy
	for _, d := range load(t) {
		if d.ID != "CT-013" {
			continue
		}
		for _, s := range page(t, d).Sections {
			for _, b := range s.Blocks {
				if s.Title == "Remediation" && b.Lang == "json" {
					if err := json.Unmarshal([]byte(b.Text), &p); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	const (
		trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
		keeps = "arn:aws:iam::111122223333:role/trail-admin"
	)
	for _, d := range load(t) {
		if d.ID != "CT-013" && d.ID != "RTM-101" {
			continue
		}
		for name := range d.Actions() {
			for _, other := range []string{"arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/x-trail-admin"} {
				if !p.denies("cloudtrail:"+name, other, trail) {
					t.Errorf("%s is not denied to %s", name, other)
				}
			}
			if p.denies("cloudtrail:"+name, keeps, trail) {
				t.Errorf("%s is denied to the role that keeps the trail", name)
			}
		}
	}
	if p.denies("cloudtrail:DescribeTrails", "arn:aws:iam::111122223333:role/Admin", trail) {
		t.Error("reading is denied")
	}
}
