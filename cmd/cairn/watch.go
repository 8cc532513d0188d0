package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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
		w     app.Watch
		show  watchFilter
		form  string
		since string
	)
	c := &cobra.Command{
		Use: "watch [--files PATH...]", SuggestFor: []string{"detect", "monitor", "tail", "follow"},
		Short: "Watch records: who changed the audit trail, and what is no longer recorded", Args: cobra.ArbitraryArgs,
		Long: `Reads CloudTrail records and tells what each change of the audit trail cost: what is no longer recorded, since
when, by whom, and the command that repairs it. Without --files, --queue and --bucket it follows the Event history of
the accounts (LookupEvents), which needs no deployment and works when the last trail is dead; Event history holds
management events only, so what happens to log files (data events) is seen in the others alone. docs/watch.md says
what to deploy for a queue.

With --store, --queue, --bucket or channels in cairn.yaml it keeps what it finds: in cairn.db, or where --store says.
Then it also reads and judges the accounts every hour (--every), tells the channels what they are to know
(docs/guide/notify.md), and goes on after a restart or a crash where it was. SIGTERM lets it finish what it began, 50 s
at most; what channels are still owed is kept.

Exit codes: 0 nothing found at the threshold, or asked to end a watch that keeps what it finds, 1 it could not run, or
nothing was found but not everything could be read, 2 usage, 3 something found, 130 interrupted.`,
		Example: `  cairn watch --profile prod                               follow the account's Event history
  cairn watch --once --since 7d --format jsonl             what happened in the last week
  cairn watch --files AWSLogs/ --once --snapshot prod.json what log files tell, and what each change cost
  zcat *.json.gz | cairn watch --files - --once            from a pipe
  cairn watch --files logs/ --once --sigma my-rules/       with your own Sigma rules

  for good, with a queue and Event history beside it; who is told stands in cairn.yaml:
  cairn notify test security
  cairn watch --queue https://sqs.eu-west-1.amazonaws.com/111122223333/cairn --history --store cairn.db --listen :9464`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(w.Files) == 0 && len(args) > 0 {
				return usage(c, "", "want flags only, got %q: records are read with --files %s", args[0], args[0])
			}
			w.Files = append(w.Files, args...) // what a shell made of --files *.gz
			now := p.now()
			from, err := moment("since", since, now)
			if err == nil {
				err = show.parse(now)
			}
			if err != nil {
				return &app.UsageError{Err: err}
			}
			asksHistory := len(w.Files)+len(w.Queues)+len(w.Buckets) == 0 || w.History
			if w.Since = now.Sub(from); w.Since > 90*day && asksHistory {
				return usage(c, "", "--since %s: Event history holds the last 90 days; older records are in log files (--files, --bucket)", since)
			}
			if w.Once && len(w.Queues) > 0 {
				return usage(c, "", "--once goes with --files, --bucket and Event history: a queue has no end")
			}
			if w.Once && w.Listen != "" {
				return usage(c, "", "--once ends before anybody comes to --listen: leave one of them out")
			}
			return p.runWatch(c.Context(), w, show, form)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&w.Files, "files", nil, "records in a `path`: a file, a folder, a glob, - for the standard input; several may follow, and it is repeatable")
	f.BoolVar(&w.Once, "once", false, "end when all that is there now was read")
	f.StringSliceVar(&w.Detections, "detections", nil, "only these detections, by `id`, comma-separated (cairn detections); rules of --sigma all come on top, unless one is named")
	f.StringArrayVar(&w.Sigma, "sigma", nil, "also a user's Sigma rules, from a file or `folder`; repeatable")
	f.StringVar(&w.State, "state", "", "`file` that remembers what was read, so that a restart goes on from there; for a watch without a store")
	f.DurationVar(&w.Poll, "poll", time.Minute, "`time` between two looks at Event history or into files")
	p.keepFlags(c, &w)
	f.StringVar(&since, "since", "24h", "how far the first look at Event history or into a bucket goes back, or to which `time`: 36h, 7d, 2026-11-25; Event history keeps 90 days")
	f.BoolVar(&w.NoDedup, "no-dedup", false, "judge also records that were read before")
	f.StringVar(&form, "format", report.WatchFormats[0].Name, "`format` of what is told (default text):"+watchFormats())
	f.Lookup("format").DefValue = "" // or it would stand behind the last of the formats
	p.sourceFlags(c, &w.Source)
	f.Lookup("snapshot").Usage = "what is known of the accounts: a `file` that cairn collect wrote, with --files, --queue or --bucket; - is the standard input"
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

