package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/kb"
	"cairn.example/internal/rule"
	"cairn.example/rules/all"
)

func (p *program) rules() *cobra.Command {
	c := &cobra.Command{
		Use: "rules [ID]", Short: "List the rules, or read a rule's page", Args: upTo("rule"),
		Example: `  cairn rules
  cairn rules CT-001              what it promises, why, how to check by hand, how to put it right
  cairn rules CloudTrail.1        by another tool's name for it
  cairn rules search kms decrypt  the pages that hold every word, also of what is watched for`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.listRules()
			}
			r, err := p.app().Rule(args[0])
			if err != nil {
				return err
			}
			return p.page(r)
		},
	}
	c.AddCommand(p.searchRules())
	return c
}

// elsewhere is the command that prints a page which this one does not.
func elsewhere(r *rule.Rule) string {
	if r.Kind == rule.RealTime {
		return " (cairn detections " + r.ID + ")"
	}
	return ""
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

func (p *program) listRules() error {
	lib, err := kb.Open(all.Rules())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSEVERITY\tTITLE\tSTANDARDS")
	for _, r := range all.Rules() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Title, strings.Join(lib.Families(r), " "))
	}
	return w.Flush()
}

func (p *program) searchRules() *cobra.Command {
	return &cobra.Command{
		Use: "search WORDS", Short: "Find the pages that hold every word", Args: some("the words to look for"),
		RunE: func(_ *cobra.Command, args []string) error {
			watched, err := app.Detections()
			if err != nil {
				return err
			}
			lib, err := kb.Open(slices.Concat(all.Rules(), app.Cards(watched)))
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
				fmt.Fprintf(p.stdout, "%s%s\n", h.Page.Title, elsewhere(h.Page.Rule))
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
