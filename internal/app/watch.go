package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cairn.example/detections"
	"cairn.example/frameworks"
	"cairn.example/internal/collect"
	"cairn.example/internal/config"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/internal/sigma"
	"cairn.example/internal/source"
)

// Watch is what to watch, and whom to tell.
type Watch struct {
	Source
	Selection
	Files      []string // to read; empty: the accounts' Event history
	Stdin      io.Reader
	Once       bool     // end when all that is there now was read
	Detections []string // IDs or aliases; empty is all
	Sigma      []string // files and folders of a user's own Sigma rules
	State      string   // file that remembers what was read; "" forgets
	NoDedup    bool
	Poll       time.Duration // between two looks
	Since      time.Duration // how far back the first look at Event history, or into a bucket, goes
	Keep
	FixCommand func(id string) string // that prints the fix of an audit's finding

	unread *unread

	Tell func(model.Finding) error        // each finding that is new, and those that a late event changed
	Say  func(format string, args ...any) // what a person may want to know beside the findings
	More func(format string, args ...any) // what only somebody wants to know who asked for more
}

// Watched is what a watch read, and how many detections judged it.
type Watched struct {
	detect.Counts
	Detections int
}

// tellEvery is how often what was read is told while more is read.
const tellEvery = 2 * time.Second

// Watch reads records and tells what they mean, until there are no more or the context ends. Where something could not
// be read, the error is an [*IncompleteError], after all else was told.
func (a *App) Watch(ctx context.Context, w Watch) (Watched, error) {
	w.unread = newUnread(w.Say, a.Now)
	cfg, err := a.Config(w.Selection)
	if err != nil {
		return Watched{}, err
	}
	if err := w.check(cfg); err != nil {
		return Watched{}, err
	}
	o, err := a.watching(&w, cfg)
	if err != nil {
		return Watched{}, err
	}
	if w.keeps(cfg) {
		return a.keep(ctx, &w, o, cfg)
	}
	if len(cfg.Notify.Channels) > 0 {
		w.Say("nobody is told: --once keeps nothing without --store")
	}
	var read []collect.Target
	if o.Snapshot, read, err = a.known(ctx, &w); err != nil {
		return Watched{}, err
	}
	d, refused, err := detect.New(o)
	w.sayRefused(refused)
	w.sayWaiting(refused)
	if err != nil {
		return Watched{}, err
	}
	running := running(o.Detections, refused)
	w.sayMore(running, o.Snapshot)
	t := &teller{watch: &w, detector: d}
	run, err := a.records(t, o.Snapshot, read)
	if err != nil {
		return Watched{}, err
	}
	w.sayWatching(accountsIn(o.Snapshot), "", nil)
	err = w.run(func() error { return t.run(ctx, run) })
	counts := d.Counts()
	return Watched{counts, len(running)}, w.unread.of(err, counts, w.Files)
}

// run runs a watch; one that reads what is there once says at its end what it could not read.
func (w *Watch) run(watch func() error) error {
	if w.Once {
		return watch()
	}
	return w.unread.during(watch)
}

// running are the detections that have a rule which can run as things stand.
func running(all []*detect.Detection, refused []detect.Refusal) []string {
	var out []string
	for _, d := range all {
		if !slices.ContainsFunc(refused, func(r detect.Refusal) bool { return r.Detection == d.ID && !r.Part }) {
			out = append(out, d.ID)
		}
	}
	return out
}

// records is the source: the files, or the Event history of the accounts that were read.
func (a *App) records(t *teller, s *model.Snapshot, read []collect.Target) (runner, error) {
	w, d := t.watch, t.detector
	state := source.NewState()
	if w.State != "" {
		var err error
		if state, err = source.OpenState(w.State); err != nil {
			return nil, err
		}
		state.BeforeSave = t.tell
		for id := range state.IDs() {
			d.Seen(id)
		}
	}
	if len(w.Files) > 0 {
		return source.Files{
			Paths: w.Files, Stdin: w.Stdin, Follow: !w.Once, Every: w.Poll, State: state, Problem: w.unread.problem, Now: a.Now,
		}.Run, nil
	}
	sources, all := d.Sources()
	w.sayHistory(sources, all)
	return source.Lookup{
		Accounts: histories(a.archive(w.AWS), read, s), Sources: sources, Since: w.Since, Every: w.Poll, Once: w.Once, State: state, Problem: w.unread.problem, Now: a.Now,
	}.Run, nil
}

// sayHistory says what Event history does not show.
func (w *Watch) sayHistory(sources []string, all bool) {
	w.Say("Event history holds management events only: what is done to log files is seen in --files, --queue and --bucket alone")
	if !all {
		w.Say("Event history is asked by event source: detections that look at every record see those of %s only", strings.Join(sources, ", "))
	}
}

