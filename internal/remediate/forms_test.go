package remediate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// plans are those of the case files and of the trails that are hardest to write down.
func plans(t *testing.T) []remediate.Plan {
	t.Helper()
	var out []remediate.Plan
	for _, path := range golden.Glob(t, "testdata/*.txtar") {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, planOf(t, ar))
	}
	for _, selectors := range selectorCases {
		for _, name := range hostile {
			tr := sample(t, selectors)
			tr.Logging, tr.Global = model.Known(false, model.Origin{}), model.Known(true, model.Origin{})
			tr.MultiRegion, tr.Validation = model.Known(false, model.Origin{}), model.Known(true, model.Origin{})
			tr.ARN += name
			tr.Name += name
			tr.Prefix = model.Known(name, model.Origin{})
			tr.Tags = model.Known([]model.Tag{{Key: "k" + name, Value: name}}, model.Origin{})
			for _, id := range []string{"CT-001", "CT-101"} {
				out = append(out, remediate.Fix(all.Rules().Find(id), account(tr), tr.Ref()))
			}
		}
	}
	return out
}

// hostile are texts that end something if they are written as they are.
var hostile = []string{
	"\nrm -rf $HOME #", "' ; echo ' $(id) `id`", `" ${var.x} %{ if true }`, "{{ }} # : - [ ] & * ! | > @", "---\n...", "\u2028\u0085", "</script>", "-",
}

func files(t *testing.T, p remediate.Plan, form remediate.Form) []remediate.File {
	t.Helper()
	out, err := remediate.Files(p, form)
	if _, refused := errors.AsType[*remediate.RefusedError](err); refused {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inputs are the API operations that a plan may call, as the SDK declares them.
var inputs = map[string]reflect.Type{
	"create-trail": reflect.TypeFor[cloudtrail.CreateTrailInput](), "update-trail": reflect.TypeFor[cloudtrail.UpdateTrailInput](),
	"delete-trail": reflect.TypeFor[cloudtrail.DeleteTrailInput](), "start-logging": reflect.TypeFor[cloudtrail.StartLoggingInput](),
	"stop-logging": reflect.TypeFor[cloudtrail.StopLoggingInput](), "put-event-selectors": reflect.TypeFor[cloudtrail.PutEventSelectorsInput](),
	"put-insight-selectors": reflect.TypeFor[cloudtrail.PutInsightSelectorsInput](),
	"add-tags":              reflect.TypeFor[cloudtrail.AddTagsInput](), "remove-tags": reflect.TypeFor[cloudtrail.RemoveTagsInput](),
}

// TestCommandsSayToTheShellWhatTheStepsSay lets a shell read each command, and the SDK's types judge what it heard:
// every flag is a member, a switch takes no value, JSON fits the member's type, and each value is the step's own.
func TestCommandsSayToTheShellWhatTheStepsSay(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Fatal("no POSIX shell to read the commands")
	}
	heard := 0
	for _, p := range plans(t) {
		for _, f := range files(t, p, remediate.CLI) {
			commands := listen(t, string(f.Body))
			if len(commands) != len(p.Steps) {
				t.Fatalf("%d commands for %d steps:\n%s", len(commands), len(p.Steps), f.Body)
			}
			for i, args := range commands {
				heard++
				sameCall(t, p.Steps[i], args)
			}
		}
	}
	if heard == 0 {
		t.Error("no command was heard")
	}
}

// asked are values for the variables that commands ask for.
var asked = map[string]string{"TRAIL_NAME": "a name", "BUCKET_NAME": "a-bucket", "KMS_KEY_ARN": "arn:aws:kms:eu-west-1:111122223333:key/9"}

// listen is what a shell makes of a script: the arguments of each aws command.
func listen(t *testing.T, script string) [][]string {
	t.Helper()
	cmd := exec.Command("sh", "-euc", `aws() { printf '%s\0' "$@"; printf '\1'; }; `+"\n"+script)
	cmd.Env = []string{"HOME=/nowhere"}
	for name, value := range asked {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
	var commands [][]string
	for one := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x01"), "\x01") {
		commands = append(commands, strings.Split(strings.TrimSuffix(one, "\x00"), "\x00"))
	}
	return commands
}

func sameCall(t *testing.T, s remediate.Step, args []string) {
	t.Helper()
	input, ok := inputs[args[1]]
	if !ok || args[0] != "cloudtrail" {
		t.Fatalf("no such operation: %q", args)
	}
	if args[2] != "--region" || args[3] != s.Region || s.Region == "" {
		t.Errorf("%q does not go to %q", args, s.Region)
	}
	args = args[4:]
	for _, m := range s.Input {
		field, ok := input.FieldByName(m.Name)
		if !ok {
			t.Fatalf("%s has no member %s", input, m.Name)
		}
		target := reflect.New(field.Type)
		if err := json.Unmarshal(filled(m.Value), target.Interface()); err != nil {
			t.Errorf("%s.%s: %v", input, m.Name, err)
		}
		args = sameFlag(t, m, target.Elem(), args)
	}
	if len(args) > 0 {
		t.Errorf("%s: nobody asked for %q", s.Op, args)
	}
}

// sameFlag takes a member's flag, and its value if it has one, off the arguments.
func sameFlag(t *testing.T, m remediate.Member, v reflect.Value, args []string) []string {
	t.Helper()
	var flag strings.Builder
	for i, r := range m.Name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			flag.WriteByte('-')
		}
		flag.WriteString(strings.ToLower(string(r)))
	}
	if b, ok := reflect.TypeAssert[*bool](v); ok {
		want := map[bool]string{true: "--" + flag.String(), false: "--no-" + flag.String()}[*b]
		if args[0] != want {
			t.Errorf("got %s, want %s", args[0], want)
		}
		return args[1:]
	}
	if args[0] != "--"+flag.String() {
		t.Errorf("got %s, want --%s", args[0], flag.String())
	}
	value := args[1]
	if s, ok := reflect.TypeAssert[*string](v); ok {
		if value != *s {
			t.Errorf("%s: got %q, want %q", args[0], value, *s)
		}
	} else if canonical(json.RawMessage(value)) != canonical(filled(m.Value)) {
		t.Errorf("%s: got %s, want %s", args[0], value, m.Value)
	}
	return args[2:]
}

