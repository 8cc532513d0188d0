package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/audit"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/report"
)

// sourceFlags are the flags of every command that reads accounts.
func (p *program) sourceFlags(c *cobra.Command, from *app.Source) {
	p.awsFlags(c, &from.AWS)
	c.Flags().StringVar(&from.Snapshot, "snapshot", "", "judge a `file` that cairn collect wrote, offline; - is the standard input")
}

func (p *program) awsFlags(c *cobra.Command, from *app.AWS) {
	c.Flags().StringVar(&from.Profile, "profile", "", "`profile` of the AWS shared files")
	c.Flags().StringArrayVar(&from.Roles, "role", nil, "`ARN` of a role to assume, one account each; repeatable; with * for the account, in all accounts of the organization")
	c.Flags().StringVar(&from.ExternalID, "external-id", "", "external `id` that the roles' trust policies ask for")
	c.Flags().BoolVar(&from.Insecure, "insecure-endpoint", false, "allow an AWS_ENDPOINT_URL that is neither https nor on this machine")
	from.AskMFA = p.terminal(p.stdin) && p.terminal(p.stderr)
}

func selectionFlags(c *cobra.Command, sel *app.Selection) {
	c.Flags().StringSliceVar(&sel.Rules, "rules", nil, "only these rules, by `id`, comma-separated")
	c.Flags().StringVar(&sel.Framework, "framework", "", "only what a framework asks for, by `id` (cairn frameworks)")
	settingsFlags(c, sel)
}

func settingsFlags(c *cobra.Command, sel *app.Selection) {
	c.Flags().StringVar(&sel.Config, "config", "", "settings `file` (default cairn.yaml, where there is one)")
	c.Flags().StringVar(&sel.Preset, "preset", "", "`name` of a preset: default, or conformity, the letter of the original pages")
	c.Flags().StringArrayVar(&sel.Set, "set", nil, "one rule's `option` for this run, such as CT-001.require=any; repeatable")
}

// forFixFlag adds what only a fix reads to what the rules need.
func forFixFlag(c *cobra.Command, sel *app.Selection) {
	c.Flags().BoolVar(&sel.ForFix, "for-fix", false, "also the tags and Insights that cairn fix reads for Terraform and CloudFormation")
}

// narrowing is what is printed, never what is read or judged, and from which severity on the exit code counts.
type narrowing struct {
	severity, failOn string
	statuses         []string
	regions          []string
}

func (n *narrowing) flags(c *cobra.Command) {
	c.Flags().StringVar(&n.failOn, "fail-on", "low", "lowest `severity` of a failing or unknown finding that sets the exit code")
	c.Flags().StringVar(&n.severity, "severity", "", "print only findings of this `severity` or above")
	c.Flags().StringSliceVar(&n.statuses, "status", nil, "print only these `verdicts`: fail, unknown, pass, not-applicable")
	c.Flags().StringSliceVar(&n.regions, "region", nil, "print only findings of resources in these `Regions`, and of the account")
}

func (p *program) audit() *cobra.Command {
	var (
		from app.Source
		sel  app.Selection
		show narrowing
		out  outputs
	)
	c := &cobra.Command{
		Use: "audit", SuggestFor: []string{"scan", "check", "run", "judge"}, Short: "Judge accounts: what is recorded, what is not, and how to put it right", Args: noArgs,
		Long: `Reads an account's CloudTrail configuration and judges it, rule by rule. cairn only reads.

Exit codes: 0 nothing fails or is unknown at the threshold, 1 it could not run, 2 usage, 3 something fails,
4 nothing fails but something is unknown, 130 interrupted. AWS_RETRY_MODE and AWS_MAX_ATTEMPTS are ignored.`,
		Example: `  cairn audit --profile prod
  cairn audit --role arn:aws:iam::111122223333:role/cairn --role arn:aws:iam::444455556666:role/cairn
  cairn audit --role 'arn:aws:iam::*:role/cairn'            all accounts of the organization
  cairn audit --framework cis-aws-5.0.0 --format sarif --output cairn.sarif
  cairn audit --snapshot snapshot.json --format json`,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := p.writers(&out)
			if err != nil {
				return err
			}
			chosen, err := show.parse()
			if err != nil {
				return &app.UsageError{Err: err}
			}
			result, snapshot, err := p.app().Audit(c.Context(), from, sel, fixCommand(from, sel))
			if err != nil {
				return err
			}
			if err := chosen.checkRegions(p, result, snapshot); err != nil {
				return err
			}
			if err := w.write(result, chosen.shows); err != nil {
				return err
			}
			return chosen.exit(result)
		},
	}
	p.sourceFlags(c, &from)
	selectionFlags(c, &sel)
	show.flags(c)
	out.flags(c)
	return c
}

// narrowed is a narrowing whose words were understood.
type narrowed struct {
	narrowing
	least, failsFrom model.Severity
}

func (n narrowing) parse() (narrowed, error) {
	out := narrowed{narrowing: n}
	var errs []error
	read := func(name string, into *model.Severity) {
		s, err := model.ParseSeverity(name)
		*into, errs = s, append(errs, err)
	}
	if n.severity != "" {
		read(n.severity, &out.least)
	}
	read(n.failOn, &out.failsFrom)
	for _, s := range n.statuses {
		_, err := model.ParseStatus(s)
		errs = append(errs, err)
	}
	return out, errors.Join(append(errs, shaped(n.regions))...)
}

// shows tells what is printed.
func (n narrowed) shows(f model.Finding) bool {
	return f.Severity >= n.least &&
		(len(n.statuses) == 0 || slices.Contains(n.statuses, string(f.Status))) &&
		(len(n.regions) == 0 || f.Region == "" || slices.Contains(n.regions, f.Region))
}

// exit is the exit code as an error: nil for 0.
func (n narrowed) exit(result audit.Result) error {
	code := exitOK
	for _, f := range result.Findings {
		switch {
		case f.Severity < n.failsFrom:
		case f.Status == model.StatusFail:
			return &exitError{code: exitFindings}
		case f.Status == model.StatusUnknown:
			code = exitUnknown
		}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// fixCommand writes the command that prints a finding's fix, with the flags that found it.
func fixCommand(from app.Source, sel app.Selection) func(string) string {
	var flags []string
	add := func(name, value string) {
		if value != "" {
			flags = append(flags, name, remediate.Quote(value))
		}
	}
	if from.Snapshot == app.Stdin {
		from.Snapshot = "snapshot.json" // what was piped in can only be read again from a file
	}
	add("--snapshot", from.Snapshot)
	add("--profile", from.Profile)
	for _, role := range from.Roles {
		add("--role", role)
	}
	add("--external-id", from.ExternalID)
	if from.Insecure {
		flags = append(flags, "--insecure-endpoint")
	}
	add("--config", sel.Config)
	add("--preset", sel.Preset)
	for _, s := range sel.Set {
		add("--set", s)
	}
	return func(id string) string { return strings.Join(append([]string{"cairn fix", id}, flags...), " ") }
}

func writeResult(w report.Writer, r audit.Result, shown func(model.Finding) bool) error {
	findings := slices.DeleteFunc(slices.Clone(r.Findings), func(f model.Finding) bool { return !shown(f) })
	return report.Write(w, r.Summary, findings, r.Gaps)
}
