package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/model"
)

func (p *program) doctor() *cobra.Command {
	var (
		from app.AWS
		sel  app.Selection
	)
	c := &cobra.Command{
		Use: "doctor", Short: "Check credentials and permissions: what cairn may read, and which rules miss what", Args: noArgs,
		Long: `Makes every call that the rules need, and says which were refused, what permission that takes, and which
rules cannot know without it. Exit codes: 0 nothing is missing, 1 it could not run, 2 usage, 4 something is missing.`,
		Example: `  cairn doctor --profile prod
  cairn doctor --role arn:aws:iam::111122223333:role/cairn --rules CT-101`,
		RunE: func(c *cobra.Command, _ []string) error {
			a := p.app()
			a.Signing = func(credentials string) { fmt.Fprintf(p.stdout, "credentials from %s\n", credentials) }
			result, s, err := a.Audit(c.Context(), app.Source{AWS: from}, sel, nil)
			if err != nil {
				return err
			}
			sick := false
			for _, account := range s.Accounts {
				sick = p.examine(account, result.Findings) || sick
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
func (p *program) examine(a *model.Account, findings []model.Finding) bool {
	if a.Caller == "" {
		fmt.Fprintf(p.stdout, "account %s: nobody could be asked\n", a.ID)
	} else {
		fmt.Fprintf(p.stdout, "account %s as %s: %s, %s\n", a.ID, a.Caller,
			model.Count(len(a.Regions.Items), "Region", "Regions"), model.Count(len(a.Trails.Items), "trail", "trails"))
	}
	missing := false
	for _, g := range a.Gaps {
		switch {
		case g.AnsweredBy != "":
			fmt.Fprintf(p.stdout, "  ok       %s; %s answered instead\n", g, g.AnsweredBy)
		case g.Accepted:
			fmt.Fprintf(p.stdout, "  ok       %s; accepted as such (regions.acceptUnread)\n", g)
		default:
			missing = true
			fmt.Fprintf(p.stdout, "  missing  %s\n           needs %s; without it %s\n",
				g, cmp.Or(g.Permission, "no permission"), consequence(findings, g))
		}
	}
	if !missing {
		fmt.Fprintln(p.stdout, "  ok       every call that the rules need was answered")
	}
	return missing
}

func consequence(findings []model.Finding, g model.Gap) string {
	rules := leftUnknown(findings, g)
	if len(rules) == 0 {
		return "no verdict is unknown"
	}
	return "unknown: " + strings.Join(rules, ", ")
}

// leftUnknown are the rules with a verdict that is unknown because of the gap: one of the facts that decided it would
// have been told by that call. A rule that reads the fact and came to its verdict without it is not among them.
func leftUnknown(findings []model.Finding, g model.Gap) []string {
	var out []string
	for _, f := range findings {
		another := f.Resource.Kind == model.TrailKind && g.Resource != "" && g.Resource != f.Resource.ID
		because := func(e model.Evidence) bool {
			from := e.Origin
			return from.Why != "" && from.Call == g.Call && from.Region == g.Region && cmp.Or(from.Account, f.Account) == g.Account
		}
		if f.Status == model.StatusUnknown && !another && slices.ContainsFunc(f.Evidence, because) && !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	slices.Sort(out)
	return out
}