// filled puts the answers where asked values stand.
func filled(raw json.RawMessage) json.RawMessage {
	out := string(raw)
	for name, variable := range map[string]string{"TrailName": "TRAIL_NAME", "BucketName": "BUCKET_NAME", "KmsKeyArn": "KMS_KEY_ARN"} {
		out = strings.ReplaceAll(out, rule.Placeholder(name), asked[variable])
	}
	return json.RawMessage(out)
}

// terraformSchema is what the aws provider, 5 and 6, lets these blocks hold. A nested path is a block.
var terraformSchema = map[string]map[string]cty.Type{
	"variable": {"type": cty.DynamicPseudoType, "description": cty.String, "default": cty.String},
	"provider": {"alias": cty.String, "region": cty.String, "allowed_account_ids": cty.List(cty.String)},
	"import":   {"to": cty.DynamicPseudoType, "id": cty.String},
	"resource": {
		"provider": cty.DynamicPseudoType, "name": cty.String, "s3_bucket_name": cty.String, "s3_key_prefix": cty.String, "sns_topic_name": cty.String,
		"enable_logging": cty.Bool, "include_global_service_events": cty.Bool, "is_multi_region_trail": cty.Bool, "is_organization_trail": cty.Bool,
		"enable_log_file_validation": cty.Bool, "kms_key_id": cty.String, "cloud_watch_logs_group_arn": cty.String,
		"cloud_watch_logs_role_arn": cty.String, "tags": cty.Map(cty.String),
	},
	"resource/event_selector": {
		"read_write_type": cty.String, "include_management_events": cty.Bool, "exclude_management_event_sources": cty.List(cty.String),
	},
	"resource/event_selector/data_resource": {"type": cty.String, "values": cty.List(cty.String)},
	"resource/advanced_event_selector":      {"name": cty.String},
	"resource/advanced_event_selector/field_selector": {
		"field": cty.String, "equals": cty.List(cty.String), "not_equals": cty.List(cty.String), "starts_with": cty.List(cty.String),
		"not_starts_with": cty.List(cty.String), "ends_with": cty.List(cty.String), "not_ends_with": cty.List(cty.String),
	},
	"resource/insight_selector": {"insight_type": cty.String},
	"resource/lifecycle":        {"prevent_destroy": cty.Bool},
}

