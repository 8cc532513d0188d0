package deploy_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Where the stacks of the tests stand.
const (
	account   = "111122223333"
	region    = "eu-west-1"
	partition = "aws"
)

// stack is a template with its parameters chosen.
type stack struct {
	t          *testing.T
	template   map[string]any
	parameters map[string]any
}

// nothing is what AWS::NoValue leaves of a member: none.
type nothing struct{}

// readTemplate parses a template; each short form of a function is its long one.
func readTemplate(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "cloudformation", name))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) != 1 {
		t.Fatalf("%s: want one document: %v", name, err)
	}
	template, ok := plain(t, file.Docs[0].Body).(map[string]any)
	if !ok {
		t.Fatalf("%s is no mapping", name)
	}
	return template
}

// plain is a node as JSON has it.
func plain(t *testing.T, n ast.Node) any {
	t.Helper()
	switch n := n.(type) {
	case *ast.MappingNode:
		out := map[string]any{}
		for _, pair := range n.Values {
			key := pair.Key.GetToken().Value
			if _, twice := out[key]; twice {
				t.Fatalf("line %d: %q stands twice", pair.Key.GetToken().Position.Line, key)
			}
			out[key] = plain(t, pair.Value)
		}
		return out
	case *ast.MappingValueNode:
		return map[string]any{n.Key.GetToken().Value: plain(t, n.Value)}
	case *ast.SequenceNode:
		out := []any{}
		for _, v := range n.Values {
			out = append(out, plain(t, v))
		}
		return out
	case *ast.TagNode:
		return longForm(strings.TrimPrefix(n.Start.Value, "!"), plain(t, n.Value))
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value)
	case *ast.StringNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		v, err := strconv.Atoi(n.GetToken().Value)
		if err != nil {
			t.Fatal(err)
		}
		return float64(v)
	}
	t.Fatalf("line %d: %T, which no template of ours needs", n.GetToken().Position.Line, n)
	return nil
}

func longForm(name string, argument any) map[string]any {
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: argument}
	case "GetAtt":
		if text, ok := argument.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			argument = []any{resource, attribute}
		}
	}
	return map[string]any{"Fn::" + name: argument}
}

// newStack gives each parameter its value, chosen or by default.
func newStack(t *testing.T, name string, chosen map[string]any) *stack {
	t.Helper()
	s := &stack{t, readTemplate(t, name), map[string]any{}}
	for parameter, card := range members(t, s.template["Parameters"]) {
		card := members(t, card)
		value, ok := chosen[parameter]
		if !ok {
			value, ok = card["Default"]
		}
		if !ok {
			t.Fatalf("%s: nobody chose %s", name, parameter)
		}
		if text, is := value.(string); is && card["Type"] == "CommaDelimitedList" {
			value = []any{}
			for v := range strings.SplitSeq(text, ",") {
				value = append(value.([]any), v)
			}
		}
		if pattern, is := card["AllowedPattern"].(string); is && !regexp.MustCompile("^(?:"+pattern+")$").MatchString(fmt.Sprint(value)) {
			t.Errorf("%s: %s refuses %q", name, parameter, value)
		}
		s.parameters[parameter] = value
	}
	for parameter := range chosen {
		if _, ok := s.parameters[parameter]; !ok {
			t.Errorf("%s has no parameter %s", name, parameter)
		}
	}
	return s
}

func members(t *testing.T, v any) map[string]any {
	t.Helper()
	if v == nil {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("want members, got %v", v)
	}
	return m
}

// resources are the logical ids of what the stack makes.
func (s *stack) resources() []string {
	var out []string
	for id, r := range members(s.t, s.template["Resources"]) {
		if condition, ok := members(s.t, r)["Condition"].(string); !ok || s.holds(condition) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// properties are a resource's, evaluated.
func (s *stack) properties(id string) map[string]any {
	s.t.Helper()
	r, ok := members(s.t, s.template["Resources"])[id]
	if !ok {
		s.t.Fatalf("there is no resource %s", id)
	}
	return members(s.t, s.value(members(s.t, r)["Properties"]))
}

func (s *stack) holds(condition string) bool {
	s.t.Helper()
	c, ok := members(s.t, s.template["Conditions"])[condition]
	if !ok {
		s.t.Fatalf("there is no condition %s", condition)
	}
	return s.value(c) == true
}

// value evaluates what a template says.
func (s *stack) value(v any) any {
	s.t.Helper()
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, one := range v {
			if got := s.value(one); got != (nothing{}) {
				out = append(out, got)
			}
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return s.call(name, argument)
				}
			}
		}
		out := map[string]any{}
		for key, one := range v {
			if got := s.value(one); got != (nothing{}) {
				out[key] = got
			}
		}
		return out
	}
	return v
}