// archive is where Event history is asked for.
func (a *App) archive(from AWS) *collect.Archive { return collect.NewArchive(a.calling(from)) }

// histories are the Event histories of the accounts that could be read.
func histories(archive *collect.Archive, targets []collect.Target, s *model.Snapshot) []source.Account {
	var out []source.Account
	for _, t := range targets {
		known := s.Accounts[0]
		if id := cmp.Or(model.ARNAccount(t.Role), t.Account); id != "" {
			known = s.Account(id)
		}
		if known != nil {
			out = append(out, source.Account{ID: known.ID, Regions: known.Regions.Items, Looker: archive.Of(t)})
		}
	}
	return out
}

// Tried is what became of a question to an account's Event history.
type Tried struct {
	Account, Region string
	Err             error // nil: it was answered
}

// TryHistory asks each account once for Event history, in a Region that it has enabled, as a watch would.
func (a *App) TryHistory(ctx context.Context, from AWS, s *model.Snapshot) ([]Tried, error) {
	targets, err := a.targets(ctx, from)
	if err != nil {
		return nil, err
	}
	var out []Tried
	for _, one := range histories(a.archive(from), targets, s) {
		if len(one.Regions) == 0 {
			continue // nobody could be asked for them, and that has been said
		}
		region := one.Regions[0]
		if slices.Contains(one.Regions, collect.FirstRegion) {
			region = collect.FirstRegion
		}
		_, _, err := one.Looker.LookupEvents(ctx, region, "cloudtrail.amazonaws.com", a.Now().Add(-time.Hour), "")
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out = append(out, Tried{one.ID, region, err})
	}
	return out, nil
}

// runner hands every object of records to a function, and takes nil for an acknowledgement.
type runner func(context.Context, source.Handle) error

// teller tells what a detector found. What was read counts as dealt with when it is told.
type teller struct {
	watch    *Watch
	detector *detect.Detector
	mu       sync.Mutex
}

// tell tells all that is new.
func (t *teller) tell() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.detector.Tell() {
		if err := t.watch.Tell(f); err != nil {
			return err
		}
	}
	return nil
}

// run runs a source and tells what it brings: at the end, and while it goes on, again and again.
func (t *teller) run(ctx context.Context, run runner) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	read := func() error {
		return run(ctx, func(_ context.Context, b source.Batch) error { return t.detector.Read(b.Name, b.Body) })
	}
	tell := func() {
		if ctx.Err() != nil {
			return
		}
		if err := t.tell(); err != nil {
			stop(err)
		}
	}
	var err error
	if t.watch.Once {
		err = read()
	} else {
		err = meanwhile(tellEvery, tell, read)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errors.Join(err, t.tell())
}

// watching gathers what a detector needs.
func (a *App) watching(w *Watch, cfg *config.Config) (detect.Options, error) {
	ours, err := Detections()
	if err != nil {
		return detect.Options{}, err
	}
	standards, err := frameworks.All()
	if err != nil {
		return detect.Options{}, err
	}
	users, refused, err := UserDetections(w.Sigma)
	if err != nil {
		return detect.Options{}, &UsageError{err}
	}
	chosen, err := a.pick(ours, users, w.Detections)
	if err != nil {
		return detect.Options{}, err
	}
	for _, why := range refused {
		w.Say("not watched for: %v", why)
	}
	for _, note := range Idle(cfg.Watch, slices.Concat(ours, users)) {
		w.Say("%s", note)
	}
	o := detect.Options{
		Detections: chosen, Rules: a.Rules, Settings: cfg.RuleSettings(), Dedup: !w.NoDedup, Values: cfg.Watch,
		Rejected: w.unread.rejected, Controls: controls(standards),
	}
	return o, nil
}

