package remediate

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// TestEveryAttributeHasARow, so that a new attribute cannot be forgotten by a form: it is settable in each of them,
// or says why not.
func TestEveryAttributeHasARow(t *testing.T) {
	if len(rows) != len(model.Attributes) {
		t.Errorf("%d rows for %d attributes", len(rows), len(model.Attributes))
	}
	create, update := reflect.TypeFor[cloudtrail.CreateTrailInput](), reflect.TypeFor[cloudtrail.UpdateTrailInput]()
	for _, a := range model.Attributes {
		r := rowOf(a)
		if r.Attr.Name() != a.Name() || !slices.ContainsFunc(rows, func(r row) bool { return r.Attr.Name() == a.Name() }) {
			t.Errorf("no row for %s", a.Name())
			continue
		}
		if _, ok := create.FieldByName(r.Create); r.Create != "" && !ok {
			t.Errorf("%s: CreateTrail has no member %s", a.Name(), r.Create)
		}
		if _, ok := update.FieldByName(r.Update); r.Update != "" && !ok {
			t.Errorf("%s: UpdateTrail has no member %s", a.Name(), r.Update)
		}
		settable := r.Update != "" || len(r.Ops) > 0
		if !settable && r.Never == "" {
			t.Errorf("%s: neither an operation sets it nor is it said why nothing does", a.Name())
		}
		if settable && (r.Terraform == "" || r.CloudFormation == "" || r.Console == "" && r.NoConsole == "") {
			t.Errorf("%s: a form does not know it: %+v", a.Name(), r)
		}
	}
}

// TestRulesCannotDoHarm has rules that ask for what no fix may do.
func TestRulesCannotDoHarm(t *testing.T) {
	for want, fix := range map[string]func(*rule.Fix){
		"another bucket":       func(f *rule.Fix) { f.Trail().Bucket = rule.Given("elsewhere") },
		"another place":        func(f *rule.Fix) { f.Trail().Prefix = rule.Given("elsewhere") },
		"delete trail/main":    func(f *rule.Fix) { f.Want.Trails.Items = nil },
		"switch off IsLogging": func(f *rule.Fix) { f.Trail().Logging = rule.Given(false) },
		"switch off KmsKeyId":  func(f *rule.Fix) { f.Trail().Key = rule.Given("") },
		"home Region":          func(f *rule.Fix) { f.Trail().Home = rule.Given("us-east-1") },
		"data or network events": func(f *rule.Fix) {
			rule.Choose(f.Trail(), `"EventSelectors":[{"ReadWriteType":"All","DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]`)
		},
		"nothing to change": func(*rule.Fix) {},
		"not ready":         func(f *rule.Fix) { f.Refuse("not ready") },
	} {
		main := rule.Healthy("main", "eu-west-1")
		a := &model.Account{ID: main.Owner(), Caller: "me", Regions: model.List[string]{Items: []string{"eu-west-1"}}, Trails: model.List[*model.Trail]{Items: []*model.Trail{main}}}
		p := Fix(&rule.Rule{Meta: rule.Meta{ID: "XX-001"}, Fix: fix}, a, main.Ref())
		if got := strings.Join(p.Refused, "; "); !strings.Contains(got, want) || len(p.Steps) > 0 {
			t.Errorf("want a refusal because of %q, got %q and %d steps", want, got, len(p.Steps))
		}
	}
}

