package all_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

var update = flag.Bool("update", false, "rewrite the wanted verdicts of the case files")

// soak asks for the long proofs (make soak).
var soak = os.Getenv("CAIRN_SOAK") != ""

func TestRegistryIsValid(t *testing.T) {
	if err := all.Rules().Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryRuleFolderIsRegistered(t *testing.T) {
	folders, err := filepath.Glob("../*/rule.go")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no rule folders: %v", err)
	}
	if got := len(all.Rules()); got != len(folders) {
		t.Errorf("%d rules are registered, %d folders hold one: go generate ./rules/all", got, len(folders))
	}
}

// TestCases judges each rule on its own cases.
func TestCases(t *testing.T) {
	for _, r := range all.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			cases := glob(t, "../"+folder(r)+"/cases/*.txtar")
			for _, path := range cases {
				t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
					t.Parallel()
					check(t, path, rule.Registry{r})
				})
			}
		})
	}
}

// TestStates judges every rule on each state of the table in docs/verdicts.md.
func TestStates(t *testing.T) {
	for _, path := range glob(t, "testdata/states/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			check(t, path, all.Rules())
		})
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s finds nothing: %v", pattern, err)
	}
	return found
}

// folder is the folder whose cases the rule embeds.
func folder(r *rule.Rule) string {
	folders, _ := filepath.Glob("../" + strings.ToLower(strings.ReplaceAll(r.ID, "-", "")) + "-*")
	if len(folders) != 1 {
		return "no-folder-for-" + r.ID
	}
	return filepath.Base(folders[0])
}

func check(t *testing.T, path string, rules rule.Registry) {
	t.Helper()
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := ruletest.Run(t, ar, rules)
	i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
	if *update {
		if i < 0 {
			ar.Files = append(ar.Files, txtar.File{Name: "want"})
			i = len(ar.Files) - 1
		}
		ar.Files[i].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(ar), fs.FileMode(0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	if i < 0 {
		t.Fatalf("%s has no want section: run with -update and read what it wrote", path)
	}
	if want := string(ar.Files[i].Data); got != want {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}
