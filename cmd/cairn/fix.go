package main

import (
	"fmt"
	"regexp"
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
	form          remediate.FormInfo
	folder        string
	example, undo bool
}

func (p *program) fix() *cobra.Command {
	var (
		o      fixing
		format string
	)
	c := &cobra.Command{
		Use: "fix FINDING|RULE", Short: "Print what would put a finding right; cairn changes nothing", Args: oneFinding,
		Long: `Audits again and prints the fix of a finding with its real names: what the trail has is kept. Where the rule
does not fail there is nothing to put right, and that is said. --undo prints what takes the fix back: ask for it
before the fix is made, since it is worked out from what is there now. --example prints a rule's fix with
parameters, without reading an account.

CloudFormation takes over a trail that exists with two templates, one after the other: --output writes each to its file.`,
		Example: `  cairn fix 9f31c2aa04be77d1 --profile prod
  cairn fix CT-101 --profile prod --format terraform
  cairn fix CT-101 --profile prod --format cloudformation-yaml --output fix-ct101
  cairn fix CT-101 --profile prod --undo
  cairn fix CT-001 --format cloudformation-yaml --example`,
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if o.form, err = remediate.FormNamed(remediate.Form(format)); err != nil {
				return &app.UsageError{Err: err}
			}
			if o.undo && o.form.Form != remediate.CLI {
				return &app.UsageError{Err: fmt.Errorf("--undo prints AWS CLI commands: leave out --format %s", o.form.Form)}
			}
			if err := o.checkFolder(); err != nil {
				return err
			}
			plan, err := p.plan(c, args[0], o)
			if err != nil || plan == nil {
				return err
			}
			return p.printFix(*plan, o)
		},
	}
	p.sourceFlags(c, &o.from)
	settingsFlags(c, &o.sel)
	c.Flags().StringVar(&format, "format", string(remediate.CLI), "`form` of the fix (default cli):"+formHelp())
	c.Flags().Lookup("format").DefValue = "" // or it would stand behind the last of the forms
	c.Flags().StringVarP(&o.folder, "output", "o", "", "write the fix into a `folder`, and print the commands that make it so")
	c.Flags().BoolVar(&o.undo, "undo", false, "print what takes the fix back, as AWS CLI commands")
	c.Flags().BoolVar(&o.example, "example", false, "print a rule's fix with parameters, without reading an account")
	return c
}

// plan works out the fix; nil where there is nothing to put right, which has been said.
func (p *program) plan(c *cobra.Command, name string, o fixing) (*remediate.Plan, error) {
	a := p.app()
	if o.example {
		return examplePlan(a, name, o.form)
	}
	if !findingID.MatchString(name) {
		if _, err := a.Rule(name); err != nil { // before anything is read
			return nil, err
		}
	}
	o.sel.ForFix = len(o.form.Facts()) > 0
	result, snapshot, err := a.Audit(c.Context(), o.from, o.sel, nil)
	if err != nil {
		return nil, err
	}
	f, err := wanted(a, result, name, fixCommand(o.from, o.sel))
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
		err := fmt.Errorf("%s on %s is unknown, and what is not known cannot be put right: %s", f.Rule, about(f), f.Message)
		if o.from.Snapshot != "" && slices.ContainsFunc(f.Evidence, unasked) {
			return nil, fmt.Errorf("%w; %s", err, collectAgain(o.from.Snapshot))
		}
		return nil, err
	case model.StatusFail:
	}
	plan := remediate.Fix(a.Rules.Find(f.Rule), snapshot.Account(f.Account), f.Resource)
	return &plan, nil
}

var findingID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// about names what a finding is about.
func about(f model.Finding) string {
	if f.Resource.Kind == model.AccountKind {
		return "account " + f.Account
	}
	return f.Resource.ID
}

// examplePlan is the fix of the failing case that stands on the rule's page.
func examplePlan(a *app.App, name string, form remediate.FormInfo) (*remediate.Plan, error) {
	r, err := a.Rule(name)
	if err != nil {
		return nil, err
	}
	account, at := remediate.Example(r)
	plan := remediate.Fix(r, account, at)
	if len(form.Facts()) > 0 {
		plan = remediate.Generic(plan)
	}
	return &plan, nil
}

// wanted is the finding of that id, or the one failing finding of that rule.
func wanted(a *app.App, result audit.Result, name string, command func(id string) string) (model.Finding, error) {
	if i := slices.IndexFunc(result.Findings, func(f model.Finding) bool { return f.ID == name }); i >= 0 {
		return result.Findings[i], nil
	}
	r, err := a.Rules.Lookup(name)
	if err != nil {
		_, said := a.Rule(name)
		return model.Finding{}, &app.UsageError{Err: fmt.Errorf("no finding %q in this audit, and %w", name, said)}
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
		fmt.Fprintf(&b, "\n  %s   # %s", command(f.ID), about(f))
	}
	return model.Finding{}, &app.UsageError{Err: fmt.Errorf("%s fails in %d places, say which:%s", r.ID, len(failing), b.String())}
}

func formHelp() string {
	var names, helps []string
	for _, f := range remediate.Forms {
		names, helps = append(names, string(f.Form)), append(helps, f.Help)
	}
	return choices(names, helps)
}