// Idle names values of cairn.yaml that no detection asks for: after a slip in a name the one that was meant has none.
func Idle(values map[string][]string, all []*detect.Detection) []string {
	var out []string
	var asked []string
	for _, d := range all {
		for _, r := range d.Rules {
			asked = append(asked, r.Placeholders()...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(asked, name) {
			out = append(out, fmt.Sprintf("watch.values.%s in cairn.yaml: no detection asks for it%s", name, rule.Suggest(name, asked)))
		}
	}
	return out
}

// known is what is known of the accounts at the start: from a file, or from AWS where credentials were named or
// Event history is read, of the targets that it returns. Files alone say nothing of whose they are, so nothing is read for
// them unasked.
func (a *App) known(ctx context.Context, w *Watch) (s *model.Snapshot, read []collect.Target, err error) {
	if len(w.Files) > 0 && w.Snapshot == "" && w.Profile == "" && len(w.Roles) == 0 {
		w.Say("nothing is known of the accounts but what the records tell, so the cost of a change is mostly unknown: cairn collect -o snapshot.json, then add --snapshot snapshot.json")
		return nil, nil, nil
	}
	facts := append(a.Rules.Needs(), remediate.Facts()...)
	if w.Snapshot != "" {
		s, err = a.snapshot(ctx, w.Source, facts)
		return s, nil, err
	}
	named, err := a.watched(ctx, w.AWS)
	if err != nil {
		return nil, nil, err
	}
	if read, err = a.spread(ctx, w.AWS, named); err != nil {
		return nil, nil, err
	}
	s, err = a.collect(ctx, w.AWS, read, facts)
	return s, read, err
}

// watched are the accounts that the flags name, of a watch: it may read more than an audit, and files without credentials.
func (a *App) watched(ctx context.Context, from AWS) ([]collect.Target, error) {
	targets, err := a.named(ctx, from)
	if none, ok := errors.AsType[*NoCredentialsError](err); ok {
		none.Watching = true
	}
	return targets, err
}

func controls(all frameworks.Frameworks) func(string) []model.Control {
	return func(id string) []model.Control {
		out := []model.Control{}
		for _, c := range all.Controls(id) {
			out = append(out, model.Control(c))
		}
		return out
	}
}

// Detections are cairn's own.
func Detections() ([]*detect.Detection, error) { return detect.Load(detections.Files) }

// Cards are the detections' index cards, as rules: what a page and the settings need of them.
func Cards(found []*detect.Detection) rule.Registry {
	var out rule.Registry
	for _, d := range found {
		out = append(out, &rule.Rule{Meta: d.Meta})
	}
	return out
}

// pick finds detections by their names. A user's rules are all taken, unless one of them is named.
func (a *App) pick(ours, users []*detect.Detection, names []string) ([]*detect.Detection, error) {
	if len(names) == 0 {
		return slices.Concat(ours, users), nil
	}
	var out []*detect.Detection
	own := false
	for _, name := range names {
		d, err := a.Detection(slices.Concat(ours, users), name)
		if err != nil {
			return nil, err
		}
		own = own || slices.Contains(users, d)
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	if !own {
		out = append(out, users...)
	}
	return out, nil
}

// Detection finds a detection by its id or an alias. What is a rule is said to be one.
func (a *App) Detection(all []*detect.Detection, name string) (*detect.Detection, error) {
	var ids []string
	for _, d := range all {
		if strings.EqualFold(d.ID, name) || slices.ContainsFunc(d.Aliases, func(alias string) bool { return strings.EqualFold(alias, name) }) {
			return d, nil
		}
		ids = append(ids, d.ID)
	}
	if r := a.Rules.Find(name); r != nil {
		return nil, &UsageError{fmt.Errorf("%s is a rule, which an audit judges by, and no detection: cairn rules %s", r.ID, r.ID)}
	}
	return nil, &UsageError{fmt.Errorf("no detection %q%s: cairn detections lists them", name, rule.Suggest(name, ids))}
}

// UserDetections reads Sigma rules from files and folders. What is for another log source is left out. In a folder a
// file with a mistake is refused by its place, and the others are taken; a file that is named itself must be right.
func UserDetections(paths []string) (found []*detect.Detection, refused sigma.Errors, err error) {
	var errs []error
	for _, path := range paths {
		files, err := sigmaFiles(path)
		errs = append(errs, err)
		taken, known := len(found), len(refused)
		for _, file := range files {
			rules, err := sigmaFile(file)
			bad, ok := errors.AsType[sigma.Errors](err)
			switch {
			case ok && file != path:
				refused = append(refused, bad...)
			case err != nil:
				errs = append(errs, err)
			}
			found = append(found, detect.FromSigma(rules)...)
		}
		if err == nil && len(found) == taken {
			errs = append(errs, fmt.Errorf("--sigma %s: there is no rule for CloudTrail that can run", path))
			for _, why := range refused[known:] {
				errs = append(errs, why)
			}
		}
	}
	return found, refused, errors.Join(errs...)
}

// sigmaFile reads a file of rules; those for another log source are none.
func sigmaFile(file string) ([]*sigma.Rule, error) {
	data, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, fmt.Errorf("read a Sigma rule: %w", err)
	}
	rules, err := sigma.Load(file, data)
	if bad, ok := errors.AsType[sigma.Errors](err); ok && bad.Foreign() {
		return nil, nil
	}
	return rules, err
}

func sigmaFiles(path string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := filepath.Ext(file); !d.IsDir() && (file == path || ext == ".yml" || ext == ".yaml") {
			out = append(out, file)
		}
		return nil
	})
	if at, ok := errors.AsType[*fs.PathError](err); ok && at.Path == path {
		err = at.Err
	}
	if err != nil {
		return nil, fmt.Errorf("--sigma %s: %w", path, err)
	}
	return out, nil
}