// TestWhatAFixSettles: a log group comes with its role, in both directions, and tags and Insights have calls of their own.
func TestWhatAFixSettles(t *testing.T) {
	main := rule.Healthy("main", "eu-west-1")
	main.Tags = rule.Given([]model.Tag{{Key: "old", Value: "1"}, {Key: "kept", Value: "2"}})
	a := &model.Account{ID: main.Owner(), Caller: "me", Regions: model.List[string]{Items: []string{"eu-west-1"}}, Trails: model.List[*model.Trail]{Items: []*model.Trail{main}}}
	p := Fix(&rule.Rule{Meta: rule.Meta{ID: "XX-001"}, Fix: func(f *rule.Fix) {
		f.Trail().LogGroup, f.Trail().LogRole = rule.Given("arn:aws:logs:eu-west-1:111122223333:log-group:g:*"), rule.Given("arn:aws:iam::111122223333:role/r")
		f.Trail().Tags = rule.Given([]model.Tag{{Key: "kept", Value: "2"}, {Key: "new", Value: "3"}})
		f.Trail().Insights = rule.Given([]model.InsightSelector{{InsightType: "ApiCallRateInsight"}})
	}}, a, main.Ref())
	lines := func(steps []Step) string {
		var out []string
		for _, s := range steps {
			line, err := p.command(s)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, strings.ReplaceAll(line, main.ARN, "ARN"))
		}
		return strings.Join(out, "\n")
	}
	want := `aws cloudtrail update-trail --region eu-west-1 --name ARN --cloud-watch-logs-log-group-arn 'arn:aws:logs:eu-west-1:111122223333:log-group:g:*' --cloud-watch-logs-role-arn arn:aws:iam::111122223333:role/r
aws cloudtrail put-insight-selectors --region eu-west-1 --trail-name ARN --insight-selectors '[{"InsightType":"ApiCallRateInsight"}]'
aws cloudtrail add-tags --region eu-west-1 --resource-id ARN --tags-list '[{"Key":"new","Value":"3"}]'
aws cloudtrail remove-tags --region eu-west-1 --resource-id ARN --tags-list '[{"Key":"old"}]'`
	if got := lines(p.Steps); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	undo := `aws cloudtrail update-trail --region eu-west-1 --name ARN --cloud-watch-logs-log-group-arn '' --cloud-watch-logs-role-arn ''
aws cloudtrail put-insight-selectors --region eu-west-1 --trail-name ARN --insight-selectors '[]'
aws cloudtrail add-tags --region eu-west-1 --resource-id ARN --tags-list '[{"Key":"old","Value":"1"}]'
aws cloudtrail remove-tags --region eu-west-1 --resource-id ARN --tags-list '[{"Key":"new"}]'`
	if got := lines(p.Undo); got != undo {
		t.Errorf("the undo is\n%s\nwant\n%s", got, undo)
	}
}

// TestMultiRegionBringsGlobalEvents although the rule did not think of them, and whether they were known or not.
func TestMultiRegionBringsGlobalEvents(t *testing.T) {
	for _, global := range []model.Value[bool]{rule.Given(false), {}} {
		main := rule.Healthy("main", "eu-west-1")
		main.MultiRegion, main.Global = rule.Given(false), global
		a := &model.Account{ID: main.Owner(), Caller: "me", Regions: model.List[string]{Items: []string{"eu-west-1"}}, Trails: model.List[*model.Trail]{Items: []*model.Trail{main}}}
		p := Fix(&rule.Rule{Meta: rule.Meta{ID: "XX-001"}, Fix: func(f *rule.Fix) { f.Trail().MultiRegion = rule.Given(true) }}, a, main.Ref())
		if len(p.Changes) != 2 {
			t.Errorf("want a change of two attributes, got %+v", p.Changes)
		}
		if known := global.Known(); known != (len(p.NoUndo) == 0) {
			t.Errorf("global events known: %t, and yet %q", known, p.NoUndo)
		}
	}
}

// TestCosts: a copy of management events costs, and so does each data event; a trail that records no management
// event makes no copy of any.
func TestCosts(t *testing.T) {
	const data = `"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]`
	for selectors, want := range map[string]string{
		`"EventSelectors":[{"IncludeManagementEvents":false,` + data + `}]`: "chooses data",
		`"EventSelectors":[{"IncludeManagementEvents":true}]`:               "every copy of management events",
		`"EventSelectors":[{"IncludeManagementEvents":true,` + data + `}]`:  "every copy of management events chooses data",
	} {
		main, other := rule.Healthy("main", "eu-west-1"), rule.Healthy("other", "eu-west-1")
		main.Logging = rule.Given(false)
		rule.Choose(main, selectors)
		a := &model.Account{
			ID: main.Owner(), Caller: "me", Partition: "aws", Regions: model.List[string]{Items: []string{"eu-west-1", "us-east-1"}},
			Trails: model.List[*model.Trail]{Items: []*model.Trail{main, other}},
		}
		p := Fix(&rule.Rule{Meta: rule.Meta{ID: "XX-001"}, Fix: func(f *rule.Fix) { f.Trail().Logging = rule.Given(true) }}, a, main.Ref())
		got := strings.Join(p.Costs, " ")
		for _, of := range []string{"every copy of management events", "chooses data"} {
			if len(p.Steps) == 0 || strings.Contains(got, of) != strings.Contains(want, of) {
				t.Errorf("%s: %d steps, costs %q, want %q", selectors, len(p.Steps), got, want)
			}
		}
	}
}