func TestTerraformIsOfTheProvidersTypes(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range append(plans(t), examples()...) {
		for _, f := range files(t, p, remediate.Terraform) {
			file, diags := hclsyntax.ParseConfig(f.Body, f.Name, hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatalf("%v\n%s", diags, f.Body)
			}
			body, ok := file.Body.(*hclsyntax.Body)
			if !ok || len(body.Attributes) > 0 {
				t.Fatalf("not a file of blocks:\n%s", f.Body)
			}
			for _, b := range body.Blocks {
				terraformBlock(t, b, b.Type, seen)
			}
			_, want, _ := strings.Cut(p.Changes[0].Trail, ":trail/")
			if name := trailName(t, body); name != cty.DynamicVal && name.AsString() != want {
				t.Errorf("the trail is called %q, want %q", name.AsString(), want)
			}
		}
	}
	for path := range terraformSchema {
		if !seen[path] {
			t.Errorf("no fix has a block %s", path)
		}
	}
}

// anyValue answers every reference.
var anyValue = &hcl.EvalContext{
	Variables: map[string]cty.Value{"var": cty.DynamicVal, "aws": cty.DynamicVal, "aws_cloudtrail": cty.DynamicVal, "string": cty.DynamicVal},
	Functions: map[string]function.Function{},
}

func terraformBlock(t *testing.T, b *hclsyntax.Block, path string, seen map[string]bool) {
	t.Helper()
	seen[path] = true
	schema, ok := terraformSchema[path]
	if !ok {
		t.Fatalf("no block %s", path)
	}
	for name, a := range b.Body.Attributes {
		want, ok := schema[name]
		if !ok {
			t.Errorf("%s has no argument %s", path, name)
			continue
		}
		v, diags := a.Expr.Value(anyValue)
		if diags.HasErrors() {
			t.Errorf("%s.%s: %v", path, name, diags)
			continue
		}
		if want == cty.List(cty.String) && v.Type().IsTupleType() {
			want = cty.Tuple(slices.Repeat([]cty.Type{cty.String}, v.LengthInt()))
		}
		if want == cty.Map(cty.String) && v.Type().IsObjectType() {
			continue // its values are strings, as hclwrite wrote them
		}
		if got := v.Type(); got != cty.DynamicPseudoType && want != cty.DynamicPseudoType && !got.Equals(want) {
			t.Errorf("%s.%s is %s, want %s", path, name, got.FriendlyName(), want.FriendlyName())
		}
	}
	for _, inner := range b.Body.Blocks {
		terraformBlock(t, inner, path+"/"+inner.Type, seen)
	}
}

func trailName(t *testing.T, body *hclsyntax.Body) cty.Value {
	t.Helper()
	for _, b := range body.Blocks {
		if b.Type == "resource" {
			v, diags := b.Body.Attributes["name"].Expr.Value(anyValue)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			return v
		}
	}
	t.Fatal("no resource")
	return cty.DynamicVal
}

