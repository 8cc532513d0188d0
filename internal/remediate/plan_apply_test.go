package remediate_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// TestPlansOfEveryState: what [model.Account.Apply] makes of a rule's plan is what the rule wanted, and of its undo what was.
func TestPlansOfEveryState(t *testing.T) {
	planned := 0
	for _, path := range glob(t, "../../rules/all/testdata/states/*.txtar") {
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
			if f.Status == model.StatusFail && replay(t, filepath.Base(path), all.Rules().Find(f.Rule), s.Account(f.Account), f.Resource) {
				planned++
			}
		}
	}
	if planned < 50 {
		t.Errorf("only %d plans were made: the states have lost their failures", planned)
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
		if replay(t, fmt.Sprint("seed ", seed), r, a, was.Ref()) {
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

// replay applies a plan and its undo; it tells whether there was a plan.
func replay(t *testing.T, name string, r *rule.Rule, was *model.Account, at model.Ref) bool {
	t.Helper()
	p := remediate.Fix(r, was, at)
	if len(p.Refused) > 0 {
		return false
	}
	answers := answered(p)
	now := applied(t, was, p.Steps, answers)
	for _, c := range p.Changes {
		c.Trail = answers.Replace(c.Trail)
		want := answers.Replace(string(c.To.JSON()))
		if got := evidence(now, c); meaning(c.To.Fact, got) != meaning(c.To.Fact, []byte(want)) {
			t.Errorf("%s: %s: %s of %s is %s after the plan, want %s", name, r.ID, c.To.Fact, c.Trail, got, want)
		}
	}
	for _, tr := range now.Trails.Items {
		kept := was.Trail(tr.ARN)
		for _, attr := range model.Attributes {
			changed := slices.ContainsFunc(p.Changes, func(c remediate.Change) bool { return c.Trail == tr.ARN && c.To.Fact == attr.Name() })
			if kept != nil && !changed && !same(attr, kept, tr) {
				t.Errorf("%s: %s: the plan changes %s from %s to %s and does not say so", name, r.ID, attr.Name(), attr.JSON(kept), attr.JSON(tr))
			}
		}
	}
	if len(p.NoUndo) > 0 {
		return true
	}
	back := applied(t, now, p.Undo, answers)
	if len(back.Trails.Items) != len(was.Trails.Items) {
		t.Errorf("%s: %s: %d trails after the undo, there were %d", name, r.ID, len(back.Trails.Items), len(was.Trails.Items))
		return true
	}
	for i, tr := range was.Trails.Items {
		for _, attr := range model.Attributes {
			if b := back.Trails.Items[i]; b.ARN != tr.ARN || !same(attr, tr, b) {
				t.Errorf("%s: %s: %s of %s is %s after the undo, was %s", name, r.ID, attr.Name(), b.ARN, attr.JSON(b), attr.JSON(tr))
			}
		}
	}
	return true
}

// answered is what a person fills in for what a plan asks: the names of its parameters.
func answered(p remediate.Plan) *strings.Replacer {
	var pairs []string
	for _, ask := range p.Asks {
		pairs = append(pairs, rule.Placeholder(ask.Name), ask.Name)
	}
	return strings.NewReplacer(pairs...)
}

func applied(t *testing.T, a *model.Account, steps []remediate.Step, answers *strings.Replacer) *model.Account {
	t.Helper()
	now := a.Clone()
	for _, s := range steps {
		body, err := s.Request()
		if err != nil {
			t.Fatal(err)
		}
		body = []byte(answers.Replace(string(body)))
		c := model.ControlCall{Service: s.Service, Op: s.Op, Account: s.Account, Region: s.Region, At: ruletest.At, Request: body}
		for _, g := range now.Apply(c) {
			t.Errorf("%s: %s %s", g, g.Code, body)
		}
	}
	return now
}

func same(attr model.Attribute, x, y *model.Trail) bool {
	return meaning(attr.Name(), attr.JSON(x)) == meaning(attr.Name(), attr.JSON(y))
}

// meaning is a fact to compare. When logging was last switched is history, which no call gives back; tags have no order;
// selectors are the same with or without their empty lists and with or without AWS's default written out.
func meaning(fact string, value json.RawMessage) string {
	switch fact {
	case model.StartedAt.Name(), model.StoppedAt.Name():
		return ""
	case model.Tags.Name():
		var tags []map[string]string
		if err := json.Unmarshal(value, &tags); err == nil {
			slices.SortFunc(tags, func(a, b map[string]string) int { return strings.Compare(a["Key"], b["Key"]) })
			return fmt.Sprint(tags)
		}
	case model.Selectors.Name():
		if doc, bare := strings.CutPrefix(canonical(value), `{"TrailARN"`); bare {
			return `{"EventSelectors":[{"IncludeManagementEvents":true,"ReadWriteType":"All"}],"TrailARN"` + doc
		}
	}
	return canonical(value)
}
