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

// fixing is what cairn fix is asked for.
type fixing struct {
	from          app.Source
	sel           app.Selection
	format        string
	example, undo bool
}

func (p *program) fix() *cobra.Command {
	var o fixing
	c := &cobra.Command{
		Use: "fix FINDING|RULE", Short: "Print what would put a finding right; cairn changes nothing", Args: oneFinding,
		Long: `Audits again and prints the fix of a finding with its real names: what the trail has is kept. Where the rule
does not fail there is nothing to put right, and that is said. --undo prints what takes the fix back: ask for it
before the fix is made, since it is worked out from what is there now. --example prints a rule's fix with
parameters, without reading an account.`,
		Example: `  cairn fix 9f31c2aa04be77d1 --profile prod
  cairn fix CT-101 --profile prod --format terraform
  cairn fix CT-101 --profile prod --undo
  cairn fix CT-001 --format cloudformation-yaml --example`,
		RunE: func(c *cobra.Command, args []string) error {
			form, err := remediate.FormNamed(remediate.Form(o.format))
			if err != nil {
				return &app.UsageError{Err: err}
			}
			if o.undo && form.Form != remediate.CLI {
				return &app.UsageError{Err: fmt.Errorf("--undo prints AWS CLI commands: leave out --format %s", form.Form)}
			}
			plan, err := p.plan(c, args[0], form, o)
			if err != nil || plan == nil {
				return err
			}
			if o.undo {
				return p.printUndo(*plan)
			}
			return remediate.Render(*plan, form.Form, p.stdout)
		},
	}
	p.sourceFlags(c, &o.from)
	settingsFlags(c, &o.sel)
	c.Flags().StringVar(&o.format, "format", string(remediate.CLI), "`form` of the fix:"+formHelp()+"\n")
	c.Flags().BoolVar(&o.undo, "undo", false, "print what takes the fix back, as AWS CLI commands")
	c.Flags().BoolVar(&o.example, "example", false, "print a rule's fix with parameters, without reading an account")
	return c
}

func oneFinding(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one finding or rule, got %d", len(args))
	}
	return nil
}

// plan works out the fix; nil where there is nothing to put right, which has been said.
func (p *program) plan(c *cobra.Command, name string, form remediate.FormInfo, o fixing) (*remediate.Plan, error) {
	a := p.app()
	if o.example {
		return examplePlan(a, name, form)
	}
	o.sel.ForFix = len(form.Facts()) > 0
	result, snapshot, err := a.Audit(c.Context(), o.from, o.sel, nil)
	if err != nil {
		return nil, err
	}
	f, err := wanted(a, result, name)
	if err != nil {
		return nil, err
	}
	switch f.Status {
	case model.StatusPass:
		_, err := fmt.Fprintf(p.stderr, "nothing to put right: %s passes on %s (%s)\n", f.Rule, about(f), f.Message)
		return nil, err
	case model.StatusNotApplicable:
		_, err := fmt.Fprintf(p.stderr, "nothing to put right: %s does not apply to %s (%s)\n", f.Rule, about(f), f.Message)
		return nil, err
	case model.StatusUnknown:
		return nil, fmt.Errorf("%s on %s is unknown, and what is not known cannot be put right: %s", f.Rule, about(f), f.Message)
	case model.StatusFail:
	}
	plan := remediate.Fix(a.Rules.Find(f.Rule), snapshot.Account(f.Account), f.Resource)
	return &plan, nil
}

// about names what a finding is about.
func about(f model.Finding) string {
	if f.Resource.Kind == model.AccountKind {
		return "account " + f.Account
	}
	return f.Resource.ID
}

// examplePlan is the fix of the failing case that stands on the rule's page.
func examplePlan(a *app.App, name string, form remediate.FormInfo) (*remediate.Plan, error) {
	r, err := a.Rules.Lookup(name)
	if err != nil {
		return nil, &app.UsageError{Err: err}
	}
	account, at := remediate.Example(r)
	plan := remediate.Fix(r, account, at)
	if len(form.Facts()) > 0 {
		plan = remediate.Generic(plan)
	}
	return &plan, nil
}

func (p *program) printUndo(plan remediate.Plan) error {
	if len(plan.Refused) == 0 && len(plan.NoUndo) > 0 {
		return fmt.Errorf("the fix for %s cannot be taken back in full: %s", plan.Rule.ID, strings.Join(plan.NoUndo, "; "))
	}
	return remediate.Render(remediate.Undo(plan), remediate.CLI, p.stdout)
}

// wanted is the finding of that id, or the one failing finding of that rule.
func wanted(a *app.App, result audit.Result, name string) (model.Finding, error) {
	if i := slices.IndexFunc(result.Findings, func(f model.Finding) bool { return f.ID == name }); i >= 0 {
		return result.Findings[i], nil
	}
	r, err := a.Rules.Lookup(name)
	if err != nil {
		return model.Finding{}, &app.UsageError{Err: fmt.Errorf("no finding %q in this audit, and %w", name, err)}
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

func formHelp() string {
	var names, helps []string
	for _, f := range remediate.Forms {
		names, helps = append(names, string(f.Form)), append(helps, f.Help)
	}
	return choices(names, helps)
}
