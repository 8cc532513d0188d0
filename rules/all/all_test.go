package all_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn.example/internal/golden"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

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
		t.Run(r.ID, func(t *testing.T) { judged(t, "../"+folder(r)+"/cases/*.txtar", rule.Registry{r}) })
	}
}

// TestStates judges every rule on each state of the table in docs/verdicts.md.
func TestStates(t *testing.T) { judged(t, states, all.Rules()) }

const states = "testdata/states/*.txtar"

func judged(t *testing.T, pattern string, rules rule.Registry) {
	t.Helper()
	for c := range golden.Cases(t, pattern) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Want(t, ruletest.Run(t, c.Archive, rules))
		})
	}
}

// folder is the folder whose cases the rule embeds.
func folder(r *rule.Rule) string {
	folders, _ := filepath.Glob("../" + strings.ToLower(strings.ReplaceAll(r.ID, "-", "")) + "-*")
	if len(folders) != 1 {
		return "no-folder-for-" + r.ID
	}
	return filepath.Base(folders[0])
}
