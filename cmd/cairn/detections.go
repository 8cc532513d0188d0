package main

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/detect"
	"cairn.example/internal/rule"
	"cairn.example/internal/sigma"
)

func (p *program) detections() *cobra.Command {
	c := &cobra.Command{
		Use: "detections [ID]", Short: "List what is watched for, or read a detection's page", Args: upTo("detection"),
		Example: `  cairn detections
  cairn detections CT-013          what each event means, who should be allowed to do it, what to do
  cairn detections lint --sigma my-rules/`,
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := app.Detections()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return p.listDetections(found)
			}
			d, err := p.app().Detection(found, args[0])
			if err != nil {
				return err
			}
			return p.page(&rule.Rule{Meta: d.Meta})
		},
	}
	c.AddCommand(p.lintDetections())
	return c
}

func (p *program) listDetections(found []*detect.Detection) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSEVERITY\tGROUP\tTITLE")
	for _, d := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.ID, graded(d), d.Group, d.Title)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	p.note("An event that is known to have cost records is worse than that, up to extreme.")
	return nil
}

// graded is a detection's severity, as the catalogue has it, and the highest that one of its events has by itself.
func graded(d *detect.Detection) string {
	most := d.Severity
	for _, a := range d.Actions() {
		most = max(most, a.Severity)
	}
	if most == d.Severity {
		return most.String()
	}
	return d.Severity.String() + ", up to " + most.String()
}

func (p *program) lintDetections() *cobra.Command {
	var paths []string
	c := &cobra.Command{
		Use: "lint", Short: "Check Sigma rules: what cannot run, and what must see every record", Args: noArgs,
		Example: `  cairn detections lint
  cairn detections lint --sigma sigma/rules/cloud/aws/cloudtrail`,
		RunE: func(*cobra.Command, []string) error {
			found, err := app.Detections()
			if err != nil {
				return err
			}
			users, bad, err := app.UserDetections(paths)
			if err != nil {
				return err
			}
			return p.lint(found, users, bad)
		},
	}
	c.Flags().StringArrayVar(&paths, "sigma", nil, "also a user's Sigma rules, from a file or `folder`; repeatable")
	return c
}

// lint prints what there is to say of each rule, a user's own first, and fails where one cannot run whatever its
// placeholders hold.
func (p *program) lint(ours, users []*detect.Detection, bad sigma.Errors) error {
	found := slices.Concat(ours, users)
	d, refused, err := detect.New(detect.Options{Detections: found})
	if err != nil {
		return err
	}
	broken := map[[2]string]bool{} // by file and rule: one may have several mistakes
	for _, e := range bad {
		fmt.Fprintln(p.stdout, e)
		broken[[2]string{e.File, e.Rule}] = true
	}
	waiting, rules := 0, 0
	for _, r := range refused {
		if e, ok := errors.AsType[*sigma.Error](r.Why); ok && r.Needs == "" {
			broken[[2]string{e.File, e.Rule}] = true
		}
		if r.Needs != "" {
			waiting++
		}
	}
	of := func(some []*detect.Detection) {
		for _, one := range some {
			rules += len(one.Rules)
			p.lintOne(one, d.Unindexed(), refused)
		}
	}
	of(users)
	if len(users)+len(bad) > 0 {
		fmt.Fprintln(p.stdout, "\nOf cairn's own:")
	}
	of(ours)
	fmt.Fprintf(p.stdout, "%d detections of %d rules: %d wait for a value, %d must see every record, %d cannot run.\n",
		len(found), rules, waiting, len(d.Unindexed()), len(broken))
	if len(broken) > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// lintOne prints what there is to say of a detection's rules.
func (p *program) lintOne(one *detect.Detection, unindexed []*sigma.Rule, refused []detect.Refusal) {
	for _, r := range one.Rules {
		for _, warning := range r.Warnings {
			fmt.Fprintf(p.stdout, "%s:%d: %s: %s\n", r.File, r.Line, r, warning)
		}
		if slices.Contains(unindexed, r) {
			fmt.Fprintf(p.stdout, "%s:%d: %s: must see every record: name eventSource and eventName in it\n", r.File, r.Line, r)
		}
	}
	for _, r := range refused {
		if r.Detection == one.ID {
			fmt.Fprintln(p.stdout, r.Why)
		}
	}
}
