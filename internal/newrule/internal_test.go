package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/kb"
	"cairn.example/internal/rule"
)

const root = "../.."

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestCommittedRegistryIsWhatIsGenerated(t *testing.T) {
	want, err := registry(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "rules/all/all.go"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("go generate ./rules/all changes all.go (-generated +committed):\n%s", diff)
	}
}

// TestScaffoldCompiles lays a new rule over the module, so that the tree stays as it is.
func TestScaffoldCompiles(t *testing.T) {
	at := t.TempDir()
	for _, path := range ofEveryRule(t, "rule.go") {
		place := filepath.Join(at, strings.TrimPrefix(path, root))
		if err := create(place, nil); err != nil {
			t.Fatal(err)
		}
	}
	c, err := parse("zz999-a-new-rule", `It says "so"`, today)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(at); err != nil {
		t.Fatal(err)
	}
	if err := writeRegistry(at); err != nil {
		t.Fatal(err)
	}
	files := filepath.Join(at, "rules", c.Folder)
	if err := kb.Check(&rule.Rule{Meta: rule.Meta{ID: c.ID, Title: c.Title, Files: os.DirFS(files)}}); err != nil {
		t.Errorf("the page: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay(t, at, c), "./rules/all")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go build: %v\n%s", err, out)
	}
}

// placeholder is what the scaffold asks its author to say.
var placeholder = regexp.MustCompile(`(?i)say here [^.:)]+`)

func TestNothingIsLeftOfTheScaffold(t *testing.T) {
	for _, name := range []string{"rule.go", "page.md"} {
		template, err := files.ReadFile("templates/" + name + ".tmpl")
		if err != nil || !placeholder.Match(template) {
			t.Errorf("the scaffold's %s asks for nothing: %v", name, err)
		}
		for _, path := range ofEveryRule(t, name) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if left := placeholder.FindString(line); left != "" {
					t.Errorf("%s:%d: still in the scaffold's words: %q", strings.TrimPrefix(path, root+"/"), i+1, left)
				}
			}
		}
	}
}

func ofEveryRule(t *testing.T, name string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "rules", "*", name))
	if err != nil || len(found) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	return found
}

// overlay is the file that tells the go command where the new rule and the registry lie.
func overlay(t *testing.T, at string, c card) string {
	t.Helper()
	module, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{filepath.Join(module, "rules/all/all.go"): filepath.Join(at, "rules/all/all.go")}
	folder := filepath.Join(at, "rules", c.Folder)
	err = fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			replace[filepath.Join(module, "rules", c.Folder, name)] = filepath.Join(folder, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(at, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestNumberIsNeverUsedTwice(t *testing.T) {
	c, err := parse("ct001-another", "Another", today)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(root); err == nil || !strings.Contains(err.Error(), "CT-001 is taken by rules/ct001-enabled") {
		t.Errorf("got %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, folder := range []string{"", "ct120", "ct120-", "CT-120", "ct12-short", "ct120-My-Rule", "../ct120-up", "toolong120-x", "ct120-a--b"} {
		if c, err := parse(folder, "A title", today); err == nil {
			t.Errorf("folder %q is taken for %+v", folder, c)
		}
	}
	for _, title := range []string{"", "  ", "two\nlines", "with `code`"} {
		if _, err := parse("ct120-my-rule", title, today); err == nil {
			t.Errorf("title %q is accepted", title)
		}
	}
}
