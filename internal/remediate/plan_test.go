package remediate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// TestEveryFailureOfEveryState applies the plan of each failing finding to the state that it is for. The rule passes
// then, no other rule fails that passed, and the undo gives back what was.
func TestEveryFailureOfEveryState(t *testing.T) {
	planned := 0
	for name, c := range ruletest.Cases(t, "../../rules/all/testdata/states/*.txtar") {
		t.Run(name, func(t *testing.T) {
			s := c.Collect(t, all.Rules().Needs())
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
			if t.Failed() {
				return // the other trails would say the same
			}
		}
	}
}

// TestPlansOfRandomTrails has rules that want anything of trails in any state, new trails included.
func TestPlansOfRandomTrails(t *testing.T) {
	planned := 0
	for seed := range uint64(3000) {
		g := trails{rand.New(rand.NewPCG(seed, 0))}
		was := g.trail(t, "main")
		a := account(was)
		wanted, created := g.trail(t, "main"), g.trail(t, "other")
		r := &rule.Rule{Meta: rule.Meta{ID: "XX-001"}, Fix: func(f *rule.Fix) {
			if g.IntN(4) == 0 {
				f.Want.Trails.Items = append(f.Want.Trails.Items, created)
				return
			}
			for _, attr := range model.Attributes {
				if g.IntN(4) == 0 && attr.Name() != model.StartedAt.Name() && attr.Name() != model.StoppedAt.Name() {
					attr.Copy(f.Trail(), wanted)
				}
			}
		}}
		if replay(t, fmt.Sprint("seed ", seed), r, a, was.Ref()) != nil {
			planned++
		}
	}
	if planned < 500 {
		t.Errorf("only %d plans were made of random trails", planned)
	}
}

// trails makes trails, biased to what AWS accepts.
type trails struct{ *rand.Rand }

func (g trails) trail(t *testing.T, name string) *model.Trail {
	t.Helper()
	out := rule.Healthy(name, "eu-west-1")
	selectors := sample(t, selectorCases[g.IntN(len(selectorCases))]).Selectors
	if name != "main" { // selectors name their trail
		selectors = out.Selectors
	}
	out.Selectors = selectors
	out.StartedAt, out.StoppedAt = rule.Given(ruletest.At), rule.Given(ruletest.At)
	for _, flag := range []model.Attr[bool]{model.MultiRegion, model.GlobalEvents, model.Validation, model.Logging, model.Organization} {
		flag.Set(out, rule.Given(g.IntN(2) == 0))
	}
	for _, text := range []model.Attr[string]{model.SNSTopic, model.KMSKey, model.LogGroup} {
		text.Set(out, rule.Given([]string{"", "arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:111122223333:key/2"}[g.IntN(3)]))
	}
	if group, _ := out.LogGroup.Get(); group != "" {
		out.LogRole = rule.Given("arn:aws:iam::111122223333:role/trails")
	}
	if g.IntN(2) == 0 {
		out.Insights = rule.Given([]model.InsightSelector{{InsightType: "ApiErrorRateInsight", EventCategories: []string{"Data"}}})
	}
	tags := []model.Tag{{Key: "team", Value: "security"}, {Key: "stage", Value: fmt.Sprint(g.IntN(3))}, {Key: "cost", Value: ""}}
	out.Tags = rule.Given(tags[:g.IntN(len(tags)+1)])
	if multi, _ := out.MultiRegion.Get(); multi {
		out.Global = rule.Given(true)
	}
	// One attribute was refused: not home, which the ARN tells, nor the tags, which come last: no call sets them all.
	if g.IntN(3) == 0 {
		model.Attributes[1+g.IntN(len(model.Attributes)-2)].Copy(out, &model.Trail{})
	}
	return out
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
