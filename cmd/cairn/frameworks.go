package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cairn.example/frameworks"
	"cairn.example/internal/app"
)

func (p *program) frameworks() *cobra.Command {
	return &cobra.Command{
		Use: "frameworks [ID]", Short: "List the standards, or one standard's requirements and what answers them", Args: upTo("standard"),
		Example: `  cairn frameworks
  cairn frameworks cis-aws-5.0.0`,
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := frameworks.All()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return p.listFrameworks(all)
			}
			f, err := app.Framework(all, args[0])
			if err != nil {
				return err
			}
			return p.showFramework(f)
		},
	}
}

func (p *program) listFrameworks(all frameworks.Frameworks) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tREQUIREMENTS\tNAME")
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%d\t%s\n", f.ID, len(f.Requirements), f.Title())
	}
	return w.Flush()
}

func (p *program) showFramework(f frameworks.Framework) error {
	fmt.Fprintf(p.stdout, "%s\n%s\n\n", f.Title(), f.Source)
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REQUIREMENT\tANSWERED BY\tTITLE")
	for _, r := range f.Requirements {
		title := r.Title
		if !r.Verified {
			title += " (not verified)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, strings.Join(append(slices.Clone(r.Rules), watchedFor(r)...), ", "), title)
	}
	return w.Flush()
}

// watchedFor are the detections that answer a requirement, told apart from rules: no audit judges by them.
func watchedFor(r frameworks.Requirement) []string {
	var out []string
	for _, id := range r.Detections {
		out = append(out, id+" (cairn watch)")
	}
	return out
}