// trailProperties are those of AWS::CloudTrail::Trail, with what JSON type they are.
var trailProperties = map[string]any{
	"TrailName": "", "S3BucketName": "", "S3KeyPrefix": "", "SnsTopicName": "", "IsLogging": true, "IncludeGlobalServiceEvents": true,
	"IsMultiRegionTrail": true, "IsOrganizationTrail": true, "EnableLogFileValidation": true, "KMSKeyId": "",
	"CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": "", "EventSelectors": []any{}, "AdvancedEventSelectors": []any{},
	"InsightSelectors": []any{}, "Tags": []any{},
}

func TestCloudFormationIsTheSameInBothLanguages(t *testing.T) {
	for _, p := range append(plans(t), examples()...) {
		inJSON, inYAML := files(t, p, remediate.CloudFormationJSON), files(t, p, remediate.CloudFormationYAML)
		if len(inJSON) != len(inYAML) {
			t.Fatalf("%d documents in JSON, %d in YAML", len(inJSON), len(inYAML))
		}
		for i := range inJSON {
			var a, b any
			if err := json.Unmarshal(inJSON[i].Body, &a); err != nil {
				t.Fatalf("%v\n%s", err, inJSON[i].Body)
			}
			if err := yaml.Unmarshal(inYAML[i].Body, &b); err != nil {
				t.Fatalf("%v\n%s", err, inYAML[i].Body)
			}
			if diff := cmp.Diff(a, b); diff != "" {
				t.Errorf("JSON and YAML differ (-json +yaml):\n%s\n%s", diff, inYAML[i].Body)
			}
			properties(t, a)
		}
	}
}

func properties(t *testing.T, doc any) {
	t.Helper()
	at := func(v any, key string) any {
		o, _ := v.(map[string]any)
		return o[key]
	}
	trail := at(at(doc, "Resources"), "Trail")
	if at(trail, "DeletionPolicy") != "Retain" || at(trail, "Type") != "AWS::CloudTrail::Trail" {
		t.Errorf("not a trail that is retained: %v", trail)
	}
	found, _ := at(trail, "Properties").(map[string]any)
	for name, v := range found {
		want, ok := trailProperties[name]
		if !ok {
			t.Errorf("AWS::CloudTrail::Trail has no property %s", name)
		}
		if _, intrinsic := v.(map[string]any); !intrinsic && reflect.TypeOf(v) != reflect.TypeOf(want) {
			t.Errorf("%s is %T, want %T", name, v, want)
		}
	}
	for _, required := range []string{"S3BucketName", "IsLogging", "TrailName"} {
		if found[required] == nil {
			t.Errorf("no %s", required)
		}
	}
}

func examples() []remediate.Plan {
	var out []remediate.Plan
	for _, r := range all.Rules() {
		a, at := remediate.Example(r)
		out = append(out, remediate.Generic(remediate.Fix(r, a, at)))
	}
	return out
}

// TestRemarksStayRemarks also keeps a name out of an account from ending a comment: what follows them is the fix.
func TestRemarksStayRemarks(t *testing.T) {
	begins := map[remediate.Form]string{
		remediate.CLI: "aws ", remediate.Terraform: "(variable|provider) ", remediate.CloudFormationYAML: "---$", remediate.Console: "1. ",
	}
	for _, p := range plans(t) {
		for form, fix := range begins {
			var b bytes.Buffer
			if err := remediate.Render(p, form, &b); err != nil {
				continue
			}
			if !strings.HasPrefix(b.String(), "# "+p.Rule.ID+": ") {
				t.Errorf("%s begins with %q", form, b.String())
			}
			for line := range strings.Lines(b.String()) {
				line = strings.TrimSuffix(line, "\n")
				rest, remark := strings.CutPrefix(line, "# ")
				if !remark {
					if !regexp.MustCompile("^" + fix).MatchString(line) {
						t.Errorf("%s: %q follows the remarks", form, line)
					}
					break
				}
				if utf8.RuneCountInString(line) > 100 && strings.Contains(rest, " ") {
					t.Errorf("%s: %q is too long to be read", form, line)
				}
			}
		}
	}
}

