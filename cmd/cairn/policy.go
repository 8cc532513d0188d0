package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/collect"
)

func (p *program) policy() *cobra.Command {
	var (
		sel    app.Selection
		format string
		watch  bool
	)
	c := &cobra.Command{
		Use: "policy", Short: "Print the read-only IAM policy that cairn needs", Args: noArgs,
		Long: "Prints the least that the selected rules need. Every action reads configuration; none reads a log or changes anything.",
		Example: `  cairn policy > cairn-policy.json
  cairn policy --rules CT-001 --format terraform
  cairn policy --watch                             also what cairn watch needs`,
		RunE: func(*cobra.Command, []string) error {
			sel.ForFix = sel.ForFix || watch // a watch prints what repairs a trail
			facts, err := p.app().Facts(sel)
			if err != nil {
				return err
			}
			var more []string
			if watch {
				more = append(more, collect.LookupPermission)
			}
			text, err := collect.Policy(format, facts, more...)
			if err != nil {
				return &app.UsageError{Err: err}
			}
			_, err = fmt.Fprint(p.stdout, text)
			return err
		},
	}
	selectionFlags(c, &sel)
	forFixFlag(c, &sel)
	c.Flags().BoolVar(&watch, "watch", false, "also what cairn watch reads: Event history, and a trail's tags and Insights selectors; repairing a trail takes other permissions")
	c.Flags().StringVar(&format, "format", "json", "`form` of the policy: "+strings.Join(collect.PolicyFormats, ", "))
	return c
}
