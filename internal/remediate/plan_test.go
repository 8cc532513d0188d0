package remediate_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// TestEveryFailureOfEveryState applies the plan of each failing finding to the state that it is for. The rule passes
// then, no other rule fails that passed, and the undo gives back what was.
func TestEveryFailureOfEveryState(t *testing.T) {
	planned := 0
	for _, path := range glob(t, "../../rules/all/testdata/states/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, err := ruletest.Parse(ar)
			if err != nil {
				t.Fatal(err)
			}
			var needs []*model.FactKind
			for _, r := range all.Rules() {
				needs = append(needs, r.Needs...)
			}
			s := c.Collect(t, needs)
			for _, f := range c.Judge(s, all.Rules()).Findings {
				if f.Status == model.StatusFail && prove(t, all.Rules().Find(f.Rule), s.Account(f.Account), f.Resource) {
					planned++
				}
			}
		})
	}
	if planned < 50 {
		t.Errorf("only %d plans were made: the states have lost their failures", planned)
	}
}

// TestEveryTrailInEveryRepair puts a trail into every combination of what can be wrong with it.
func TestEveryTrailInEveryRepair(t *testing.T) {
	for bits := range 1 << 5 {
		for _, selectors := range selectorCases {
			tr := sample(t, selectors)
			tr.MultiRegion = model.Known(bits&1 == 0, model.Origin{})
			tr.Global = model.Known(bits&2 == 0 || bits&1 == 0, model.Origin{})
			tr.Logging = model.Known(bits&4 == 0, model.Origin{})
			tr.Validation = model.Known(bits&8 == 0, model.Origin{})
			if bits&8 != 0 {
				tr.Key = model.Known("", model.Origin{})
			}
			if bits&16 != 0 {
				tr.Logging, tr.Validation = model.Value[bool]{}, model.Value[bool]{}
			}
			a := account(tr)
			for _, r := range all.Rules() {
				for _, f := range rule.Judge(r, rule.NewGround(a, ruletest.At, nil), rule.Settings{Preset: rule.Default}, nil) {
					if f.Status == model.StatusFail {
						prove(t, r, a, f.Resource)
					}
				}
			}
		}
	}
}

var selectorCases = []string{
	``,
	`"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":[]}]`,
	`"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":[]}]}]`,
	`"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com","rdsdata.amazonaws.com"],"DataResources":[{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}]}]`,
	`"AdvancedEventSelectors":[{"Name":"<data> & 'more'","FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]`,
	`"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["true"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["false"]}]}]`,
}

func sample(t *testing.T, selectors string) *model.Trail {
	t.Helper()
	const arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
	tr := &model.Trail{ARN: arn, Name: "main"}
	for _, v := range []struct {
		to    *model.Value[string]
		value string
	}{
		{&tr.Home, "eu-west-1"},
		{&tr.Bucket, "main-trail-logs"},
		{&tr.Prefix, "audit"},
		{&tr.Topic, "arn:aws:sns:eu-west-1:111122223333:news"},
		{&tr.LogGroup, "arn:aws:logs:eu-west-1:111122223333:log-group:trails:*"},
		{&tr.LogRole, "arn:aws:iam::111122223333:role/trails"},
		{&tr.Key, "arn:aws:kms:eu-west-1:111122223333:key/0000"},
	} {
		*v.to = model.Known(v.value, model.Origin{})
	}
	tr.Organization = model.Known(false, model.Origin{})
	doc := `{"TrailARN":"` + arn + `"}`
	if selectors != "" {
		doc = `{"TrailARN":"` + arn + `",` + selectors + `}`
	}
	s, err := coverage.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	tr.Selectors = model.Known(s, model.Origin{})
	tr.Insights = model.Known([]model.InsightSelector{{InsightType: "ApiCallRateInsight"}}, model.Origin{})
	tr.Tags = model.Known([]model.Tag{{Key: "team", Value: "security"}}, model.Origin{})
	return tr
}

func account(trails ...*model.Trail) *model.Account {
	return &model.Account{
		ID: "111122223333", Caller: "arn:aws:iam::111122223333:user/audit", Partition: "aws",
		Regions: model.List[string]{Items: []string{"eu-west-1", "us-east-1"}}, Trails: model.List[*model.Trail]{Items: trails},
	}
}

