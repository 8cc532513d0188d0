package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"cairn.example/frameworks"
	"cairn.example/internal/audit"
	"cairn.example/internal/collect"
	"cairn.example/internal/config"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
)

// App is cairn with its parts. Its fields are what the edge of the program gives it.
type App struct {
	Version  string
	Rules    rule.Registry
	Kinds    notify.Kinds // of channels
	Now      func() time.Time
	Log      *slog.Logger
	Settings collect.Settings
	Progress Progress                 // may be nil
	Signing  func(credentials string) // told where the credentials were found; may be nil
	Note     func(text string)        // told what a person may want to know, each time that it is so; may be nil
	Stdin    io.Reader                // for a snapshot that is piped in; nil: nobody does
}

// Progress shows a person that a collection is under way.
type Progress interface {
	Step(answered int) // after each answer, from several goroutines
	Done()             // before anything else is printed
}

// UsageError is a mistake in what was asked for, not in doing it.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap gives the mistake itself.
func (e *UsageError) Unwrap() error { return e.Err }

// Source is where the accounts' state comes from: AWS, or a file that cairn collect wrote.
type Source struct {
	AWS
	Snapshot string // a path, or [Stdin]
}

// Stdin names the standard input as a snapshot.
const Stdin = "-"

// check refuses flags that contradict each other.
func (s Source) check() error {
	if s.Snapshot != "" && (s.Profile != "" || len(s.Roles) > 0 || s.ExternalID != "") {
		return &UsageError{errors.New("--snapshot judges a file: leave out --profile, --role and --external-id, which say what to read in AWS")}
	}
	return s.AWS.check()
}

func (a AWS) check() error {
	if a.ExternalID != "" && len(a.Roles) == 0 {
		return &UsageError{errors.New("--external-id goes with --role")}
	}
	for _, role := range a.Roles {
		if !roleARN.MatchString(role) {
			return &UsageError{fmt.Errorf("--role %q: want a role's ARN, such as arn:aws:iam::111122223333:role/cairn, or with * for all accounts of the organization", role)}
		}
	}
	if i := slices.IndexFunc(a.Roles, everywhere); i >= 0 && slices.ContainsFunc(a.Roles[i+1:], everywhere) {
		return &UsageError{errors.New("--role: one with * is enough, and another for an account that has a role of its own names that account")}
	}
	return nil
}

var roleARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(?:[0-9]{12}|\*):role/[\w+=,.@/-]+$`)

// Selection is what to judge, and by which settings.
type Selection struct {
	Rules     []string // IDs or aliases; empty is all
	Framework string   // only the rules that it needs
	Config    string   // path of cairn.yaml; "" looks in the working directory
	Preset    string   // overrides the file's
	Set       []string // CT-001.require=any
	ForFix    bool     // read also what only a fix that writes the whole trail needs
}

// file is the cairn.yaml that is read, "" for none.
func (s Selection) file() string { return cmp.Or(s.Config, config.Find(".")) }

// Collect reads the facts from AWS.
func (a *App) Collect(ctx context.Context, from AWS, facts []*model.FactKind) (*model.Snapshot, error) {
	targets, err := a.targets(ctx, from)
	if err != nil {
		return nil, err
	}
	return a.collect(ctx, from, targets, facts)
}

// targets are the accounts that the flags mean.
func (a *App) targets(ctx context.Context, from AWS) ([]collect.Target, error) {
	named, err := a.named(ctx, from)
	if err != nil {
		return nil, err
	}
	return a.spread(ctx, from, named)
}

// named are the accounts as the flags name them.
func (a *App) named(ctx context.Context, from AWS) ([]collect.Target, error) {
	if err := from.check(); err != nil {
		return nil, err
	}
	targets, err := from.targets(ctx)
	if err != nil {
		return nil, err
	}
	if a.Signing != nil {
		a.Signing(targets.source)
	}
	return targets.list, nil
}

func (a *App) collect(ctx context.Context, from AWS, targets []collect.Target, facts []*model.FactKind) (*model.Snapshot, error) {
	o := a.calling(from)
	o.Facts = facts
	if a.Progress != nil {
		o.Progress = a.Progress.Step
		defer a.Progress.Done()
	}
	s, err := collect.Collect(ctx, targets, o)
	if err != nil {
		return nil, fmt.Errorf("read AWS: %w", err)
	}
	return s, nil
}

// calling is how AWS is called.
func (a *App) calling(from AWS) collect.Options {
	o := collect.Options{Now: a.Now, Log: a.Log, Settings: a.Settings}
	o.Insecure = o.Insecure || from.Insecure
	return o
}

// snapshot reads the file, or AWS.
func (a *App) snapshot(ctx context.Context, from Source, facts []*model.FactKind) (*model.Snapshot, error) {
	if err := from.check(); err != nil {
		return nil, err
	}
	if from.Snapshot == "" {
		return a.Collect(ctx, from.AWS, facts)
	}
	switch {
	case from.Snapshot == Stdin && a.Stdin == nil:
		return nil, &UsageError{errors.New("--snapshot - reads the standard input: pipe a snapshot into it, as in cairn collect | cairn audit --snapshot -")}
	case from.Snapshot == Stdin:
		return readSnapshot("standard input", a.Stdin)
	}
	f, err := os.Open(filepath.Clean(from.Snapshot))
	if err != nil {
		meant := ""
		if errors.Is(err, fs.ErrNotExist) {
			meant = ": make one with cairn collect -o " + remediate.Quote(from.Snapshot)
		}
		return nil, fmt.Errorf("open the snapshot %s: %w%s", from.Snapshot, reason(err), meant)
	}
	defer f.Close() //nolint:errcheck // read only
	return readSnapshot(from.Snapshot, f)
}

// reason is why a file cannot be opened or looked at, without the system call and the name, which its caller says.
func reason(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

func readSnapshot(name string, r io.Reader) (*model.Snapshot, error) {
	s, err := model.ReadSnapshot(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// Audit reads and judges. What was read comes along: a fix is worked out from the account, not from the finding.
// The function writes the command that prints a finding's fix; it may be nil.
func (a *App) Audit(ctx context.Context, from Source, sel Selection, fix func(id string) string) (audit.Result, *model.Snapshot, error) {
	o, err := a.options(sel)
	if err != nil {
		return audit.Result{}, nil, err
	}
	o.FixCommand = fix
	s, err := a.snapshot(ctx, from, sel.facts(o.Rules))
	if err != nil {
		return audit.Result{}, nil, err
	}
	return audit.Judge(s, o), s, nil
}

// Facts are what a selection reads.
func (a *App) Facts(sel Selection) ([]*model.FactKind, error) {
	o, err := a.options(sel)
	if err != nil {
		return nil, err
	}
	return sel.facts(o.Rules), nil
}

func (s Selection) facts(rules rule.Registry) []*model.FactKind {
	if s.ForFix {
		return append(rules.Needs(), remediate.Facts()...)
	}
	return rules.Needs()
}

// options turns a selection into what package audit wants.
func (a *App) options(sel Selection) (audit.Options, error) {
	cfg, err := a.settings(sel)
	if err != nil {
		return audit.Options{}, err
	}
	return a.judging(cfg, sel)
}

func (a *App) judging(cfg *config.Config, sel Selection) (audit.Options, error) {
	all, err := frameworks.All()
	if err != nil {
		return audit.Options{}, err
	}
	o := audit.Options{Settings: cfg.RuleSettings(), Version: a.Version, AcceptUnread: cfg.AcceptUnread, Frameworks: all}
	o.Rules, err = a.selected(sel, all)
	if sel.Framework != "" {
		o.Frameworks = slices.DeleteFunc(all, func(f frameworks.Framework) bool { return f.ID != sel.Framework })
	}
	return o, err
}

// settings are what an audit judges by. Detections, which take longer to read than some audits, are read only where
// somebody may speak of them.
func (a *App) settings(sel Selection) (*config.Config, error) {
	if sel.Config == "" && config.Find(".") == "" && len(sel.Set) == 0 {
		return a.config(sel, config.Known{Rules: a.Rules, Kinds: a.Kinds})
	}
	return a.Config(sel)
}

// Config reads the settings, which speak of rules and of what is watched for: the file, then the flags.
func (a *App) Config(sel Selection) (*config.Config, error) {
	watched, err := Detections()
	if err != nil {
		return nil, err
	}
	standards, err := frameworks.All()
	if err != nil {
		return nil, fmt.Errorf("read the frameworks: %w", err)
	}
	known := config.Known{Rules: slices.Concat(a.Rules, Cards(watched)), Kinds: a.Kinds, Services: services(watched)}
	for _, f := range standards {
		known.Standards = append(known.Standards, f.ID)
	}
	return a.config(sel, known)
}

func (a *App) config(sel Selection, all config.Known) (*config.Config, error) {
	cfg := config.Default(all)
	if path := sel.file(); path != "" {
		var err error
		if cfg, err = config.Load(path, all); err != nil {
			return nil, &UsageError{err}
		}
	}
	var errs []error
	if sel.Preset != "" {
		errs = append(errs, cfg.SetPreset(sel.Preset))
	}
	for _, s := range sel.Set {
		errs = append(errs, cfg.Set(s))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &UsageError{err}
	}
	return cfg, nil
}

// Rule finds a rule by its id or an alias. What is a detection is said to be one.
func (a *App) Rule(name string) (*rule.Rule, error) {
	r, err := a.Rules.Lookup(name)
	if err == nil {
		return r, nil
	}
	watched, broken := Detections()
	if broken != nil {
		return nil, broken
	}
	if d := Cards(watched).Find(name); d != nil {
		return nil, &UsageError{fmt.Errorf("%s is a detection, which cairn watch tells of, and no rule: cairn detections %s", d.ID, d.ID)}
	}
	return nil, &UsageError{err}
}

// selected are the rules that were asked for, in the registry's order.
func (a *App) selected(sel Selection, all frameworks.Frameworks) (rule.Registry, error) {
	want := sel.Rules
	if sel.Framework != "" {
		f, err := Framework(all, sel.Framework)
		if err != nil {
			return nil, err
		}
		want = append(slices.Clone(want), f.Rules()...)
		if len(want) == 0 {
			return nil, &UsageError{fmt.Errorf("no rule answers framework %q yet", sel.Framework)}
		}
	}
	if len(want) == 0 {
		return a.Rules, nil
	}
	picked := map[*rule.Rule]bool{}
	for _, name := range want {
		r, err := a.Rule(name)
		if err != nil {
			return nil, err
		}
		picked[r] = true
	}
	return slices.DeleteFunc(slices.Clone(a.Rules), func(r *rule.Rule) bool { return !picked[r] }), nil
}
