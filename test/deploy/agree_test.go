package deploy_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"cairn.example/internal/golden"
)

// root is the folder that people deploy from.
const root = "../../deploy"

// module is one template, and the Terraform module of the same name that makes the same.
type module struct {
	name   string
	chosen map[string]choice
	same   []pair
}

// choice is what somebody sets: texts, lists of them, booleans, by Terraform's names.
type choice map[string]any

// pair is one thing that both say: the property of a template's resource, the attribute of a module's.
type pair struct{ property, attribute string }

const (
	queueARN = "arn:aws:sqs:eu-west-1:111122223333:cairn"
	busARN   = "arn:aws:events:eu-central-1:444455556666:event-bus/cairn"
)

// modules are all there are, each with nothing chosen but what must be, and with everything.
func modules(t *testing.T) []module {
	t.Helper()
	all := []module{
		{"queue", map[string]choice{
			"nothing": {},
			"everything": {
				"organization_id": "o-exampleorg1", "account_ids": []string{"444455556666", "777788889999"}, "log_bucket": "logs", "log_bucket_account": "444455556666",
				"topic_arns": []string{"arn:aws:sns:eu-west-1:444455556666:trail"}, "topic_service": "sns.me-south-1.amazonaws.com",
			},
			"own bucket": {"log_bucket": "logs", "name": "other"},
		}, []pair{
			{"QueuePolicy.PolicyDocument", "aws_sqs_queue_policy.queue.policy"},
			{"Queue.MessageRetentionPeriod", "aws_sqs_queue.queue.message_retention_seconds"},
			{"Queue.VisibilityTimeout", "aws_sqs_queue.queue.visibility_timeout_seconds"},
			{"Queue.ReceiveMessageWaitTimeSeconds", "aws_sqs_queue.queue.receive_wait_time_seconds"},
			{"Queue.SqsManagedSseEnabled", "aws_sqs_queue.queue.sqs_managed_sse_enabled"},
			{"Queue.RedrivePolicy", "aws_sqs_queue.queue.redrive_policy"},
			{"DeadLetters.MessageRetentionPeriod", "aws_sqs_queue.dead_letters.message_retention_seconds"},
			{"DeadLetters.SqsManagedSseEnabled", "aws_sqs_queue.dead_letters.sqs_managed_sse_enabled"},
			{"DeadLetters.RedriveAllowPolicy", "aws_sqs_queue.dead_letters.redrive_allow_policy"},
			{"AccountsMayForward.Statement", "aws_cloudwatch_event_bus_policy.bus.policy"},
			{"OrganizationMayForward.Statement", "aws_cloudwatch_event_bus_policy.bus.policy"},
			{"Rule.EventPattern", "aws_cloudwatch_event_rule.queue.event_pattern"},
			{"Rule.State", "aws_cloudwatch_event_rule.queue.state"},
			{"Rule.Targets.0.Arn", "aws_cloudwatch_event_target.queue.arn"},
		}},
		{"region", map[string]choice{
			"nothing":    {"bus_arn": busARN},
			"everything": {"bus_arn": busARN, "log_bucket": "logs", "event_sources": []string{"cloudtrail.amazonaws.com", "signin.amazonaws.com"}},
		}, []pair{
			{"Role.AssumeRolePolicyDocument", "aws_iam_role.forward.assume_role_policy"},
			{"Role.Policies.0.PolicyDocument", "aws_iam_role_policy.forward.policy"},
			{"Rule.EventPattern", "aws_cloudwatch_event_rule.forward.event_pattern"},
			{"Rule.State", "aws_cloudwatch_event_rule.forward.state"},
			{"Rule.Targets.0.Arn", "aws_cloudwatch_event_target.bus.arn"},
		}},
		{"notifications", map[string]choice{
			"one account":  {"log_bucket": "logs", "queue_arn": queueARN},
			"two accounts": {"log_bucket": "logs", "queue_arn": "arn:aws:sqs:eu-west-1:444455556666:cairn"},
		}, []pair{
			{"TopicPolicy.PolicyDocument", "aws_sns_topic_policy.topic.policy"},
			{"Subscription.Endpoint", "aws_sns_topic_subscription.queue.endpoint"},
			{"Subscription.RawMessageDelivery", "aws_sns_topic_subscription.queue.raw_message_delivery"},
		}},
		{"role", map[string]choice{
			"nothing": {},
			"everything": {
				"queue_arns": []string{queueARN}, "log_bucket": "logs", "log_prefix": "trail/", "log_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/k",
				"secret_arns": []string{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf"}, "member_role_arns": []string{"arn:aws:iam::444455556666:role/cairn"}, "sms": true,
			},
			"in ECS": {"trusted_service": "ecs-tasks.amazonaws.com"},
			"in EKS": {"trusted_service": "pods.eks.amazonaws.com", "queue_arns": []string{queueARN}},
		}, []pair{
			{"Role.AssumeRolePolicyDocument", "aws_iam_role.cairn.assume_role_policy"},
			{"Policy.PolicyDocument", "aws_iam_policy.watch.policy"},
		}},
		{"member", map[string]choice{
			"nothing":    {"cairn_role_arn": "arn:aws:iam::444455556666:role/cairn"},
			"everything": {"cairn_role_arn": "arn:aws:iam::444455556666:role/cairn", "external_id": "7f3c"},
		}, []pair{
			{"Role.AssumeRolePolicyDocument", "aws_iam_role.cairn.assume_role_policy"},
			{"Role.Policies.0.PolicyDocument", "aws_iam_role_policy.reads.policy"},
		}},
	}
	var names []string
	for _, m := range all {
		names = append(names, m.name)
	}
	for _, pattern := range []string{"cloudformation/*.yaml", "terraform/*"} {
		for _, path := range golden.Glob(t, filepath.Join(root, pattern)) {
			if name := strings.TrimSuffix(filepath.Base(path), ".yaml"); !slices.Contains(names, name) {
				t.Fatalf("%s: the tests do not know it", path)
			}
		}
	}
	return all
}

// template is the choice by CloudFormation's names.
func (c choice) template() map[string]any {
	out := map[string]any{}
	for name, v := range c {
		switch v := v.(type) {
		case []string:
			list := []any{}
			for _, text := range v {
				list = append(list, text)
			}
			out[camel(name)] = list
		case bool:
			out[camel(name)] = strconv.FormatBool(v)
		default:
			out[camel(name)] = v
		}
	}
	return out
}

// plan is the choice by Terraform's names.
func (c choice) plan() map[string]cty.Value {
	out := map[string]cty.Value{}
	for name, v := range c {
		switch v := v.(type) {
		case []string:
			var list []cty.Value
			for _, text := range v {
				list = append(list, cty.StringVal(text))
			}
			out[name] = cty.ListVal(list)
		case bool:
			out[name] = cty.BoolVal(v)
		case string:
			out[name] = cty.StringVal(v)
		}
	}
	return out
}

// camel spells a variable as a parameter.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// TestTemplatesAndModulesAgree compares every policy, pattern and setting of a template with that of its module, for each
// choice.
func TestTemplatesAndModulesAgree(t *testing.T) {
	for _, m := range modules(t) {
		for which, chosen := range m.chosen {
			t.Run(m.name+"/"+which, func(t *testing.T) {
				s, p := newStack(t, m.name+".yaml", chosen.template()), newPlan(t, m.name, chosen.plan())
				template, terraform := map[string]any{}, map[string]any{}
				for _, one := range m.same {
					if said := s.said(one.property); said != nil {
						template[one.attribute] = joined(template[one.attribute], said)
					}
					if said := p.said(one.attribute); said != nil {
						terraform[one.attribute] = said
					}
				}
				if diff := cmp.Diff(template, terraform); diff != "" {
					t.Errorf("CloudFormation (-) and Terraform (+):\n%s", diff)
				}
			})
		}
	}
}

// said is a property by its path; nil of a resource that the stack does not make.
func (s *stack) said(path string) any {
	s.t.Helper()
	id, rest, _ := strings.Cut(path, ".")
	if _, ok := members(s.t, s.template["Resources"])[id]; ok && !slices.Contains(s.resources(), id) {
		return nil
	}
	var v any = s.properties(id)
	for step := range strings.SplitSeq(rest, ".") {
		if i, err := strconv.Atoi(step); err == nil {
			v = v.([]any)[i]
			continue
		}
		v = members(s.t, v)[step]
	}
	if s.kind(id) == "AWS::Events::EventBusPolicy" { // one statement of what is one document elsewhere
		statement := maps.Clone(members(s.t, v))
		statement["Sid"] = s.properties(id)["StatementId"]
		return map[string]any{"Version": "2012-10-17", "Statement": []any{statement}}
	}
	return v
}

// joined puts the statements of two documents into one, by their Sid.
func joined(before, v any) any {
	if before == nil {
		return v
	}
	one, other := before.(map[string]any), v.(map[string]any)
	one["Statement"] = append(other["Statement"].([]any), one["Statement"].([]any)...)
	return one
}

// said is an attribute by its path, decoded where it is JSON; nil of a resource that the plan does not make.
func (p *plan) said(path string) any {
	p.t.Helper()
	parts := strings.Split(path, ".")
	v := p.attribute(parts[0], parts[1], parts[2])
	if v == cty.NilVal {
		return nil
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		p.t.Fatal(err)
	}
	if v.Type() == cty.String && strings.HasPrefix(v.AsString(), "{") {
		text = []byte(v.AsString())
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// What is in neither of the pairs is compared by nobody.
func TestEveryDocumentIsCompared(t *testing.T) {
	for _, m := range modules(t) {
		var properties, attributes []string
		for _, one := range m.same {
			properties, attributes = append(properties, one.property), append(attributes, one.attribute)
		}
		for id, r := range members(t, readTemplate(t, m.name+".yaml")["Resources"]) {
			own := members(t, members(t, r)["Properties"])
			for property := range own {
				path := id + "." + property
				if property == "Policies" {
					path += ".0.PolicyDocument"
				}
				if speaks(property) && !slices.Contains(properties, path) {
					t.Errorf("%s.yaml: %s is compared with nothing", m.name, path)
				}
			}
		}
		for _, b := range readModule(t, m.name).each("resource") {
			for attribute := range b.Body.Attributes {
				if path := strings.Join(append(slices.Clone(b.Labels), attribute), "."); speaks(attribute) && !slices.Contains(attributes, path) {
					t.Errorf("%s: %s is compared with nothing", m.name, path)
				}
			}
		}
	}
}

// speaks tells whether a property or attribute says who may do what, or what goes where.
func speaks(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "_", ""))
	return slices.Contains([]string{
		"policy", "policydocument", "assumerolepolicy", "assumerolepolicydocument", "policies", "redrivepolicy", "redriveallowpolicy", "statement",
		"eventpattern", "state",
	}, name)
}

// Parameters and variables have the same names and the same defaults.
func TestParametersAndVariablesAgree(t *testing.T) {
	for _, m := range modules(t) {
		template, terraform := map[string]any{}, map[string]any{}
		for name, card := range members(t, readTemplate(t, m.name+".yaml")["Parameters"]) {
			card := members(t, card)
			v, ok := card["Default"]
			switch {
			case !ok:
				v = "none"
			case v == "true", v == "false":
				v = v == "true"
			case card["Type"] == "CommaDelimitedList":
				v = []any{}
				for _, one := range strings.FieldsFunc(card["Default"].(string), func(r rune) bool { return r == ',' }) {
					v = append(v.([]any), one)
				}
			}
			template[name] = v
		}
		for _, b := range readModule(t, m.name).each("variable") {
			terraform[camel(b.Labels[0])] = "none"
			if a := b.Body.Attributes["default"]; a != nil {
				v, _ := a.Expr.Value(nil)
				text, err := ctyjson.Marshal(v, v.Type())
				var decoded any
				if err == nil {
					err = json.Unmarshal(text, &decoded)
				}
				if err != nil {
					t.Fatal(err)
				}
				terraform[camel(b.Labels[0])] = decoded
			}
		}
		if diff := cmp.Diff(template, terraform); diff != "" {
			t.Errorf("%s: CloudFormation (-) and Terraform (+):\n%s", m.name, diff)
		}
	}
}