// watchFormat finds a format of what is told.
func watchFormat(name string) (report.WatchFormat, error) {
	i := slices.IndexFunc(report.WatchFormats, func(f report.WatchFormat) bool { return f.Name == name })
	if i < 0 {
		return report.WatchFormat{}, &app.UsageError{Err: fmt.Errorf("format %q: want text or jsonl", name)}
	}
	return report.WatchFormats[i], nil
}

func (p *program) runWatch(ctx context.Context, w app.Watch, show watchFilter, name string) error {
	form, err := watchFormat(name)
	if err != nil {
		return err
	}
	out := form.New(p.stdout, p.style(p.stdout))
	worst, hidden := model.Severity(0), 0
	w.Stdin, w.Say, w.More = p.stdin, p.note, p.more
	w.Tell = func(f model.Finding) error {
		if f.Status == model.StatusFail {
			worst = max(worst, f.Severity)
		}
		shown := show.shows(f)
		if !shown {
			hidden++
		}
		return out.Finding(f, shown)
	}
	w.Told, w.FixCommand = p.told(out, &show, &worst), fixCommand(w.Source, w.Selection)
	w.Lasting, w.Keeping = func() { p.lasting.Store(true) }, func() { p.keeping.Store(true) }
	if p.terminal(p.stderr) && !p.terminal(p.stdout) && !p.quiet {
		w.Progress = p.footer()
	}
	began := p.now()
	read, err := p.app().Watch(ctx, w)
	partly, incomplete := errors.AsType[*app.IncompleteError](err)
	if err != nil && !incomplete && ctx.Err() != nil && p.lasting.Load() { // it was asked to end before it came to read anything
		p.more("the watch was starting: %v", err)
		p.interrupted()
		return nil
	}
	if incomplete {
		err = nil
	}
	sum := summary(read.Counts, p.now().Sub(began))
	if err == nil || read.Records > 0 {
		if closed := out.Close(sum); err == nil {
			err = closed // else it may say the same once more
		}
	}
	if err != nil {
		return err
	}
	p.sayHidden(hidden)
	if worst == 0 && !incomplete {
		p.note("Nothing found: %s judged by %s.", model.Count(read.Judged, "record", "records"), model.Count(read.Detections, "detection", "detections"))
	}
	if form.Name == report.WatchFormats[0].Name {
		p.note("%s", watched(sum))
	}
	switch found := worst >= show.failsFrom; {
	case p.keeping.Load() && ctx.Err() != nil: // it was asked to end, and did
		return nil //nolint:nilerr // what was not read was told
	case found && incomplete:
		return &exitError{exitFindings, partly.Error()}
	case found:
		return &exitError{code: exitFindings}
	case incomplete:
		return partly
	}
	return nil
}

// sayHidden says that there is more than what was printed.
func (p *program) sayHidden(n int) {
	if n > 0 {
		p.note("%s not shown: left out by --severity, --actor, --trail, --from or --to", model.Count(n, "event is", "events are"))
	}
}

func summary(c detect.Counts, took time.Duration) report.WatchSummary {
	return report.WatchSummary{
		Records: c.Records, Judged: c.Judged, Duplicates: c.Duplicates, Rejected: c.Rejected, Forgotten: c.Forgotten, Files: c.Files,
		Bytes: c.Bytes, Seconds: took.Seconds(),
	}
}

// watched is what was read, in a line.
func watched(s report.WatchSummary) string {
	rate := ""
	if perSecond := float64(s.Records) / s.Seconds; s.Seconds >= 1 && perSecond >= 1 {
		rate = fmt.Sprintf(", %.0f records/s", perSecond)
	}
	forgotten := ""
	if s.Forgotten > 0 {
		forgotten = fmt.Sprintf(" (%d of them of no known trail, and forgotten before one was told of)", s.Forgotten)
	}
	return fmt.Sprintf("%s in %s: %d judged%s, %d duplicates, %d rejected; %.1f s%s.", model.Count(s.Records, "record", "records"),
		model.Count(s.Files, "object", "objects"), s.Judged, forgotten, s.Duplicates, s.Rejected, s.Seconds, rate)
}

