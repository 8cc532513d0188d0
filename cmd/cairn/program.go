package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cairn.example/internal/app"
	"cairn.example/internal/report"
	"cairn.example/rules/all"
)

// version is set by the build; without it the module's own is shown.
var version string

// program is one run of cairn: everything outside that it may touch.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	now            func() time.Time

	verbose, debug bool
}

// The exit codes, which scripts depend on.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFindings    = 3
	exitUnknown     = 4
	exitInterrupted = 130
)

// exitError ends the run with a code; an empty text has been said already.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code, text := exitFailed, err.Error()
	if exit, ok := errors.AsType[*exitError](err); ok {
		code, text = exit.code, exit.text
	} else if _, ok := errors.AsType[*app.UsageError](err); ok {
		code = exitUsage
	}
	if ctx.Err() != nil {
		code, text = exitInterrupted, "interrupted"
	}
	if text != "" {
		fmt.Fprintf(p.stderr, "cairn: %s\n", text)
	}
	return code
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "cairn",
		Short: "Know that your AWS audit trail is on, complete and untouched, and who touched it",
		Example: `  cairn demo                        see it on an example organization, without credentials
  cairn audit --profile prod        judge an account
  cairn rules CT-101                what a rule promises, and why
  cairn fix CT-101 --profile prod   print what would put it right`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.PersistentFlags().BoolVarP(&p.verbose, "verbose", "v", false, "say more: passes, answered gaps")
	root.PersistentFlags().BoolVar(&p.debug, "debug", false, "log every call to stderr, without secrets")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &app.UsageError{Err: err} })
	root.AddCommand(p.audit(), p.collect(), p.fix(), p.policy(), p.rules(), p.frameworks(), p.config(), p.doctor(), p.demo(), p.version())
	for _, c := range root.Commands() {
		usageErrors(c)
	}
	return root
}

// usageErrors makes a wrong argument a usage error, at every level.
func usageErrors(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return &app.UsageError{Err: fmt.Errorf("%w: cairn %s --help shows how", err, c.Name())}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usageErrors(sub)
	}
}

// app builds cairn for a command.
func (p *program) app() *app.App {
	level := slog.LevelWarn
	if p.debug {
		level = slog.LevelDebug
	}
	return &app.App{
		Version: versionText(), Rules: all.Rules(), Now: p.now,
		Log: slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level})),
	}
}

// style is how reports may look on an output: colour, width and signs only for a person at a terminal.
func (p *program) style(out io.Writer) report.Style {
	s := report.Style{Verbose: p.verbose, ASCII: !p.utf8()}
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a file descriptor fits
		return s
	}
	s.Color = p.env("NO_COLOR") == "" && p.env("TERM") != "dumb"
	if width, _, err := term.GetSize(int(f.Fd())); err == nil { //nolint:gosec // a file descriptor fits
		s.Width = width
	}
	if n, err := strconv.Atoi(p.env("COLUMNS")); err == nil && n > 0 {
		s.Width = n
	}
	return s
}

func (p *program) utf8() bool {
	locale := strings.ToUpper(cmp.Or(p.env("LC_ALL"), p.env("LC_CTYPE"), p.env("LANG")))
	return strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
}

// terminal tells that a person reads the output and can be asked.
func (p *program) terminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) //nolint:gosec // a file descriptor fits
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.stdout, "cairn %s\n", versionText())
			return err
		},
	}
}
