//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestPolicyAllowsEveryCallMade: no call of an audit is outside what `cairn policy` prints.
func TestPolicyAllowsEveryCallMade(t *testing.T) {
	reset(t, parseWorld(t, "deny account ListRegions"))
	setup(t, mixed)
	printed := cairn(t, nil, "policy")
	var policy struct {
		Statement []struct {
			Action any `json:"Action"`
		} `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(printed.stdout), &policy); err != nil {
		t.Fatalf("cairn policy printed no JSON: %v\n%s", err, printed.stdout)
	}
	var actions []string
	for _, statement := range policy.Statement {
		switch action := statement.Action.(type) {
		case string:
			actions = append(actions, action)
		case []any:
			for _, one := range action {
				actions = append(actions, fmt.Sprint(one))
			}
		}
	}
	audit(t, nil)
	calls := world.proxy.Calls()
	if len(calls) == 0 {
		t.Fatal("the audit made no call")
	}
	for _, call := range calls {
		name := call.Service + ":" + call.Op
		if name == "sts:GetCallerIdentity" {
			continue // AWS lets every caller ask who it is; no policy can take that away
		}
		if !slices.ContainsFunc(actions, func(action string) bool { ok, err := path.Match(action, name); return ok && err == nil }) {
			t.Errorf("%s is not in the policy: %q", call, actions)
		}
	}
}

// TestFixRunsAsPrinted: the AWS CLI itself runs what `cairn fix` prints, and the finding is gone.
func TestFixRunsAsPrinted(t *testing.T) {
	const good = `
		aws s3 mb s3://logs
		aws cloudtrail create-trail --name main --s3-bucket-name logs --is-multi-region-trail
		aws cloudtrail start-logging --name main
	`
	for _, test := range []struct{ rule, why, state string }{
		{"CT-001", "stopped", good + "aws cloudtrail stop-logging --name main"},
		{"CT-001", "one Region", "aws s3 mb s3://logs --region eu-west-1\naws cloudtrail create-trail --name main --s3-bucket-name logs --region eu-west-1"},
		{"CT-007", "no validation", good},
		{"CT-010", "reads only", good + `aws cloudtrail put-event-selectors --trail-name main --event-selectors '[{"ReadWriteType":"ReadOnly"}]'`},
		{"CT-010", "an exclusion", good + `aws cloudtrail put-event-selectors --trail-name main --advanced-event-selectors ` +
			`'[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}]}]'`},
	} {
		t.Run(test.rule+" "+test.why, func(t *testing.T) {
			reset(t, parseWorld(t, ""))
			setup(t, test.state)
			fix := cairn(t, nil, "fix", test.rule, "--format", "cli")
			if fix.code != 0 || !strings.Contains(fix.stdout, "aws cloudtrail ") {
				t.Fatalf("cairn fix %s: exit %d\n%s%s", test.rule, fix.code, fix.stdout, fix.stderr)
			}
			setup(t, fix.stdout)
			got, _ := audit(t, nil, "--rules", test.rule)
			if len(got.Findings) == 0 {
				t.Error("no finding at all")
			}
			for _, f := range got.Findings {
				if f.Status != "pass" {
					t.Errorf("after the fix: %s: %s\n%s", spell(f), f.Message, fix.stdout)
				}
			}
		})
	}
}

// All accounts of an organization are read, as the organization has them.
func TestAccountsOfTheOrganization(t *testing.T) {
	reset(t, parseWorld(t, ""))
	setup(t, `
		aws organizations create-organization --feature-set ALL
		aws organizations create-account --email a@example.com --account-name a
		aws organizations create-account --email b@example.com --account-name b
	`)
	got, ran := audit(t, nil, "--rules", "CT-102", "--role", "arn:aws:iam::*:role/cairn")
	var accounts []string
	for _, f := range got.Findings {
		accounts = append(accounts, f.Account)
		if f.Status != "fail" {
			t.Errorf("%s of an account without a trail: %s", spell(f), f.Message)
		}
	}
	if len(accounts) != 3 || !slices.Contains(accounts, mainAccount) {
		t.Errorf("judged %v\n%s", accounts, ran.stderr)
	}
	var roles int
	for _, call := range world.proxy.Calls() {
		if call.Op == "AssumeRole" {
			roles++
		}
	}
	if roles != 2 {
		t.Errorf("%d roles were assumed", roles)
	}
}
