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

func TestImportsFollowTheDrawing(t *testing.T) {
	d, imports := readDrawing(t), arrows(t, sources(t))
	for _, sentence := range slices.Concat(d.wrongArrows(imports), d.idleArrows(imports)) {
		t.Error(sentence)
	}
}

// Arrows only go up the table.
func TestDrawingHasNoArrowDown(t *testing.T) {
	d := readDrawing(t)
	for pattern, p := range d {
		for _, may := range p.may {
			if to, ok := d.find(may); ok && to.level >= p.level && !to.tests {
				t.Errorf("%s stands no lower than %s, which it may import", may, pattern)
			}
		}
	}
}

// The guard itself is tried: a guard that never fires looks like a house in order.
func TestWrongArrowsAreSeen(t *testing.T) {
	imports := map[string][]string{
		"internal/model":      {"internal/coverage", "internal/rule"},
		"internal/coverage":   {"internal/model"},
		"rules/ct001-enabled": {"internal/rule", "rules/ct010-management-events"},
		"rules/all":           {"rules/ct001-enabled", "internal/rule"},
		"internal/rule":       {"internal/coverage"},
		"internal/collect":    {"internal/awsfake"},
		"internal/app":        {"internal/awsfake", "internal/collect", "internal/ruletest", "cmd/cairn"},
		"internal/attic":      nil,
	}
	d := readDrawing(t)
	want := []string{
		"internal/app imports internal/ruletest: the drawing lets it import only anything below, internal/awsfake",
		"internal/app imports cmd/cairn: the drawing lets it import only anything below, internal/awsfake",
		"internal/attic is not in the drawing: give it a place in the table of docs/architecture.md",
		"internal/collect imports internal/awsfake: the drawing lets it import only internal/model, internal/coverage",
		"internal/coverage imports internal/model: the drawing lets it import nothing of ours",
		"internal/model imports internal/rule: the drawing lets it import only internal/coverage",
		"rules/ct001-enabled imports rules/ct010-management-events: the drawing lets it import only internal/rule, internal/model, internal/coverage",
	}
	if diff := cmp.Diff(want, d.wrongArrows(imports)); diff != "" {
		t.Errorf("wrong arrows (-want +got):\n%s", diff)
	}
	if want := "internal/rule may import internal/model and does not: take the arrow out of docs/architecture.md"; !slices.Contains(d.idleArrows(imports), want) {
		t.Errorf("the idle arrow is not seen: %q", d.idleArrows(imports))
	}
}

// The tree that people read first has a line for every package that is built, and for no other.
func TestTreeHasEveryPackage(t *testing.T) {
	_, tree, _ := strings.Cut(pageText(t), "\n```\n")
	tree, _, _ = strings.Cut(tree, "\n```\n")
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(  )?([a-z/0-9]+)(?: {2,}|$)`).FindAllStringSubmatch(tree, -1) {
		shown[strings.TrimSuffix(m[2], "/")] = false
	}
	for _, pkg := range slices.Sorted(maps.Keys(arrows(t, sources(t)))) {
		name := strings.TrimPrefix(pkg, "internal/")
		if rule, ok := strings.CutPrefix(pkg, "rules/"); ok {
			if name = "rules"; rule == "all" {
				name = rule
			}
		}
		if strings.HasPrefix(name, "notify/") {
			name = "notify"
		}
		if _, ok := shown[name]; !ok {
			t.Errorf("the tree of %s has no line for %s", page, pkg)
		}
		shown[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		if !shown[name] && name != "internal" && name != "docs" && name != "deploy" {
			t.Errorf("the tree of %s has a line for %s, which is not there", page, name)
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
	for _, s := range sources(t) {
		if ast.IsGenerated(s.file) {
			continue
		}
		if s.lines > maxFile {
			t.Errorf("%s has %d lines, the ceiling is %d: split it by what its parts are for", s.name, s.lines, maxFile)
		}
		for _, decl := range s.file.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			if lines := s.fset.Position(function.End()).Line - s.fset.Position(function.Pos()).Line + 1; lines > maxFunction {
				t.Errorf("%s: %s has %d lines, the ceiling is %d", s.name, function.Name.Name, lines, maxFunction)
			}
		}
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
