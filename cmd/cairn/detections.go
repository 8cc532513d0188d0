package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/detect"
	"cairn.example/internal/kb"
	"cairn.example/internal/rule"
	"cairn.example/internal/sigma"
	"cairn.example/rules/all"
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
			d, err := app.DetectionNamed(found, args[0])
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.ID, d.Severity, d.Group, d.Title)
	}
	return w.Flush()
}

// page prints a page for people.
func (p *program) page(r *rule.Rule) error {
	lib, err := kb.Open(all.Rules())
	if err != nil {
		return err
	}
	page, err := lib.Page(r)
	if err != nil {
		return err
	}
	style := p.style(p.stdout)
	_, err = fmt.Fprint(p.stdout, kb.Render(page, cmp.Or(style.Width, 80), style.Color))
	return err
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
			return p.lint(append(found, users...), bad)
		},
	}
	c.Flags().StringArrayVar(&paths, "sigma", nil, "also a user's Sigma rules, from a file or `folder`; repeatable")
	return c
}

// lint prints what there is to say of each rule, and fails where one cannot run whatever its placeholders hold.
func (p *program) lint(found []*detect.Detection, bad sigma.Errors) error {
	d, refused, err := detect.New(detect.Options{Detections: found})
	if err != nil {
		return err
	}
	rules, waiting := 0, 0
	for _, one := range found {
		for _, r := range one.Rules {
			rules++
			for _, warning := range r.Warnings {
				fmt.Fprintf(p.stdout, "%s:%d: %s: %s\n", r.File, r.Line, r, warning)
			}
		}
	}
	for _, r := range d.Unindexed() {
		fmt.Fprintf(p.stdout, "%s:%d: %s: must see every record: name eventSource and eventName in it\n", r.File, r.Line, r)
	}
	for _, r := range refused {
		fmt.Fprintln(p.stdout, r.Why)
		if r.Needs != "" {
			waiting++
		}
	}
	for _, e := range bad {
		fmt.Fprintln(p.stdout, e)
	}
	broken := len(refused) - waiting + len(bad)
	fmt.Fprintf(p.stdout, "%d detections of %d rules: %d wait for a value, %d must see every record, %d cannot run.\n",
		len(found), rules, waiting, len(d.Unindexed()), broken)
	if broken > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}
