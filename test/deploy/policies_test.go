package deploy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/collect"
	"cairn.example/internal/remediate"
	"cairn.example/rules/all"
)

// statement is one of a policy: for a role (what it may do), of a resource (who may do what with it), of a role's trust.
type statement struct {
	where string
	said  map[string]any
}

// statements are all that a stack makes, wherever they stand.
func (s *stack) statements() []statement {
	var out []statement
	var walk func(where string, v any)
	walk = func(where string, v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(where, one)
			}
		case map[string]any:
			if v["Effect"] != nil {
				out = append(out, statement{where, v})
				return
			}
			for name, one := range v {
				walk(where+"."+name, one)
			}
		}
	}
	for _, id := range s.resources() {
		walk(id, s.properties(id))
	}
	return out
}

// unnamed are the statements whose actions know no narrower resource (Service Authorization Reference).
var unnamed = []string{"CairnReads", "ListMembers"}

// excess tells what a statement allows beyond what somebody named; nil: nothing.
func (st statement) excess() []string {
	var out []string
	complain := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if st.said["Effect"] != "Allow" || st.said["NotAction"] != nil || st.said["NotPrincipal"] != nil {
		complain("it is no plain Allow of actions")
	}
	actions := several(st.said["Action"])
	if len(actions) == 0 {
		complain("it names no action")
	}
	for _, action := range actions {
		if strings.ContainsAny(action, "*?") {
			complain("action %s has a wildcard", action)
		}
	}
	principals, services := of(st.said["Principal"])
	if slices.Contains(principals, "*") && st.said["Condition"] == nil {
		complain("anybody may do it, on no condition")
	}
	trust := strings.Contains(st.where, "AssumeRolePolicyDocument")
	for _, service := range services {
		condition := fmt.Sprint(st.said["Condition"])
		if compute := trust && strings.HasPrefix(st.where, "Role.") && st.said["Sid"] == "CairnRuns"; !compute && !strings.Contains(condition, "aws:SourceArn") {
			complain("%s may do it on behalf of any resource: want aws:SourceArn", service)
		}
		if service == "ecs-tasks.amazonaws.com" && !strings.Contains(condition, "aws:SourceAccount") {
			complain("ECS may run it for anybody's tasks: want aws:SourceAccount")
		}
		if service == "s3.amazonaws.com" && !strings.Contains(condition, "aws:SourceAccount") {
			complain("a bucket's ARN names no account: want aws:SourceAccount")
		}
	}
	if st.said["Principal"] == nil && !slices.Contains(unnamed, fmt.Sprint(st.said["Sid"])) {
		for _, resource := range several(st.said["Resource"]) {
			if resource == "*" {
				complain("it holds for every resource")
			}
		}
		if st.said["Resource"] == nil && st.said["NotResource"] == nil {
			complain("it names no resource")
		}
	}
	return out
}

// several are the texts of a member that is one or a list.
func several(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		return texts(v)
	}
	return nil
}

func of(principal any) (principals, services []string) {
	if m, ok := principal.(map[string]any); ok {
		return several(m["AWS"]), several(m["Service"])
	}
	return several(principal), nil
}