// prove shows what a plan promises; it tells whether there was one.
func prove(t *testing.T, r *rule.Rule, a *model.Account, at model.Ref) bool {
	t.Helper()
	before, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	p := remediate.Fix(r, a, at)
	if after, err := json.Marshal(a); err != nil || string(after) != string(before) {
		t.Errorf("%s: the plan changed the account", r.ID)
	}
	if len(p.Refused) > 0 {
		if len(p.Steps)+len(p.Undo)+len(p.Changes) > 0 {
			t.Errorf("%s: refused, and yet there are steps", r.ID)
		}
		return false
	}
	now := apply(t, a, p.Steps)
	for _, change := range p.Changes {
		if got := evidence(now, change); canonical(got) != canonical(change.To.JSON()) {
			t.Errorf("%s: %s is %s after the plan, want %s", r.ID, change.To.Fact, got, change.To.JSON())
		}
	}
	passes(t, r, a, now, at)
	if len(p.NoUndo) == 0 {
		back := apply(t, now, p.Undo)
		if after, err := json.Marshal(back); err != nil || plain(string(after)) != plain(string(before)) {
			t.Errorf("%s: the undo does not give back what was:\n%s\n%s", r.ID, before, after)
		}
	}
	return true
}

func evidence(a *model.Account, c remediate.Change) json.RawMessage {
	t := a.Trail(c.Trail)
	for _, attr := range model.Attributes {
		if t != nil && attr.Name() == c.To.Fact {
			return attr.JSON(t)
		}
	}
	return nil
}

// canonical is JSON without what says nothing.
func canonical(raw json.RawMessage) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err.Error()
	}
	out, err := json.Marshal(sparse(v))
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// passes judges before and after: this finding is gone, and nothing is worse.
func passes(t *testing.T, r *rule.Rule, was, now *model.Account, at model.Ref) {
	t.Helper()
	settings := rule.Settings{Preset: rule.Default}
	for _, f := range rule.Judge(r, rule.NewGround(now, ruletest.At, nil), settings, nil) {
		if f.Resource == at && f.Status == model.StatusFail {
			t.Errorf("%s still fails on %s: %s", r.ID, at.ID, f.Message)
		}
	}
	for _, other := range all.Rules() {
		var passed []model.Ref
		for _, f := range rule.Judge(other, rule.NewGround(was, ruletest.At, nil), settings, nil) {
			if f.Status == model.StatusPass {
				passed = append(passed, f.Resource)
			}
		}
		for _, f := range rule.Judge(other, rule.NewGround(now, ruletest.At, nil), settings, nil) {
			if f.Status == model.StatusFail && slices.Contains(passed, f.Resource) {
				t.Errorf("%s: now %s fails: %s", r.ID, other.ID, f.Message)
			}
		}
	}
}

// plain leaves out what an undo cannot and need not restore: where a fact was read, and the form in which AWS's own
// default selectors were told.
func plain(doc string) string {
	var v map[string]any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return err.Error()
	}
	list, _ := v["trails"].(map[string]any)
	items, _ := list["items"].([]any)
	for _, item := range items {
		trail, _ := item.(map[string]any)
		delete(trail, "origins")
		if values, ok := trail["values"].(map[string]any); ok {
			values["EventSelectors"] = sparse(values["EventSelectors"])
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// sparse drops empty lists, which AWS prints and nobody needs to send.
func sparse(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if list, ok := value.([]any); ok && len(list) == 0 && key != "Values" {
				delete(v, key)
				continue
			}
			v[key] = sparse(value)
		}
	case []any:
		for i := range v {
			v[i] = sparse(v[i])
		}
	}
	return v
}

// apply is a CloudTrail in miniature: what the API reference says the calls do to a trail.
func apply(t *testing.T, a *model.Account, steps []remediate.Step) *model.Account {
	t.Helper()
	now := a.Clone()
	for _, s := range steps {
		raw, err := s.Request()
		if err != nil {
			t.Fatal(err)
		}
		var in map[string]json.RawMessage
		if err := json.Unmarshal(raw, &in); err != nil {
			t.Fatal(err)
		}
		if err := call(now, s, in); err != nil {
			t.Errorf("%s: %v", s.Op, err)
		}
	}
	return now
}

func word(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no string finds no trail
	return s
}

