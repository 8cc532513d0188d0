package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
)

func (p *program) watch() *cobra.Command {
	var (
		w    app.Watch
		show watchFilter
		form string
	)
	c := &cobra.Command{
		Use: "watch", SuggestFor: []string{"detect", "monitor", "tail", "follow"},
		Short: "Watch records: who changed the audit trail, and what is no longer recorded", Args: noArgs,
		Long: `Reads CloudTrail records and tells what each change of the audit trail cost: what is no longer recorded, since
when, by whom, and the command that repairs it. Without --files it follows the Event history of the accounts
(LookupEvents), which needs no deployment and works when the last trail is dead; Event history holds management
events only, so what happens to log files (data events) is seen in --files alone.

Exit codes are those of cairn audit: 3 when something was found.`,
		Example: `  cairn watch --profile prod                               follow the account's Event history
  cairn watch --once --since 24h --format jsonl            what happened in the last day
  cairn watch --files AWSLogs/ --once --snapshot prod.json what log files tell, and what each change cost
  zcat *.json.gz | cairn watch --files - --once            from a pipe
  cairn watch --files logs/ --once --sigma my-rules/       with your own Sigma rules`,
		RunE: func(c *cobra.Command, _ []string) error { return p.runWatch(c.Context(), w, show, form) },
	}
	f := c.Flags()
	f.StringArrayVar(&w.Files, "files", nil, "records in a `path`: a file, a folder, a glob, - for the standard input; repeatable")
	f.BoolVar(&w.Once, "once", false, "end when all that is there now was read")
	f.StringSliceVar(&w.Detections, "detections", nil, "only these detections, by `id`, comma-separated (cairn detections)")
	f.StringArrayVar(&w.Sigma, "sigma", nil, "also a user's Sigma rules, from a file or `folder`; repeatable")
	f.StringVar(&w.State, "state", "", "`file` that remembers what was read, so that a restart goes on from there")
	f.DurationVar(&w.Every, "every", time.Minute, "`time` between two looks")
	f.DurationVar(&w.Since, "since", 24*time.Hour, "`time` that the first look at Event history goes back; 90 days are kept")
	f.BoolVar(&w.NoDedup, "no-dedup", false, "judge also records that were read before")
	f.StringVar(&form, "format", report.WatchFormats[0].Name, "`format` of what is told:"+watchFormats())
	p.sourceFlags(c, &w.Source)
	settingsFlags(c, &w.Selection)
	show.flags(c)
	return c
}

func watchFormats() string {
	var names, helps []string
	for _, f := range report.WatchFormats {
		names, helps = append(names, f.Name), append(helps, f.Help)
	}
	return choices(names, helps)
}

func (p *program) runWatch(ctx context.Context, w app.Watch, show watchFilter, form string) error {
	i := slices.IndexFunc(report.WatchFormats, func(f report.WatchFormat) bool { return f.Name == form })
	if i < 0 {
		return &app.UsageError{Err: fmt.Errorf("format %q: want text or jsonl", form)}
	}
	if err := show.parse(); err != nil {
		return &app.UsageError{Err: err}
	}
	out := report.WatchFormats[i].New(p.stdout, p.style(p.stdout))
	worst := model.Severity(0)
	w.Stdin, w.Say = p.stdin, p.note
	w.Tell = func(f model.Finding) error {
		worst = max(worst, f.Severity)
		if !show.shows(f) {
			return nil
		}
		return out.Finding(f)
	}
	began := p.now()
	counts, err := p.app().Watch(ctx, w)
	sum := summary(counts, p.now().Sub(began))
	if err == nil || counts.Records > 0 {
		err = errors.Join(err, out.Close(sum))
	}
	if err != nil {
		return err
	}
	if form == "text" {
		p.note("%s", watched(sum))
	}
	if worst >= show.failsFrom {
		return &exitError{code: exitFindings}
	}
	return nil
}

func summary(c detect.Counts, took time.Duration) report.WatchSummary {
	return report.WatchSummary{
		Records: c.Records, Judged: c.Judged, Duplicates: c.Duplicates, Rejected: c.Rejected, Files: c.Files,
		Bytes: c.Bytes, Seconds: took.Seconds(),
	}
}

// watched is what was read, in a line.
func watched(s report.WatchSummary) string {
	rate := ""
	if s.Seconds >= 1 {
		rate = fmt.Sprintf(", %.0f records/s", float64(s.Records)/s.Seconds)
	}
	return fmt.Sprintf("%s in %s: %d judged, %d duplicates, %d rejected; %.1f s%s.", model.Count(s.Records, "record", "records"),
		model.Count(s.Files, "object", "objects"), s.Judged, s.Duplicates, s.Rejected, s.Seconds, rate)
}

// watchFilter is what of the findings is printed, never what is judged, and from which severity on the exit code
// counts.
type watchFilter struct {
	severity, failOn string
	actor, trail     string
	from, to         string

	least, failsFrom model.Severity
	after, before    time.Time
}

func (f *watchFilter) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.failOn, "fail-on", "low", "lowest `severity` of a finding that sets the exit code")
	c.Flags().StringVar(&f.severity, "severity", "", "print only findings of this `severity` or above")
	c.Flags().StringVar(&f.actor, "actor", "", "print only what actors did whose ARN, name or access key holds this `text`")
	c.Flags().StringVar(&f.trail, "trail", "", "print only what is about trails whose ARN holds this `text`")
	c.Flags().StringVar(&f.from, "from", "", "print only events from this `time` on: 2026-11-25 or 2026-11-25T13:00:00Z")
	c.Flags().StringVar(&f.to, "to", "", "print only events before this `time`")
}

func (f *watchFilter) parse() error {
	var errs []error
	read := func(name string, into *model.Severity) {
		s, err := model.ParseSeverity(name)
		*into, errs = s, append(errs, err)
	}
	if f.severity != "" {
		read(f.severity, &f.least)
	}
	read(f.failOn, &f.failsFrom)
	at := func(flag, text string, into *time.Time) {
		if text == "" {
			return
		}
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil {
				*into = t
				return
			}
		}
		errs = append(errs, fmt.Errorf("--%s %q: want 2026-11-25 or 2026-11-25T13:00:00Z", flag, text))
	}
	at("from", f.from, &f.after)
	at("to", f.to, &f.before)
	return errors.Join(errs...)
}

func (f *watchFilter) shows(found model.Finding) bool {
	c := found.Cause
	holds := func(text string, in ...string) bool {
		return text == "" || slices.ContainsFunc(in, func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(text)) })
	}
	return found.Severity >= f.least && holds(f.actor, c.Actor.ARN, c.Actor.Session, c.Actor.AccessKeyID) &&
		(f.trail == "" || found.Resource.Kind == model.TrailKind && holds(f.trail, found.Resource.ID)) &&
		!c.EventTime.Before(f.after) && (f.before.IsZero() || c.EventTime.Before(f.before))
}