func TestStatementsAllowWhatIsNamed(t *testing.T) {
	found := 0
	for _, m := range modules(t) {
		for which, chosen := range m.chosen {
			for _, st := range newStack(t, m.name+".yaml", chosen.template()).statements() {
				found++
				for _, complaint := range st.excess() {
					t.Errorf("%s.yaml, %s, %s, %v: %s", m.name, which, st.where, st.said["Sid"], complaint)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d statements: the test looked in the wrong place", found)
	}
}

// The guard itself is tried.
func TestExcessIsSeen(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{"Sid": "X", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queueARN}
	}
	for _, c := range []struct {
		member string
		value  any
		want   string
	}{
		{"Action", "*", "wildcard"},
		{"Action", []any{"sqs:SendMessage", "sqs:*"}, "wildcard"},
		{"Action", nil, "names no action"},
		{"Principal", "*", "anybody"},
		{"Principal", map[string]any{"AWS": "*"}, "anybody"},
		{"Principal", map[string]any{"Service": "events.amazonaws.com"}, "aws:SourceArn"},
		{"Principal", map[string]any{"Service": []any{"s3.amazonaws.com"}}, "aws:SourceAccount"},
		{"Resource", "*", "every resource"},
		{"Resource", nil, "names no resource"},
		{"Effect", "Deny", "no plain Allow"},
		{"Principal", map[string]any{"Service": "ecs-tasks.amazonaws.com"}, "ECS may run it for anybody's tasks"},
	} {
		said := good()
		said[c.member] = c.value
		if got := (statement{"Queue", said}).excess(); !strings.Contains(strings.Join(got, "; "), c.want) {
			t.Errorf("%s: %v: seen %q, want %q", c.member, c.value, got, c.want)
		}
	}
	if got := (statement{"Queue", good()}).excess(); got != nil {
		t.Errorf("a statement with nothing wrong: %q", got)
	}
}

// sids are the statements that a stack makes, by name and in the order of the template.
func sids(s *stack) []string {
	var out []string
	for _, st := range s.statements() {
		if name, ok := st.said["Sid"].(string); ok {
			out = append(out, name)
		}
	}
	return out
}

// What is left empty allows nothing, and no choice brings another's permission.
func TestWhatIsLeftEmptyIsNotAllowed(t *testing.T) {
	for _, c := range []struct {
		template string
		chosen   choice
		want     []string
	}{
		{"queue", choice{}, []string{"EventsOfTheBus"}},
		{"queue", choice{"log_bucket": "logs"}, []string{"EventsOfTheBus", "LogFilesOfTheBucket"}},
		{"queue", choice{"topic_arns": []string{"arn:aws:sns:eu-west-1:444455556666:trail"}}, []string{"EventsOfTheBus", "LogFilesOfTopics"}},
		{"notifications", choice{"log_bucket": "logs", "queue_arn": queueARN}, []string{"LogFilesOfTheBucket"}},
		{"role", choice{}, []string{"CairnReads", "CairnRuns"}},
		{"role", choice{"queue_arns": []string{queueARN}}, []string{"CairnReads", "Receive", "CairnRuns"}},
		{"role", choice{"log_bucket": "logs"}, []string{"CairnReads", "ReadLogFiles", "ListLogFiles", "CairnRuns"}},
		{"role", choice{"log_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/k"}, []string{"CairnReads", "DecryptLogFiles", "CairnRuns"}},
		{"role", choice{"secret_arns": []string{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:s"}}, []string{"CairnReads", "ReadSecrets", "CairnRuns"}},
		{"role", choice{"member_role_arns": []string{"arn:aws:iam::*:role/cairn"}}, []string{"CairnReads", "AssumeMembers", "ListMembers", "CairnRuns"}},
		{"role", choice{"sms": true}, []string{"CairnReads", "SendTextMessages", "CairnRuns"}},
	} {
		if diff := cmp.Diff(c.want, sids(newStack(t, c.template+".yaml", c.chosen.template()))); diff != "" {
			t.Errorf("%s.yaml with %v (-want +got):\n%s", c.template, c.chosen, diff)
		}
	}
}

// What the templates let cairn read is what `cairn policy --watch` prints.
func TestTemplatesAllowWhatCairnPolicyPrints(t *testing.T) {
	text, err := collect.Policy("json", append(all.Rules().Needs(), remediate.Facts()...), collect.LookupPermission)
	if err != nil {
		t.Fatal(err)
	}
	want := members(t, read(t, []byte(text))["Statement"].([]any)[0])
	for name, chosen := range map[string]choice{"role": nil, "member": {"cairn_role_arn": "arn:aws:iam::444455556666:role/cairn"}} {
		all := newStack(t, name+".yaml", chosen.template()).statements()
		i := slices.IndexFunc(all, func(st statement) bool { return st.said["Sid"] == "CairnReads" })
		if i < 0 {
			t.Fatalf("%s.yaml lets cairn read nothing", name)
		}
		if diff := cmp.Diff(want, all[i].said); diff != "" {
			t.Errorf("%s.yaml: want (-) as cairn policy --watch prints it, is (+):\n%s", name, diff)
		}
	}
}

// What the sources call is allowed, and nothing else of these services but the question how long the queue is.
func TestRoleMayDoWhatTheSourcesCall(t *testing.T) {
	want := map[string][]string{
		"Receive":      append(slices.Clone(collect.QueuePermissions), "sqs:GetQueueAttributes"),
		"ReadLogFiles": {"s3:GetObject"}, "ListLogFiles": {"s3:ListBucket"},
	}
	slices.Sort(want["Receive"])
	got := map[string][]string{}
	for _, st := range newStack(t, "role.yaml", choice{"queue_arns": []string{queueARN}, "log_bucket": "logs"}.template()).statements() {
		if name, _ := st.said["Sid"].(string); want[name] != nil {
			got[name] = several(st.said["Action"])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("role.yaml (-want +got):\n%s", diff)
	}
	for _, action := range collect.BucketPermissions {
		if !slices.Contains(slices.Concat(got["ReadLogFiles"], got["ListLogFiles"]), action) {
			t.Errorf("role.yaml does not allow %s, which reading a bucket calls", action)
		}
	}
}
