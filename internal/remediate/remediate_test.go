package remediate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// TestCases writes the fix of a case's first failing finding in every form. The comment names the rule.
func TestCases(t *testing.T) {
	for c := range golden.Cases(t, "testdata/*.txtar") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Files = append(c.Files[:1:1], forms(planOf(t, c.Archive))...)
			c.Keep(t)
		})
	}
}

func planOf(t *testing.T, ar *txtar.Archive) remediate.Plan {
	t.Helper()
	c, err := ruletest.Parse(ar)
	if err != nil {
		t.Fatal(err)
	}
	var r *rule.Rule
	for line := range strings.Lines(string(ar.Comment)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "rule "); ok {
			r = all.Rules().Find(id)
		}
	}
	if r == nil {
		t.Fatal("the comment names no rule")
	}
	s := c.Collect(t, model.FactKinds)
	for _, f := range c.Judge(s, rule.Registry{r}).Findings {
		if f.Status == model.StatusFail {
			return remediate.Fix(r, s.Account(f.Account), f.Resource)
		}
	}
	t.Fatal("nothing fails")
	return remediate.Plan{}
}

// forms are all that a plan can be written as.
func forms(p remediate.Plan) []txtar.File {
	var out []txtar.File
	for _, form := range remediate.Forms {
		var b bytes.Buffer
		if err := remediate.Render(p, form.Form, &b); err != nil {
			b.WriteString(err.Error() + "\n")
		}
		out = append(out, txtar.File{Name: string(form.Form), Data: b.Bytes()})
	}
	undo := remediate.Undo(p)
	var b bytes.Buffer
	if err := remediate.Render(undo, remediate.CLI, &b); err != nil {
		b.WriteString(err.Error() + "\n")
	}
	return append(out, txtar.File{Name: "undo", Data: b.Bytes()})
}

func TestUnknownFormIsRefusedByName(t *testing.T) {
	_, err := remediate.FormNamed("pulumi")
	if want := `format "pulumi": want one of cli, terraform, cloudformation-json, cloudformation-yaml, console`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
