package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	channels "cairn.example/internal/notify/all"
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

	verbose, quiet, debug bool
	stopped               sync.Once
	noted                 sync.Map    // what was said once
	lasting               atomic.Bool // a watch was begun that ends when it is asked to, and well
	keeping               atomic.Bool // it is under way, and must not be cut short
	began                 bool        // a command's own work; before it every error is one of usage
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
	root := p.root() //nolint:contextcheck // cobra hands every command the context of ExecuteContext
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if !p.began {
		err = unknownCommand(root, err)
	}
	code, text := exitFailed, err.Error()
	if exit, ok := errors.AsType[*exitError](err); ok {
		code, text = exit.code, exit.text
	} else if _, ok := errors.AsType[*app.UsageError](err); ok || !p.began {
		code = exitUsage
	}
	if ctx.Err() != nil {
		return p.interrupted()
	}
	if text != "" {
		fmt.Fprintf(p.stderr, "cairn: %s\n", text)
	}
	return code
}

// interrupted says so, once: a run that ends by itself and the one who lost patience with it may both come to say it. A
// watch that goes on for good ends no other way, and had nothing to finish while it started.
func (p *program) interrupted() int {
	p.stopped.Do(func() { fmt.Fprintln(p.stderr, "cairn: interrupted") })
	if p.lasting.Load() && !p.keeping.Load() {
		return exitOK
	}
	return exitInterrupted
}

// patience is how long the run may take to end when it is interrupted.
func (p *program) patience() time.Duration {
	if p.keeping.Load() {
		return watchsPatience
	}
	return patience
}

// note says on stderr what a person may want to know beside the output.
func (p *program) note(format string, args ...any) {
	if !p.quiet {
		fmt.Fprintf(p.stderr, format+"\n", args...)
	}
}

// once notes what may come to be said again and again, as long as it is so.
func (p *program) once(text string) {
	if _, said := p.noted.LoadOrStore(text, true); !said {
		p.note("%s", text)
	}
}

// more says on stderr what only somebody wants to know who asked for more.
func (p *program) more(format string, args ...any) {
	if p.verbose {
		p.note(format, args...)
	}
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "cairn",
		Short: "Know that your AWS audit trail is on, complete and untouched, and who touched it",
		Example: `  cairn demo                                       see it on an example organization, without credentials
  cairn audit --profile prod                       judge an account
  cairn rules CT-101                               what a rule promises, and why
  cairn fix CT-101 --profile prod                  print what would put it right
  cairn watch --profile prod --once --since 7d     who changed the trail, and what it cost`,
		Version:       versionText(),
		SilenceErrors: true, SilenceUsage: true, DisableSuggestions: true, // ours are in usage.go
	}
	root.PersistentFlags().BoolVarP(&p.verbose, "verbose", "v", false, "say more: passes, answered gaps; what a watch watches for and knows")
	root.PersistentFlags().BoolVarP(&p.quiet, "quiet", "q", false, "say nothing on stderr but errors")
	root.PersistentFlags().BoolVar(&p.debug, "debug", false, "log every call to stderr, without secrets")
	root.SetVersionTemplate("cairn {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(p.audit(), p.collect(), p.fix(), p.policy(), p.rules(), p.frameworks(), p.watch(), p.notify(), p.detections(), p.config(), p.doctor(), p.demo(), p.version())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		p.settle(c)
	}
	return root
}

// settle notes when a command's own work begins, at every level: what cobra refuses before is a usage error.
// Where cobra would print help and call that a success, a word it does not know is an error too.
func (p *program) settle(c *cobra.Command) {
	switch work := c.RunE; {
	case c.Name() == "help":
		c.Run, c.RunE = nil, helpOn
	case work != nil:
		c.RunE = func(c *cobra.Command, args []string) error {
			p.began = true
			return work(c, args)
		}
	case c.Run == nil:
		c.Args, c.RunE = cobra.ArbitraryArgs, helpOnly
	}
	for _, sub := range c.Commands() {
		p.settle(sub)
	}
}

// helpOn is cairn help COMMAND.
func helpOn(c *cobra.Command, args []string) error {
	about, rest, err := c.Root().Find(args)
	if err != nil {
		return noCommand(c.Root(), args[0])
	}
	if len(rest) > 0 {
		return noCommand(about, rest[0])
	}
	return about.Help()
}

// helpOnly is a command that only holds others.
func helpOnly(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return noCommand(c, args[0])
	}
	return c.Help()
}

// app builds cairn for a command.
func (p *program) app() *app.App {
	level := slog.LevelWarn
	if p.debug {
		level = slog.LevelDebug
	}
	a := &app.App{
		Version: versionText(), Rules: all.Rules(), Kinds: channels.Kinds(), Now: p.now,
		Log: slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level})), Note: p.once,
	}
	if !p.terminal(p.stdin) {
		a.Stdin = p.stdin
	}
	if p.terminal(p.stderr) && p.env("TERM") != "dumb" && !p.debug && !p.quiet {
		a.Progress = &progress{out: p.stderr, now: p.now, began: p.now()}
	}
	return a
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
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.stdout, "cairn %s\n", versionText())
			return err
		},
	}
}