func call(a *model.Account, s remediate.Step, in map[string]json.RawMessage) error {
	if s.Op == "CreateTrail" {
		return create(a, s, in)
	}
	t := a.Trail(word(in["Name"]) + word(in["TrailName"]) + word(in["ResourceId"]))
	if t == nil {
		return fmt.Errorf("TrailNotFoundException: %s", in)
	}
	if s.Region != model.ARNRegion(t.ARN) || s.Account != a.ID || t.Owner() != a.ID {
		return fmt.Errorf("InvalidHomeRegionException: %s of %s in %s", s.Region, s.Account, t.ARN)
	}
	switch s.Op {
	case "DeleteTrail":
		a.Trails.Items = slices.DeleteFunc(a.Trails.Items, func(o *model.Trail) bool { return o == t })
	case "StartLogging", "StopLogging":
		t.Logging = model.Known(s.Op == "StartLogging", model.Origin{})
	case "UpdateTrail":
		return set(t, in)
	case "PutEventSelectors":
		doc, err := json.Marshal(map[string]json.RawMessage{
			"TrailARN": in["TrailName"], "EventSelectors": orEmpty(in["EventSelectors"]), "AdvancedEventSelectors": orEmpty(in["AdvancedEventSelectors"]),
		})
		if err != nil {
			return err
		}
		selectors, err := coverage.Parse(doc)
		t.Selectors = model.Known(selectors, model.Origin{})
		return err
	default:
		return fmt.Errorf("%s is not played", s.Op)
	}
	return nil
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("[]")
	}
	return raw
}

func create(a *model.Account, s remediate.Step, in map[string]json.RawMessage) error {
	name := word(in["Name"])
	t := &model.Trail{ARN: "arn:" + a.Partition + ":cloudtrail:" + s.Region + ":" + s.Account + ":trail/" + name, Name: name}
	t.Home, t.Logging = model.Known(s.Region, model.Origin{}), model.Known(false, model.Origin{})
	for _, unset := range []*model.Value[bool]{&t.MultiRegion, &t.Organization, &t.Validation} {
		*unset = model.Known(false, model.Origin{})
	}
	for _, unset := range []*model.Value[string]{&t.Prefix, &t.Topic, &t.Key, &t.LogGroup, &t.LogRole} {
		*unset = model.Known("", model.Origin{})
	}
	t.Global = model.Known(true, model.Origin{})
	selectors, err := coverage.Parse([]byte(`{"TrailARN":"` + t.ARN + `"}`))
	if err != nil {
		return err
	}
	t.Selectors = model.Known(selectors, model.Origin{})
	t.Insights, t.Tags = model.Known([]model.InsightSelector{}, model.Origin{}), model.Known([]model.Tag{}, model.Origin{})
	a.Trails.Items = append(a.Trails.Items, t)
	return set(t, in)
}

// set is UpdateTrail: what is not sent stays, but that a change of Regions carries global service events along.
func set(t *model.Trail, in map[string]json.RawMessage) error {
	if multi, ok := in["IsMultiRegionTrail"]; ok {
		t.Global = model.Known(string(multi) == "true", model.Origin{})
	}
	flags := map[string]*model.Value[bool]{
		"IncludeGlobalServiceEvents": &t.Global, "IsMultiRegionTrail": &t.MultiRegion,
		"EnableLogFileValidation": &t.Validation, "IsOrganizationTrail": &t.Organization,
	}
	words := map[string]*model.Value[string]{
		"S3BucketName": &t.Bucket, "S3KeyPrefix": &t.Prefix, "SnsTopicName": &t.Topic, "KmsKeyId": &t.Key,
		"CloudWatchLogsLogGroupArn": &t.LogGroup, "CloudWatchLogsRoleArn": &t.LogRole,
	}
	for name, raw := range in {
		switch {
		case flags[name] != nil:
			*flags[name] = model.Known(string(raw) == "true", model.Origin{})
		case words[name] != nil:
			*words[name] = model.Known(word(raw), model.Origin{})
		case name != "Name":
			return fmt.Errorf("UpdateTrail has no member %s", name)
		}
	}
	multi, _ := t.MultiRegion.Get()
	if global, known := t.Global.Get(); multi && known && !global {
		return fmt.Errorf("InvalidParameterCombinationException: multi-Region without global service events")
	}
	return nil
}