// watchFilter is what of the findings is printed, never what is judged, and from which severity on the exit code
// counts.
type watchFilter struct {
	severity, failOn string
	actor, trail     string
	from, to         string

	least, failsFrom model.Severity
	after, before    time.Time
	printed          map[[3]string]bool
}

func (f *watchFilter) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.failOn, "fail-on", "low", "lowest `severity` of a finding that sets the exit code")
	c.Flags().StringVar(&f.severity, "severity", "", "print only findings of this `severity` or above")
	c.Flags().StringVar(&f.actor, "actor", "", "print only what actors did whose ARN, name or access key holds this `text`")
	c.Flags().StringVar(&f.trail, "trail", "", "print only what is about trails whose ARN holds this `text`")
	c.Flags().StringVar(&f.from, "from", "", "print only events from this `time` on: 2026-11-25, 2026-11-25T13:00:00Z, or 24h for a day ago")
	c.Flags().StringVar(&f.to, "to", "", "print only events before this `time`")
}

func (f *watchFilter) parse(now time.Time) error {
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
		t, err := moment(flag, text, now)
		*into, errs = t, append(errs, err)
	}
	at("from", f.from, &f.after)
	at("to", f.to, &f.before)
	if !f.before.IsZero() && !f.after.Before(f.before) {
		errs = append(errs, fmt.Errorf("--from %s is not before --to %s: no event can be printed", f.from, f.to))
	}
	f.printed = map[[3]string]bool{}
	return errors.Join(errs...)
}

// shows tells whether a line is printed. One that takes the place of a printed line always is.
func (f *watchFilter) shows(found model.Finding) bool {
	line := [3]string{found.Account, found.Cause.EventID, found.ID}
	if !f.printed[line] && !f.holds(found) {
		return false
	}
	if f.any() {
		f.printed[line] = true
	}
	return true
}

func (f *watchFilter) any() bool {
	return f.severity+f.actor+f.trail+f.from+f.to != ""
}

func (f *watchFilter) holds(found model.Finding) bool {
	c := found.Cause
	holds := func(text string, in ...string) bool {
		return text == "" || slices.ContainsFunc(in, func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(text)) })
	}
	return found.Severity >= f.least && holds(f.actor, c.Actor.ARN, c.Actor.Session, c.Actor.AccessKeyID) &&
		(f.trail == "" || found.Resource.Kind == model.TrailKind && holds(f.trail, found.Resource.ID)) &&
		!c.EventTime.Before(f.after) && (f.before.IsZero() || c.EventTime.Before(f.before))
}

// moment is a time, or how long ago it was: 2026-11-25, 2026-11-25T13:00:00Z, 36h, 7d, 2w.
func moment(flag, text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			if flag == "since" && t.After(now) {
				return now, fmt.Errorf("--%s %s lies in the future", flag, text)
			}
			return t, nil
		}
	}
	ago, err := span(text)
	if err != nil || ago < 0 {
		return now, fmt.Errorf("--%s %q: want a time, such as 2026-11-25 or 2026-11-25T13:00:00Z (UTC), or how long ago it was: 36h, 7d, 2w", flag, text)
	}
	return now.Add(-ago), nil
}

// span is a duration as Go takes it, or in days or weeks.
func span(text string) (time.Duration, error) {
	m := daysOrWeeks.FindStringSubmatch(text)
	if m == nil {
		return time.ParseDuration(text) //nolint:wrapcheck // the caller says what was wanted
	}
	n, err := strconv.Atoi(m[1])
	return time.Duration(n) * map[string]time.Duration{"d": day, "w": 7 * day}[m[2]], err
}

const day = 24 * time.Hour

// daysOrWeeks are few enough digits for a duration.
var daysOrWeeks = regexp.MustCompile(`^(\d{1,4})([dw])$`)
