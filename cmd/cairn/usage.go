package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cairn.example/internal/app"
	"cairn.example/internal/rule"
)

// usage is a mistake in the command line, with what to do next: what was probably meant, or where it is listed.
func usage(c *cobra.Command, meant, format string, args ...any) error {
	if meant == "" {
		meant = "; " + c.CommandPath() + " --help shows how"
	}
	return &app.UsageError{Err: fmt.Errorf(format+"%s", append(args, meant)...)}
}

// flagError says in cairn's words what the flag library refused.
func flagError(c *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if e.GetSpecifiedShortnames() != "" {
			return usage(c, "", "no flag -%s", e.GetSpecifiedName())
		}
		meant := rule.Suggest(e.GetSpecifiedName(), flagsOf(c))
		return usage(c, strings.Replace(meant, "mean ", "mean --", 1), "no flag --%s", e.GetSpecifiedName())
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		what, _ := pflag.UnquoteUsage(e.GetFlag())
		return usage(c, "", "--%s: the %s is missing", e.GetFlag().Name, what)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if e.GetFlag().NoOptDefVal != "" {
			return usage(c, "", "--%s %q: want the flag alone, or true or false", e.GetFlag().Name, e.GetValue())
		}
		return usage(c, "", "--%s %q: %w", e.GetFlag().Name, e.GetValue(), e.Unwrap())
	}
	return usage(c, "", "%w", err)
}

// flagsOf lists what a command takes.
func flagsOf(c *cobra.Command) []string {
	var out []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			out = append(out, f.Name)
		}
	})
	return out
}

// noCommand is a word that is no command of c's.
func noCommand(c *cobra.Command, word string) error {
	meant := meantCommand(c, word)
	if meant == "" {
		meant = "; " + c.CommandPath() + " --help lists them"
	}
	return usage(c, meant, "no command %q", word)
}

// meantCommand suggests a command of c's: one that other tools call so, or the nearest name.
func meantCommand(c *cobra.Command, word string) string {
	var names []string
	for _, sub := range c.Commands() {
		if slices.Contains(sub.SuggestFor, strings.ToLower(word)) {
			return "; did you mean " + sub.Name() + "?"
		}
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	return rule.Suggest(word, names)
}

// unknownCommand is what cobra says of a first word that is no command, before any command of ours runs.
func unknownCommand(root *cobra.Command, err error) error {
	var word string
	if _, scan := fmt.Sscanf(err.Error(), "unknown command %q for", &word); scan != nil {
		return err
	}
	return noCommand(root, word)
}

// noArgs is a command that takes flags only.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(c, "", "want flags only, got %q", args[0])
	}
	return nil
}

// upTo is a command that takes at most one of something.
func upTo(one string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage(c, meantCommand(c, args[0]), "want at most one %s, got %d", one, len(args))
		}
		return nil
	}
}

// some is a command that takes one or more of something.
func some(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(c, "", "want %s", what)
		}
		return nil
	}
}

// oneFinding is a command that takes a finding's id, or a rule that fails in one place.
func oneFinding(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(c, "", "want one finding or rule, got %d", len(args))
	}
	return nil
}
