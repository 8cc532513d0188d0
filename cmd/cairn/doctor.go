package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

func (p *program) doctor() *cobra.Command {
	var (
		from app.AWS
		sel  app.Selection
	)
	c := &cobra.Command{
		Use: "doctor", Short: "Check credentials and permissions: what cairn may read, and which rules miss what", Args: cobra.NoArgs,
		Long: `Makes every call that the rules need, and says which were refused, what permission that takes, and which
rules cannot know without it. Exit codes: 0 nothing is missing, 1 it could not run, 2 usage, 4 something is missing.`,
		Example: `  cairn doctor --profile prod
  cairn doctor --role arn:aws:iam::111122223333:role/cairn --rules CT-101`,
		RunE: func(c *cobra.Command, _ []string) error {
			a := p.app()
			o, err := a.Options(sel)
			if err != nil {
				return err
			}
			s, err := a.Collect(c.Context(), from, app.Facts(o.Rules))
			if err != nil {
				return err
			}
			sick := false
			for _, account := range s.Accounts {
				sick = p.examine(account, o.Rules) || sick
			}
			if sick {
				return &exitError{code: exitUnknown}
			}
			return nil
		},
	}
	p.awsFlags(c, &from)
	selectionFlags(c, &sel)
	return c
}

// examine prints what an account lets cairn read and tells whether something is missing.
func (p *program) examine(a *model.Account, rules rule.Registry) bool {
	if a.Caller == "" {
		fmt.Fprintf(p.stdout, "account %s: nobody could be asked\n", a.ID)
	} else {
		fmt.Fprintf(p.stdout, "account %s as %s: %d Regions, %d trails\n", a.ID, a.Caller, len(a.Regions.Items), len(a.Trails.Items))
	}
	missing := slices.DeleteFunc(slices.Clone(a.Gaps), func(g model.Gap) bool { return g.AnsweredBy != "" })
	for _, g := range a.Gaps {
		if g.AnsweredBy != "" {
			fmt.Fprintf(p.stdout, "  ok       %s; %s answered instead\n", g, g.AnsweredBy)
		}
	}
	for _, g := range missing {
		fmt.Fprintf(p.stdout, "  missing  %s\n           needs %s; without it unknown: %s\n", g, orNothing(g.Permission), strings.Join(needing(rules, g), ", "))
	}
	if len(missing) == 0 {
		fmt.Fprintln(p.stdout, "  ok       every call that the rules need was answered")
	}
	return len(missing) > 0
}

func orNothing(permission string) string {
	if permission == "" {
		return "no permission"
	}
	return permission
}

// needing are the rules that a gap leaves with something unknown.
func needing(rules rule.Registry, g model.Gap) []string {
	var out []string
	for _, r := range rules {
		for _, f := range model.Closure(r.Needs) {
			if slices.ContainsFunc(f.Calls, func(c model.Call) bool { return c.Op == g.Call }) && !slices.Contains(out, r.ID) {
				out = append(out, r.ID)
			}
		}
	}
	return out
}
