package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/app"
	"cairn.example/internal/awsfake"
	"cairn.example/internal/model"
	channels "cairn.example/internal/notify/all"
	"cairn.example/internal/store"
	"cairn.example/rules/all"
)

// A watch that goes on says at its start what it watches, once, and nothing of trails that it will come to know.
func TestWatchSaysWhatItWatches(t *testing.T) {
	sandbox(t, "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("HOOK", "https://hooks.slack.com/services/T0/B0/x")
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"logs.json": `{"Records":[]}`, "none.yaml": "preset: default\n",
		"told.yaml": "notify: {channels: {b: {type: slack, webhook: {env: HOOK}}, a: {type: slack, webhook: {env: HOOK}}}}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		config, store, want string
		waits               bool // for a trail, and says so
	}{
		{"none.yaml", "", "watching files logs.json; told here alone", true},
		{"none.yaml", "kept.db", "watching files logs.json; kept in kept.db; told here alone", false},
		{"told.yaml", "", "watching files logs.json; kept in cairn.db; told to a, b", false},
	} {
		t.Run(c.want, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var said []string
			a := build(&bytes.Buffer{})
			a.Rules, a.Kinds = all.Rules(), channels.Kinds()
			w := app.Watch{
				Files: []string{"logs.json"}, Poll: time.Hour, Selection: app.Selection{Config: c.config}, Keep: app.Keep{Store: c.store},
				Tell: func(model.Finding) error { return nil }, More: func(string, ...any) {},
				Say: func(format string, args ...any) {
					said = append(said, fmt.Sprintf(format, args...))
					if strings.HasPrefix(said[len(said)-1], "watching ") {
						cancel()
					}
				},
			}
			if _, err := a.Watch(ctx, w); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			got := strings.Join(said, "\n")
			if strings.Count(got, "watching ") != 1 || !strings.Contains(got, c.want) {
				t.Errorf("said\n%s", got)
			}
			if strings.Contains(got, "until a trail is known") != c.waits {
				t.Errorf("of what waits for a trail it said\n%s", got)
			}
		})
	}
	if _, err := os.Stat("cairn.db"); err != nil {
		t.Error(err)
	}
}

// Two watches on one file are said to be two, by the second; it starts all the same.
func TestAFileThatAnotherWatchKeepsIsSaid(t *testing.T) {
	sandbox(t, "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("logs.json", []byte(`{"Records":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func() string {
		var said []string
		w := app.Watch{
			Files: []string{"logs.json"}, Once: true, Keep: app.Keep{Store: "kept.db"},
			Tell: func(model.Finding) error { return nil }, More: func(string, ...any) {},
			Say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
		}
		a := build(&bytes.Buffer{})
		a.Rules, a.Kinds = all.Rules(), channels.Kinds()
		if _, err := a.Watch(t.Context(), w); err != nil && !strings.HasPrefix(err.Error(), "nothing was read") {
			t.Fatal(err)
		}
		return strings.Join(said, "\n")
	}
	const other = "kept.db is another watch's too (elsewhere/1/2), and a SQLite file is for one"
	if said := start(); strings.Contains(said, "another watch") {
		t.Errorf("alone it said\n%s", said)
	}
	kept, err := store.Open(t.Context(), "kept.db", store.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(kept.Present(t.Context(), "elsewhere/1/2", time.Minute), kept.Close()); err != nil {
		t.Fatal(err)
	}
	if said := start(); !strings.Contains(said, other) {
		t.Errorf("beside another it said\n%s", said)
	}
}

// It names the accounts that it is about to read by a role, too.
func TestWatchSaysWhoseAccounts(t *testing.T) {
	_, url := serve(t)
	sandbox(t, profiles)
	t.Chdir(t.TempDir())
	t.Setenv("AWS_PROFILE", "base")
	t.Setenv("AWS_ENDPOINT_URL", url)
	if err := os.WriteFile("logs.json", []byte(`{"Records":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, roles := range map[string][]string{
		"accounts 222222222222, 333333333333": {"arn:aws:iam::222222222222:role/audit", "arn:aws:iam::333333333333:role/audit"},
		"accounts all of the organization":    {"arn:aws:iam::*:role/audit"},
	} {
		w := app.Watch{Source: app.Source{AWS: app.AWS{Roles: roles}}, Files: []string{"logs.json"}, Poll: time.Hour, Keep: app.Keep{Store: "kept.db"}}
		if said := saidWith(t, w, "watching "); !strings.Contains(said, "; "+want+"; kept in ") {
			t.Errorf("said %q, want %q", said, want)
		}
	}
}

// saidWith runs a watch until it says something with these words, and gives that.
func saidWith(t *testing.T, w app.Watch, words string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a := build(&bytes.Buffer{})
	a.Rules, a.Kinds = all.Rules(), channels.Kinds()
	var said string
	w.Tell, w.More = func(model.Finding) error { return nil }, func(string, ...any) {}
	w.Say = func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); strings.Contains(line, words) {
			said = line
			cancel()
		}
	}
	if _, err := a.Watch(ctx, w); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return said
}

// An account that nobody could read at the start is watched from when its role can be taken.
func TestAccountThatIsFoundLater(t *testing.T) {
	server, url := serve(t)
	sandbox(t, profiles)
	t.Chdir(t.TempDir())
	t.Setenv("AWS_PROFILE", "base")
	t.Setenv("AWS_ENDPOINT_URL", url)
	const late, early = "arn:aws:iam::222222222222:role/audit", "arn:aws:iam::333333333333:role/audit"
	server.Inject(awsfake.Fault{Match: awsfake.Call{Op: "AssumeRole", Role: late}, First: 1, Action: awsfake.Deny()})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a := build(&bytes.Buffer{})
	a.Rules, a.Kinds = all.Rules(), channels.Kinds()
	w := app.Watch{
		Source: app.Source{AWS: app.AWS{Roles: []string{early, late}}}, Keep: app.Keep{Store: "kept.db"},
		Tell: func(model.Finding) error { return nil }, More: func(string, ...any) {}, Say: func(string, ...any) {},
	}
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil && !slices.ContainsFunc(server.Calls(), func(c awsfake.Call) bool { return c.Op == "LookupEvents" && c.Account == "222222222222" }) {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	})
	if _, err := a.Watch(ctx, w); err != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("its Event history was not read: %v", err)
	}
	done.Wait()
}

// A Region that refuses its Event history is said, also by a watch that keeps what it finds.
func TestARefusedRegionIsSaid(t *testing.T) {
	server, url := serve(t)
	server.Inject(awsfake.Fault{Match: awsfake.Call{Op: "LookupEvents"}, Action: awsfake.Deny()})
	sandbox(t, profiles)
	t.Setenv("AWS_ENDPOINT_URL", url)
	t.Chdir(t.TempDir())
	const want = "account 222222222222: LookupEvents in us-east-1: AccessDeniedException (needs cloudtrail:LookupEvents)"
	for _, kept := range []string{"", "kept.db"} {
		w := app.Watch{Source: app.Source{AWS: app.AWS{Profile: "role"}}, Poll: time.Hour, Keep: app.Keep{Store: kept}}
		if said := saidWith(t, w, "LookupEvents"); said != want {
			t.Errorf("kept in %q: said %q, want %q", kept, said, want)
		}
	}
}
