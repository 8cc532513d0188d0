package sigma_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/event"
	"cairn.example/internal/golden"
	"cairn.example/internal/sigma"
)

// TestCases runs testdata/*.txtar: files of rules, values.json for the placeholders, records.jsonl, and in want what
// is said of each record, by its line. Lines of records that begin with # are comments.
func TestCases(t *testing.T) {
	t.Parallel()
	for c := range golden.Cases(t, "testdata/*.txtar") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got := runCase(t, c.Archive)
			if got == "" {
				t.Fatal("nothing to say")
			}
			c.Want(t, got)
		})
	}
}

func runCase(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	var out strings.Builder
	var rules []*sigma.Rule
	var values sigma.Values
	var records string
	for _, f := range archive.Files {
		switch filepath.Ext(f.Name) {
		case ".yml":
			loaded, err := sigma.Load(f.Name, f.Data)
			if err != nil {
				errs, _ := errors.AsType[sigma.Errors](err)
				fmt.Fprintf(&out, "%s\n", strings.ReplaceAll(err.Error(), "\n\n", "\n"))
				if errs.Foreign() {
					fmt.Fprintf(&out, "%s: foreign\n", f.Name)
				}
			}
			rules = append(rules, loaded...)
		case ".json":
			if err := json.Unmarshal(f.Data, &values); err != nil {
				t.Fatal(err)
			}
		case ".jsonl":
			records = string(f.Data)
		}
	}
	engine, refused := sigma.NewEngine(rules, values)
	for _, e := range refused {
		fmt.Fprintf(&out, "refused %v\n", e)
	}
	for _, r := range rules {
		for _, w := range r.Warnings {
			fmt.Fprintf(&out, "warning %s: %s\n", r, w)
		}
	}
	say(t, &out, engine, records)
	return out.String()
}

func say(t *testing.T, out *strings.Builder, engine *sigma.Engine, records string) {
	t.Helper()
	state := engine.NewState(0)
	for i, line := range strings.Split(strings.TrimSpace(records), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		var names []string
		rec := parse(t, []byte(line))
		matches := engine.Match(rec)
		for _, m := range matches {
			name := m.Rule.String()
			if m.Quiet {
				name = "(" + name + ")"
			}
			names = append(names, name)
		}
		for _, r := range engine.MayMatch(rec) {
			names = append(names, r.String()+"?")
		}
		fmt.Fprintf(out, "%d:%s\n", i+1, strings.Join(append([]string{""}, names...), " "))
		for _, h := range state.Observe([]byte(line), matches) {
			sign := map[bool]string{true: "+", false: "-"}[h.Met]
			fmt.Fprintf(out, "\t%s%s %s %q %d\n", sign, h.Rule, h.Event, h.Group, h.Count)
		}
	}
}

func parse(tb testing.TB, raw []byte) *event.Record {
	tb.Helper()
	rec, err := event.Parse(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return rec
}

// caseRules are the rules of one case file.
func caseRules(t *testing.T, file string) []*sigma.Rule {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rules []*sigma.Rule
	for _, f := range archive.Files {
		if filepath.Ext(f.Name) != ".yml" {
			continue
		}
		loaded, err := sigma.Load(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, loaded...)
	}
	return rules
}