// TestWhatRunsATemplateCanBePastedFromIt: neither JSON nor YAML escapes anything in the commands.
func TestWhatRunsATemplateCanBePastedFromIt(t *testing.T) {
	for _, p := range examples() {
		for _, form := range []remediate.Form{remediate.CloudFormationJSON, remediate.CloudFormationYAML} {
			for _, f := range files(t, p, form) {
				if len(f.Run) == 0 {
					t.Errorf("nothing runs %s of %s", f.Name, p.Rule.ID)
				}
				for _, line := range f.Run {
					if !bytes.Contains(f.Body, []byte(`"`+line+`"`)) {
						t.Errorf("%s has not, as it is: %s", f.Name, line)
					}
				}
			}
		}
	}
}

// TestExamplesFailNothingElse: the example of a page fails its rule, and the fix that the page prints leaves nothing to
// put right in the account or in a trail that it changes: it is all about this one promise.
func TestExamplesFailNothingElse(t *testing.T) {
	for _, r := range all.Rules() {
		if r.Fix == nil {
			continue
		}
		a, at := remediate.Example(r)
		if !slices.ContainsFunc(failures(r, a), func(f model.Finding) bool { return f.Resource == at }) {
			t.Errorf("%s has no example that fails: give the rule an Example", r.ID)
			continue
		}
		mended := &rule.Fix{Want: a.Clone(), At: at}
		r.Fix(mended)
		changes := remediate.Fix(r, a, at).Changes
		for _, other := range all.Rules() {
			if other.Fix == nil {
				continue // no page shows its example: it may look at anything
			}
			for _, f := range failures(other, mended.Want) {
				if f.Resource.Kind == model.TrailKind && !slices.ContainsFunc(changes, func(c remediate.Change) bool { return c.Trail == f.Resource.ID }) {
					continue
				}
				t.Errorf("the example of %s, once put right, fails %s (%s): let it be rule.Healthy but for what %s looks at, and Healthy pass %s",
					r.ID, f.Rule, f.Message, r.ID, f.Rule)
			}
		}
	}
}

func failures(r *rule.Rule, a *model.Account) []model.Finding {
	found := rule.Judge(r, rule.NewGround(a, ruletest.At, nil), rule.Settings{Preset: rule.Default}, nil)
	return slices.DeleteFunc(found, func(f model.Finding) bool { return f.Status != model.StatusFail })
}

func TestBlocksFillEveryMarkerOfEveryPage(t *testing.T) {
	for _, r := range all.Rules() {
		blocks, err := remediate.Blocks(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range remediate.Forms {
			text := blocks[string(form.Form)]
			fenced := strings.HasPrefix(text, "```"+form.Language+"\n") && strings.HasSuffix(text, "\n```\n") && form.Language != ""
			if !fenced && (strings.Contains(text, "```") || strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#")) {
				t.Errorf("%s as %s is neither a block nor prose:\n%s", r.ID, form.Form, text)
			}
		}
	}
}

// TestNothingIsWrittenOfARefusedPlan keeps half a fix out of a pipe.
func TestNothingIsWrittenOfARefusedPlan(t *testing.T) {
	for _, p := range plans(t) {
		for _, form := range remediate.Forms {
			var b bytes.Buffer
			err := remediate.Render(p, form.Form, &b)
			if (err != nil) != (len(p.Refused) > 0 || len(p.NoForm[form.Form]) > 0) {
				t.Errorf("%s: %v", form.Form, err)
			}
			if err != nil && b.Len() > 0 {
				t.Errorf("%s: refused, but wrote %q", form.Form, b.String())
			}
		}
	}
	if err := remediate.Render(remediate.Plan{Rule: all.Rules().Find("CT-001")}, "pulumi", io.Discard); err == nil {
		t.Error("an unknown form was written")
	}
}
