package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/audit"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
)

func (p *program) fix() *cobra.Command {
	var (
		from    app.Source
		sel     app.Selection
		format  string
		example bool
	)
	c := &cobra.Command{
		Use: "fix FINDING|RULE", Short: "Print what would put a finding right; cairn changes nothing", Args: cobra.ExactArgs(1),
		Long: `Audits again and prints the fix of a finding with its real names: what the trail has is kept. A finding that
is gone is said to be gone. --example prints a rule's fix with parameters, without reading an account.`,
		Example: `  cairn fix 9f31c2aa04be77d1 --profile prod
  cairn fix CT-101 --profile prod --format terraform
  cairn fix CT-001 --format cloudformation-yaml --example`,
		RunE: func(c *cobra.Command, args []string) error {
			form, err := remediate.ParseForm(format)
			if err != nil {
				return &app.UsageError{Err: err}
			}
			a := p.app()
			if example {
				return p.exampleFix(a, args[0], form)
			}
			result, snapshot, err := a.Judge(c.Context(), from, sel, whole(form))
			if err != nil {
				return err
			}
			f, err := wanted(a, result, args[0])
			if err != nil {
				return err
			}
			if f.Status == model.StatusPass || f.Status == model.StatusNotApplicable {
				_, err := fmt.Fprintf(p.stderr, "%s on %s is gone: %s (%s)\n", f.Rule, f.Resource.ID, f.Status, f.Message)
				return err
			}
			if f.Status == model.StatusUnknown {
				return fmt.Errorf("%s on %s is unknown, and what is not known cannot be put right: %s", f.Rule, f.Resource.ID, f.Message)
			}
			return remediate.Render(remediate.Fix(a.Rules.Find(f.Rule), snapshot.Account(f.Account), f.Resource), form, p.stdout)
		},
	}
	p.sourceFlags(c, &from)
	settingsFlags(c, &sel)
	c.Flags().StringVar(&format, "format", string(remediate.CLI), "`form` of the fix: "+formNames())
	c.Flags().BoolVar(&example, "example", false, "print a rule's fix with parameters, without reading an account")
	return c
}

// exampleFix prints the fix of the failing case that stands on the rule's page.
func (p *program) exampleFix(a *app.App, name string, form remediate.Form) error {
	r := a.Rules.Find(name)
	if r == nil {
		return &app.UsageError{Err: fmt.Errorf("rule %q is not known: cairn rules lists them", name)}
	}
	account, at := remediate.Example(r)
	plan := remediate.Fix(r, account, at)
	if whole(form) != nil {
		plan = remediate.Generic(plan)
	}
	return remediate.Render(plan, form, p.stdout)
}

// whole are the facts that only a form which holds the whole trail needs.
func whole(form remediate.Form) []*model.FactKind {
	if form == remediate.CLI || form == remediate.Console {
		return nil
	}
	return remediate.Facts()
}

// wanted is the finding of that id, or the one failing finding of that rule.
func wanted(a *app.App, result audit.Result, name string) (model.Finding, error) {
	if i := slices.IndexFunc(result.Findings, func(f model.Finding) bool { return f.ID == name }); i >= 0 {
		return result.Findings[i], nil
	}
	r := a.Rules.Find(name)
	if r == nil {
		return model.Finding{}, &app.UsageError{Err: fmt.Errorf("%q is neither a finding of this audit nor a rule: cairn audit shows the findings", name)}
	}
	var of, failing []model.Finding
	for _, f := range result.Findings {
		if f.Rule != r.ID {
			continue
		}
		of = append(of, f)
		if f.Status == model.StatusFail {
			failing = append(failing, f)
		}
	}
	switch {
	case len(failing) == 1:
		return failing[0], nil
	case len(failing) == 0 && len(of) > 0:
		return of[0], nil
	case len(of) == 0:
		return model.Finding{}, &app.UsageError{Err: fmt.Errorf("%s judged nothing in this audit", r.ID)}
	}
	var b strings.Builder
	for _, f := range failing {
		fmt.Fprintf(&b, "\n  cairn fix %s   %s %s", f.ID, f.Account, f.Resource.ID)
	}
	return model.Finding{}, &app.UsageError{Err: fmt.Errorf("%s fails in %d places, say which (with the same flags):%s", r.ID, len(failing), b.String())}
}

func formNames() string {
	var out []string
	for _, f := range remediate.Forms {
		out = append(out, string(f.Form))
	}
	return strings.Join(out, ", ")
}
