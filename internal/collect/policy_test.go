package collect_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/model"
)

// policy is an IAM policy document as IAM reads it.
type policy struct {
	Version   string `json:"Version"`
	Statement []struct {
		Sid      string   `json:"Sid"`
		Effect   string   `json:"Effect"`
		Resource string   `json:"Resource"`
		Action   []string `json:"Action"`
	} `json:"Statement"`
}

func (p policy) actions(t *testing.T) []string {
	t.Helper()
	if p.Version != "2012-10-17" || len(p.Statement) != 1 || p.Statement[0].Effect != "Allow" || p.Statement[0].Resource != "*" {
		t.Fatalf("the policy is %+v", p)
	}
	return p.Statement[0].Action
}

// allowed reads the actions out of one form of the policy.
func allowed(t *testing.T, format string, facts []*model.FactKind) []string {
	t.Helper()
	text, err := collect.Policy(format, facts)
	if err != nil {
		t.Fatal(err)
	}
	var p policy
	switch format {
	case "terraform":
		text = terraformPolicy(t, text)
	case "cloudformation":
		var stack struct {
			Resources map[string]struct {
				Type       string `json:"Type"`
				Properties struct {
					PolicyDocument json.RawMessage `json:"PolicyDocument"`
				} `json:"Properties"`
			} `json:"Resources"`
		}
		if err := json.Unmarshal([]byte(text), &stack); err != nil {
			t.Fatal(err)
		}
		if r := stack.Resources["CairnReads"]; r.Type == "AWS::IAM::ManagedPolicy" {
			text = string(r.Properties.PolicyDocument)
		}
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%s: %v in\n%s", format, err, text)
	}
	return p.actions(t)
}

func terraformPolicy(t *testing.T, text string) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "policy.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%v in\n%s", diags, text)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok || len(body.Blocks) != 1 || !slices.Equal(body.Blocks[0].Labels, []string{"aws_iam_policy", "cairn_reads"}) {
		t.Fatalf("want one aws_iam_policy in\n%s", text)
	}
	attr := body.Blocks[0].Body.Attributes["policy"]
	if attr == nil {
		t.Fatalf("no policy in\n%s", text)
	}
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return v.AsString()
}

func TestPolicyFormsAllowTheSame(t *testing.T) {
	for _, facts := range [][]*model.FactKind{nil, judged, delivery, model.FactKinds} {
		want := model.Permissions(facts)
		for _, format := range collect.PolicyFormats {
			if diff := cmp.Diff(want, allowed(t, format, facts)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", format, diff)
			}
		}
	}
	if _, err := collect.Policy("yaml", nil); err == nil || !strings.Contains(err.Error(), "cloudformation") {
		t.Errorf("a form that there is not: %v", err)
	}
}

// Nothing outside the policy is called, whatever fails, and nothing in it is never called. GovCloud has two Regions,
// so that many runs are few calls.
func TestPolicyIsWhatIsCalled(t *testing.T) {
	doc := account(number, "aws-us-gov", []string{"us-gov-east-1", "us-gov-west-1"}).
		and(trails(trail("arn:aws-us-gov:cloudtrail:us-gov-west-1:"+number+":trail/a", true))).
		and(told{"ec2 describe-regions": told{"Regions": []any{told{"RegionName": "us-gov-west-1", "OptInStatus": "opt-in-not-required"}}}})
	for _, facts := range [][]*model.FactKind{
		nil, {model.TrailStatus}, {model.TrailDelivery}, {model.TrailSelectors}, {model.TrailTags}, {model.TrailInsights}, judged, model.FactKinds,
	} {
		actions := allowed(t, "json", facts)
		called := map[string]bool{}
		for _, faults := range policyFaults() {
			for _, c := range callsUnder(t, doc, faults, facts) {
				action := c.Service + ":" + c.Op
				called[action] = true
				if c.Op != "GetCallerIdentity" && !slices.Contains(actions, action) { // it needs no permission
					t.Errorf("under %v %s was called, which the policy does not allow", faults, action)
				}
			}
		}
		for _, action := range actions {
			if !called[action] {
				t.Errorf("the policy allows %s, which is never called for these facts", action)
			}
		}
	}
}

// policyFaults are none, and each one on each call.
func policyFaults() [][]awsfake.Fault {
	out := [][]awsfake.Fault{nil}
	for _, op := range []string{
		"GetCallerIdentity", "ListRegions", "DescribeRegions", "DescribeTrails", "GetTrailStatus", "GetEventSelectors", "GetInsightSelectors", "ListTags",
	} {
		for _, fault := range []awsfake.Action{
			awsfake.Deny(), awsfake.Drop(), awsfake.Truncate(), awsfake.EmptyObject(), awsfake.NullLists(), awsfake.Expired(),
			awsfake.Error("TrailNotFoundException", ""),
		} {
			out = append(out, []awsfake.Fault{{Match: awsfake.Call{Op: op}, Action: fault}})
		}
	}
	return out
}

func callsUnder(t *testing.T, doc told, faults []awsfake.Fault, facts []*model.FactKind) []awsfake.Call {
	t.Helper()
	server, _ := serve(t, doc, faults...)
	cfg := config(t, "http://localhost:1")
	cfg.Region = "us-gov-west-1"
	cfg.HTTPClient = &http.Client{Transport: &detour{to: server}}
	settings := quick
	settings.Attempts = 2
	_, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(settings, facts...))
	if err != nil && len(faults) == 0 {
		t.Fatal(err)
	}
	return server.Calls()
}
