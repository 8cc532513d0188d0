package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/collect"
	"cairn.example/internal/model"
)

func (p *program) doctor() *cobra.Command {
	var (
		from  app.AWS
		sel   app.Selection
		watch bool
		keep  app.Keep
	)
	c := &cobra.Command{
		Use: "doctor", Short: "Check credentials and permissions: what cairn may read, and which rules miss what", Args: noArgs,
		Long: `Makes every call that the rules need, and says which were refused, what permission that takes, and which
rules cannot know without it. What cairn watch needs besides, Event history, is tried with --watch. With --queue,
--bucket or --store, and where cairn.yaml has channels, it looks at the whole path, from what feeds the queue to the
channels and to when something arrived last; it changes nothing and sends nothing, and messages stay in the queue.
Without credentials it looks at channels and the store alone.
Exit codes: 0 nothing is missing, 1 it could not run, 2 usage, 4 something is missing or not ok.`,
		Example: `  cairn doctor --profile prod
  cairn doctor --role arn:aws:iam::111122223333:role/cairn --rules CT-101
  cairn doctor --watch              may cairn watch read Event history, too
  cairn doctor --queue "$QUEUE_URL" --store cairn.db      does what happens reach people`,
		RunE: func(c *cobra.Command, _ []string) error {
			a := p.app()
			a.Signing = func(credentials string) { fmt.Fprintf(p.stdout, "credentials from %s\n", credentials) }
			path := app.Notify{AWS: from, Selection: sel, Keep: keep}
			result, s, err := a.Audit(c.Context(), app.Source{AWS: from}, sel, nil)
			if none, ok := errors.AsType[*app.NoCredentialsError](err); ok {
				return p.unsigned(c.Context(), path, none)
			}
			if err != nil {
				return err
			}
			var tried []app.Tried
			if watch {
				a.Signing = nil // said once
				if tried, err = a.TryHistory(c.Context(), from, s); err != nil {
					return err
				}
			}
			sick := false
			for _, account := range s.Accounts {
				sick = p.examine(account, result.Findings) || sick
				sick = p.remembers(account, tried) || sick
			}
			a.Signing = nil
			checks, err := a.CheckPath(c.Context(), path, s)
			if err != nil {
				return err
			}
			if p.path(checks) || sick {
				return &exitError{code: exitUnknown}
			}
			return nil
		},
	}
	p.awsFlags(c, &from)
	selectionFlags(c, &sel)
	c.Flags().BoolVar(&watch, "watch", false, "also ask each account once for Event history, as cairn watch does")
	f := c.Flags()
	f.StringArrayVar(&keep.Queues, "queue", nil, "look at a queue of SQS, by its `URL`, and at what feeds it; repeatable")
	f.StringArrayVar(&keep.Buckets, "bucket", nil, "try to read a trail's bucket, `s3://BUCKET[/PREFIX]`; repeatable")
	f.StringVar(&keep.Store, "store", "", "look into the store of cairn watch: a SQLite `file` (default cairn.db), or a postgres:// URL")
	return c
}

// unsigned looks at what there is to see without credentials: channels and the store. Where neither is, what to do about
// the credentials is all that there is to say.
func (p *program) unsigned(ctx context.Context, n app.Notify, none *app.NoCredentialsError) error {
	checks, err := p.app().CheckPath(ctx, n, &model.Snapshot{})
	if err != nil {
		return err
	}
	if len(checks) == 0 {
		return none
	}
	what, todo, _ := strings.Cut(none.Error(), "\n")
	signIn, _, _ := strings.Cut(todo, "\n")
	fmt.Fprintf(p.stdout, "  missing  %s: no account was looked at\n           %s\n", what, strings.TrimSpace(signIn))
	p.path(checks)
	return &exitError{code: exitUnknown}
}

// path prints what was looked at on the way from AWS to people, and tells whether something is wrong there.
func (p *program) path(checks []app.Check) bool {
	if len(checks) > 0 {
		fmt.Fprintln(p.stdout, "the path of cairn watch")
	}
	for _, c := range checks {
		fmt.Fprintf(p.stdout, "  %-8s %s\n", c.Verdict, c.What)
		if c.Do != "" {
			fmt.Fprintf(p.stdout, "           %s\n", c.Do)
		}
	}
	return slices.ContainsFunc(checks, func(c app.Check) bool { return c.Verdict == app.Wrong })
}

// remembers prints whether an account's Event history answered, and tells whether it did not.
func (p *program) remembers(a *model.Account, tried []app.Tried) bool {
	i := slices.IndexFunc(tried, func(t app.Tried) bool { return t.Account == a.ID })
	switch {
	case i < 0:
		return false
	case tried[i].Err == nil:
		fmt.Fprintf(p.stdout, "  ok       Event history answers in %s (cairn watch)\n", tried[i].Region)
		return false
	}
	call, ok := errors.AsType[*collect.CallError](tried[i].Err)
	fmt.Fprintf(p.stdout, "  missing  %v\n           %swithout it cairn watch reads --files, --queue and --bucket alone\n",
		tried[i].Err, needed(collect.LookupPermission, ok && call.Denied()))
	return true
}

// needed names the permission of a call that was denied: one that failed otherwise may have it.
func needed(permission string, denied bool) string {
	if permission == "" || !denied {
		return ""
	}
	return "needs " + permission + "; "
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
	for _, g := range alike(a.Gaps) {
		switch {
		case g.AnsweredBy != "":
			fmt.Fprintf(p.stdout, "  ok       %s; %s answered instead\n", g.words(), g.AnsweredBy)
		case g.Accepted:
			fmt.Fprintf(p.stdout, "  ok       %s; accepted as such (regions.acceptUnread)\n", g.words())
		default:
			missing = true
			fmt.Fprintf(p.stdout, "  missing  %s\n           %swithout it %s\n",
				g.words(), needed(g.Permission, model.Denied(g.Code)), consequence(findings, g.each))
		}
	}
	if !missing {
		fmt.Fprintln(p.stdout, "  ok       every call that the rules need was answered")
	}
	return missing
}

// gapsAlike are gaps that differ in the trail alone; the first of them stands for all.
type gapsAlike struct {
	model.Gap
	each []model.Gap
}

func alike(gaps []model.Gap) []gapsAlike {
	var out []gapsAlike
	for _, g := range gaps {
		same := func(o gapsAlike) bool {
			one := o.Gap
			one.Resource = g.Resource
			return one == g
		}
		i := slices.IndexFunc(out, same)
		if i < 0 {
			i, out = len(out), append(out, gapsAlike{Gap: g})
		}
		out[i].each = append(out[i].each, g)
	}
	return out
}

// words are the gaps as one line, with the trails that the call was about.
func (g gapsAlike) words() string {
	var trails []string
	for _, one := range g.each {
		if name := model.ARNPart(one.Resource, 5); strings.HasPrefix(name, "trail/") {
			trails = append(trails, name)
		}
	}
	if len(trails) == 0 {
		return g.String()
	}
	return strings.Replace(g.String(), g.Call, g.Call+" of "+strings.Join(trails, ", "), 1)
}

func consequence(findings []model.Finding, gaps []model.Gap) string {
	var rules []string
	for _, g := range gaps {
		rules = append(rules, leftUnknown(findings, g)...)
	}
	slices.Sort(rules)
	rules = slices.Compact(rules)
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