// call evaluates one of the functions that our templates use.
func (s *stack) call(name string, argument any) any {
	s.t.Helper()
	list, _ := argument.([]any)
	switch name {
	case "Ref":
		return s.ref(argument.(string))
	case "Fn::GetAtt":
		if list[1] == "Name" {
			return s.name(list[0].(string))
		}
		if list[1] != "Arn" {
			s.t.Fatalf("an attribute that the tests do not know: %v", list)
		}
		return s.arn(list[0].(string))
	case "Fn::If":
		if s.holds(list[0].(string)) {
			return s.value(list[1])
		}
		return s.value(list[2])
	case "Fn::Equals":
		return reflect.DeepEqual(s.value(list[0]), s.value(list[1]))
	case "Fn::Not":
		return s.value(list[0]) != true
	case "Fn::Join":
		return strings.Join(texts(s.value(list[1])), list[0].(string))
	case "Fn::Split":
		out := []any{}
		for part := range strings.SplitSeq(s.value(list[1]).(string), list[0].(string)) {
			out = append(out, part)
		}
		return out
	case "Fn::Select":
		return s.value(list[1]).([]any)[int(list[0].(float64))]
	case "Fn::Sub":
		return s.sub(argument)
	}
	s.t.Fatalf("a function that the tests do not know: %s", name)
	return nil
}

func texts(v any) []string {
	var out []string
	for _, one := range v.([]any) {
		out = append(out, one.(string))
	}
	return out
}

func (s *stack) ref(name string) any {
	s.t.Helper()
	pseudo := map[string]any{
		"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": partition, "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": nothing{},
	}
	if v, ok := pseudo[name]; ok {
		return v
	}
	if v, ok := s.parameters[name]; ok {
		return v
	}
	switch kind := s.kind(name); kind {
	case "AWS::SNS::Topic", "AWS::IAM::ManagedPolicy":
		return s.arn(name)
	case "AWS::SQS::Queue":
		return "https://sqs." + region + ".amazonaws.com/" + account + "/" + s.name(name)
	default:
		return s.name(name)
	}
}

var variable = regexp.MustCompile(`\$\{([A-Za-z0-9:.]+)\}`)

func (s *stack) sub(argument any) string {
	s.t.Helper()
	text, local := argument, map[string]any{}
	if list, ok := argument.([]any); ok {
		text, local = list[0], members(s.t, list[1])
	}
	return variable.ReplaceAllStringFunc(text.(string), func(match string) string {
		name := match[2 : len(match)-1]
		if v, ok := local[name]; ok {
			return s.value(v).(string)
		}
		return s.ref(name).(string)
	})
}

func (s *stack) kind(id string) string {
	s.t.Helper()
	kind, _ := members(s.t, members(s.t, s.template["Resources"])[id])["Type"].(string)
	if kind == "" {
		s.t.Fatalf("there is no parameter or resource %s", id)
	}
	return kind
}

// name is a resource's own: the one property of it that says so.
func (s *stack) name(id string) string {
	s.t.Helper()
	own := members(s.t, members(s.t, members(s.t, s.template["Resources"])[id])["Properties"])
	for _, property := range []string{"Name", "QueueName", "TopicName", "RoleName", "ManagedPolicyName"} {
		if v, ok := own[property]; ok {
			return s.value(v).(string)
		}
	}
	return id // AWS makes one
}

func (s *stack) arn(id string) string {
	s.t.Helper()
	name := s.name(id)
	if bus, ok := members(s.t, members(s.t, members(s.t, s.template["Resources"])[id])["Properties"])["EventBusName"]; ok {
		name = s.value(bus).(string) + "/" + name
	}
	return arn(s.t, s.kind(id), name)
}

// arn is that of a resource of the tests' account, by its type in either language.
func arn(t *testing.T, kind, name string) string {
	t.Helper()
	for format, kinds := range map[string][]string{
		"sqs:" + region + ":" + account + ":%s":              {"AWS::SQS::Queue", "aws_sqs_queue"},
		"sns:" + region + ":" + account + ":%s":              {"AWS::SNS::Topic", "aws_sns_topic"},
		"events:" + region + ":" + account + ":event-bus/%s": {"AWS::Events::EventBus", "aws_cloudwatch_event_bus"},
		"events:" + region + ":" + account + ":rule/%s":      {"AWS::Events::Rule", "aws_cloudwatch_event_rule"},
		"iam::" + account + ":role/%s":                       {"AWS::IAM::Role", "aws_iam_role"},
		"iam::" + account + ":policy/%s":                     {"AWS::IAM::ManagedPolicy", "aws_iam_policy"},
	} {
		if slices.Contains(kinds, kind) {
			return "arn:" + partition + ":" + fmt.Sprintf(format, name)
		}
	}
	t.Fatalf("the tests know no ARN of a %s", kind)
	return ""
}

// Every reference of a template leads somewhere, whatever is chosen, and nothing is declared that nobody uses.
func TestTemplatesHoldTogether(t *testing.T) {
	for _, m := range modules(t) {
		for which, chosen := range m.chosen {
			t.Run(m.name+"/"+which, func(t *testing.T) {
				s := newStack(t, m.name+".yaml", chosen.template())
				for _, id := range s.resources() {
					s.properties(id)
				}
				for name, output := range members(t, s.template["Outputs"]) {
					if s.value(members(t, output)["Value"]) == "" {
						t.Errorf("the output %s is empty", name)
					}
				}
				text := fmt.Sprint(s.template["Resources"], s.template["Conditions"], s.template["Outputs"])
				for _, name := range slices.Concat(slices.Collect(maps.Keys(s.parameters)), slices.Collect(maps.Keys(members(t, s.template["Conditions"])))) {
					if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
						t.Errorf("%s is used nowhere", name)
					}
				}
			})
		}
	}
}
