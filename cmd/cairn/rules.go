package main

import (
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"cairn.example/rules/all"
)

func (p *program) rules() *cobra.Command {
	return &cobra.Command{
		Use: "rules [ID]", Short: "List the rules, or read a rule's page", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, r := range all.Rules() {
				if len(args) == 0 {
					fmt.Fprintf(p.stdout, "%-8s %-10s %s\n", r.ID, r.Severity, r.Title)
				} else if r.ID == args[0] {
					page, err := fs.ReadFile(r.Files, "page.md")
					if err != nil {
						return err
					}
					fmt.Fprint(p.stdout, string(page))
				}
			}
			return nil
		},
	}
}
