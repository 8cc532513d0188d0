package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/collect"
	"cairn.example/internal/remediate"
)

func (p *program) policy() *cobra.Command {
	var (
		sel    app.Selection
		format string
		forFix bool
	)
	c := &cobra.Command{
		Use: "policy", Short: "Print the read-only IAM policy that cairn needs", Args: cobra.NoArgs,
		Long: "Prints the least that the selected rules need. Every action reads configuration; none reads a log or changes anything.",
		Example: `  cairn policy > cairn-policy.json
  cairn policy --rules CT-001 --format terraform`,
		RunE: func(*cobra.Command, []string) error {
			o, err := p.app().Options(sel)
			if err != nil {
				return err
			}
			facts := app.Facts(o.Rules)
			if forFix {
				facts = append(facts, remediate.Facts()...)
			}
			text, err := collect.Policy(format, facts)
			if err != nil {
				return &app.UsageError{Err: err}
			}
			_, err = fmt.Fprint(p.stdout, text)
			return err
		},
	}
	selectionFlags(c, &sel)
	c.Flags().BoolVar(&forFix, "for-fix", false, "also what cairn fix reads for Terraform and CloudFormation")
	c.Flags().StringVar(&format, "format", "json", "one of "+strings.Join(collect.PolicyFormats, ", "))
	return c
}
