package archtest_test

import (
	"go/ast"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The ceilings of the house. Most files and functions are far below them.
const (
	maxFile     = 500
	maxFunction = 80
)

// long lists functions that may pass the ceiling, each with its reason: a table or a parser that
// reads better in one piece. The key is package.function.
var long = map[string]string{}

func TestImportsFollowTheDrawing(t *testing.T) {
	for _, sentence := range wrongArrows(arrows(t, sources(t))) {
		t.Error(sentence)
	}
}

// The guard itself is tried: a guard that never fires looks like a house in order.
func TestWrongArrowsAreSeen(t *testing.T) {
	got := wrongArrows(map[string][]string{
		"internal/model":      {"internal/coverage", "internal/rule"},
		"internal/coverage":   {"internal/model"},
		"rules/ct001-enabled": {"internal/rule", "rules/ct010-management-events"},
		"rules/all":           {"rules/ct001-enabled", "internal/rule"},
		"internal/collect":    {"internal/awsfake"},
		"internal/app":        {"internal/awsfake", "internal/collect", "cmd/cairn"},
		"internal/attic":      nil,
	})
	want := []string{
		"internal/app imports cmd/cairn: the drawing lets it import only *",
		"internal/attic is not in the drawing: give it a place in docs/architecture.md and in internal/archtest/drawing_test.go",
		"internal/collect imports internal/awsfake, which is for tests only",
		"internal/coverage imports internal/model: the drawing lets it import nothing of ours",
		"internal/model imports internal/rule: the drawing lets it import only internal/coverage",
		"rules/ct001-enabled imports rules/ct010-management-events: the drawing lets it import only internal/rule, internal/model, internal/coverage",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wrong arrows (-want +got):\n%s", diff)
	}
}

// The picture that people read names every package that there is.
func TestArchitecturePageNamesEveryPackage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatalf("reading the drawing: %v", err)
	}
	for _, pkg := range slices.Sorted(maps.Keys(arrows(t, sources(t)))) {
		name := strings.TrimPrefix(pkg, "internal/")
		if strings.HasPrefix(name, "rules/") && name != "rules/all" {
			name = "rules"
		}
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).Match(page) {
			t.Errorf("docs/architecture.md does not name %s", name)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() && !strings.HasPrefix(s.pkg, "test/") {
			continue // tests may stand alone under test/; elsewhere their package has its own comment
		}
		documented[s.pkg] = documented[s.pkg] || s.file.Doc.Text() != ""
	}
	for _, pkg := range slices.Sorted(maps.Keys(documented)) {
		if !documented[pkg] {
			t.Errorf("package %s has no comment", pkg)
		}
	}
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	unused := maps.Clone(long)
	for _, s := range sources(t) {
		if s.lines > maxFile {
			t.Errorf("%s has %d lines, the ceiling is %d: split it by what its parts are for", s.name, s.lines, maxFile)
		}
		for _, decl := range s.file.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			lines := s.fset.Position(function.End()).Line - s.fset.Position(function.Pos()).Line + 1
			key := s.pkg + "." + function.Name.Name
			if lines <= maxFunction {
				continue
			}
			if _, ok := long[key]; !ok {
				t.Errorf("%s: %s has %d lines, the ceiling is %d", s.name, function.Name.Name, lines, maxFunction)
			}
			delete(unused, key)
		}
	}
	for key := range unused {
		t.Errorf("%s is listed as long and is not: take it off the list", key)
	}
}

// A path of one person's machine works nowhere else.
func TestNoPathOfOneMachine(t *testing.T) {
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Skipf("git does not list the files (an unpacked archive?): %v", err)
	}
	machine := regexp.MustCompile(`(?m)(?:^|[\s"'` + "`" + `=:(<>])/(?:root|work|home|Users)/[\w.]`)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || path.Base(name) == "go.sum" {
			continue // deleted and not yet committed, or a folder of another module
		}
		if found := machine.Find(text); found != nil {
			t.Errorf("%s holds the path of one machine: %q", name, strings.TrimSpace(string(found)))
		}
	}
}
