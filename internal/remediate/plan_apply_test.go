package remediate_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// prove shows what a plan promises; it tells whether there was one.
func prove(t *testing.T, r *rule.Rule, a *model.Account, at model.Ref) bool {
	t.Helper()
	before, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	now := replay(t, at.ID, r, a, at)
	if after, err := json.Marshal(a); err != nil || string(after) != string(before) {
		t.Errorf("%s: the plan changed the account", r.ID)
	}
	if now != nil {
		passes(t, r, a, now, at)
	}
	return now != nil
}

// passes judges before and after: this finding is gone, and nothing is worse.
func passes(t *testing.T, r *rule.Rule, was, now *model.Account, at model.Ref) {
	t.Helper()
	settings := rule.Settings{Preset: rule.Default}
	for _, f := range rule.Judge(r, rule.NewGround(now, ruletest.At, nil), settings, nil) {
		if f.Resource == at && f.Status == model.StatusFail {
			t.Errorf("%s still fails on %s after its own fix: %s", r.ID, at.ID, f.Message)
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

// replay applies a plan and its undo: what [model.Account.Apply] makes of the one is what the rule wanted, and of the
// other what was. It gives the account after the plan, nil where there was none.
func replay(t *testing.T, name string, r *rule.Rule, was *model.Account, at model.Ref) *model.Account {
	t.Helper()
	p := remediate.Fix(r, was, at)
	if len(p.Refused) > 0 {
		if len(p.Steps)+len(p.Undo)+len(p.Changes) > 0 {
			t.Errorf("%s: %s: refused, and yet there are steps", name, r.ID)
		}
		return nil
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
		return now
	}
	back := applied(t, now, p.Undo, answers)
	if len(back.Trails.Items) != len(was.Trails.Items) {
		t.Errorf("%s: %s: %d trails after the undo, there were %d", name, r.ID, len(back.Trails.Items), len(was.Trails.Items))
		return now
	}
	for i, tr := range was.Trails.Items {
		for _, attr := range model.Attributes {
			if b := back.Trails.Items[i]; b.ARN != tr.ARN || !same(attr, tr, b) {
				t.Errorf("%s: %s: %s of %s is %s after the undo, was %s", name, r.ID, attr.Name(), b.ARN, attr.JSON(b), attr.JSON(tr))
			}
		}
	}
	return now
}

// answered is what a person fills in for what a plan asks: the names of its parameters.
func answered(p remediate.Plan) *strings.Replacer {
	var pairs []string
	for _, ask := range p.Asks {
		pairs = append(pairs, rule.Placeholder(ask.Name), ask.Name)
	}
	return strings.NewReplacer(pairs...)
}

// applied is the account after the steps. What the model does not judge is held to the API reference: a call about a
// trail goes to its home Region and comes from its owner, and no trail is multi-Region without global service events.
func applied(t *testing.T, a *model.Account, steps []remediate.Step, answers *strings.Replacer) *model.Account {
	t.Helper()
	now := a.Clone()
	for _, s := range steps {
		body, err := s.Request()
		if err != nil {
			t.Fatal(err)
		}
		body = []byte(answers.Replace(string(body)))
		for _, tr := range now.Trails.Items {
			if strings.Contains(string(body), tr.ARN) && (s.Region != model.ARNRegion(tr.ARN) || s.Account != tr.Owner()) {
				t.Errorf("%s of %s in %s is about %s", s.Op, s.Account, s.Region, tr.ARN)
			}
		}
		c := model.ControlCall{Service: s.Service, Op: s.Op, Account: s.Account, Region: s.Region, At: ruletest.At, Request: body}
		for _, g := range now.Apply(c) {
			t.Errorf("%s: %s %s", g, g.Code, body)
		}
		for _, tr := range now.Trails.Items {
			if tr.Is(model.MultiRegion).Tri == model.Yes && tr.Is(model.GlobalEvents).Tri == model.No {
				t.Errorf("%s makes %s multi-Region without global service events", s.Op, tr.ARN)
			}
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
