package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/kb"
	"cairn.example/rules/all"
)

func (p *program) rules() *cobra.Command {
	c := &cobra.Command{
		Use: "rules [ID]", Short: "List the rules, or read a rule's page", Args: cobra.MaximumNArgs(1),
		Example: `  cairn rules
  cairn rules CT-001              what it promises, why, how to check by hand, how to put it right
  cairn rules CloudTrail.1        by another tool's name for it
  cairn rules search kms decrypt`,
		RunE: func(_ *cobra.Command, args []string) error {
			lib, err := kb.Open(all.Rules())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return p.listRules(lib)
			}
			r, err := all.Rules().Lookup(args[0])
			if err != nil {
				return &app.UsageError{Err: fmt.Errorf("%w; cairn rules search finds by words", err)}
			}
			page, err := lib.Page(r)
			if err != nil {
				return err
			}
			style := p.style(p.stdout)
			_, err = fmt.Fprint(p.stdout, kb.Render(page, cmp.Or(style.Width, 80), style.Color))
			return err
		},
	}
	c.AddCommand(p.searchRules())
	return c
}

func (p *program) listRules(lib *kb.Library) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSEVERITY\tTITLE\tSTANDARDS")
	for _, r := range all.Rules() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Title, strings.Join(lib.Families(r), " "))
	}
	return w.Flush()
}

func (p *program) searchRules() *cobra.Command {
	return &cobra.Command{
		Use: "search WORDS", Short: "Find the pages that hold every word", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			lib, err := kb.Open(all.Rules())
			if err != nil {
				return err
			}
			hits, err := lib.Search(strings.Join(args, " "))
			if err != nil {
				return err
			}
			if len(hits) == 0 {
				return &exitError{exitFailed, "no page holds all of: " + strings.Join(args, " ")}
			}
			for _, h := range hits {
				fmt.Fprintf(p.stdout, "%s\n", h.Page.Title)
				if h.Heading != "" {
					fmt.Fprintf(p.stdout, "  %s: ", h.Heading)
				} else {
					fmt.Fprint(p.stdout, "  ")
				}
				fmt.Fprintf(p.stdout, "%s\n", h.Snippet)
			}
			return nil
		},
	}
}
