//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"cairn.example/test/fidelity"
)

// result is one run of the program.
type result struct {
	code           int
	stdout, stderr string
}

// report is what the tests read of `--format json`.
type report struct {
	Findings []finding `json:"findings"`
	Gaps     []any     `json:"gaps"`
}

type finding struct {
	Rule     string `json:"rule"`
	Status   string `json:"status"`
	Account  string `json:"account"`
	Message  string `json:"message"`
	Resource struct {
		ID string `json:"id"`
	} `json:"resource"`
	Notes    []string        `json:"notes"`
	Evidence json.RawMessage `json:"evidence"`
}

// reset gives the test an empty AWS of its own.
func reset(t *testing.T, as fidelity.World) {
	t.Helper()
	if err := world.proxy.Reset(t.Context(), as); err != nil {
		t.Fatal(err)
	}
	world.cli.forget(t)
}

// setup runs lines of the AWS CLI, as one would paste them.
func setup(t *testing.T, lines string) {
	t.Helper()
	for _, args := range commands(t, lines) {
		if args[0] != "aws" {
			t.Fatalf("a line of setup does not begin with aws: %q", args)
		}
		world.cli.run(t, args[1:]...)
	}
}

// cairn runs the program against the proxy. Whatever it does, it only reads, and it makes no call
// that neither the proxy nor moto implements.
func cairn(t *testing.T, env []string, args ...string) result {
	t.Helper()
	world.proxy.Forget()
	got := run(t, append(append(base(), credentials()...), env...), args...)
	for _, call := range world.proxy.Unimplemented() {
		t.Errorf("cairn %s: the emulator does not implement %s", strings.Join(args, " "), call)
	}
	for _, call := range world.proxy.Calls() {
		if !reading.MatchString(call.Op) {
			t.Errorf("cairn %s changed something: %s", strings.Join(args, " "), call)
		}
	}
	return got
}

var reading = regexp.MustCompile(`^(Describe|Get|List|AssumeRole$)`)

func run(t *testing.T, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, world.cairn, args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return result{exit.ExitCode(), stdout.String(), stderr.String()}
	}
	if err != nil {
		t.Fatalf("cairn %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return result{0, stdout.String(), stderr.String()}
}

// audit runs `cairn audit --format json`.
func audit(t *testing.T, env []string, args ...string) (report, result) {
	t.Helper()
	got := cairn(t, env, append([]string{"audit", "--format", "json"}, args...)...)
	var parsed report
	if err := json.Unmarshal([]byte(got.stdout), &parsed); err != nil {
		t.Fatalf("cairn audit: exit %d, no JSON document: %v\n%s%s", got.code, err, got.stdout, got.stderr)
	}
	return parsed, got
}

// commands splits shell lines into words: quotes, continued lines and comments, nothing more.
func commands(t *testing.T, text string) [][]string {
	t.Helper()
	var all [][]string
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var words []string
		var word strings.Builder
		var quote rune
		begun := false
		for _, r := range line {
			switch {
			case r == quote:
				quote = 0
			case quote == 0 && (r == '\'' || r == '"'):
				quote, begun = r, true
			case quote == 0 && (r == ' ' || r == '\t'):
				if begun {
					words = append(words, word.String())
				}
				word.Reset()
				begun = false
			default:
				word.WriteRune(r)
				begun = true
			}
		}
		if quote != 0 {
			t.Fatalf("an open quote in %s", line)
		}
		if begun {
			words = append(words, word.String())
		}
		all = append(all, words)
	}
	return all
}
