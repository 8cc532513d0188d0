package archtest_test

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is the only drawing there is: the tests read it as people do.
const page = "docs/architecture.md"

const (
	below    = "anything below" // whatever stands on a lower level
	anything = "anything"
)

// place is a package's place in the page's table.
type place struct {
	level int  // rows from the top
	tests bool // of the row of the tests: no production package enters but by name
	later bool // not built yet, so nobody misses its arrows
	may   []string
}

// drawing is the table, by pattern: a pattern's last element may be *, the most exact pattern wins. A package that no
// pattern matches is not in the drawing, and the tests say so.
type drawing map[string]place

var (
	tableRow = regexp.MustCompile(`(?m)^\| (\d+|tests) \| (.*) \|$`)
	entry    = regexp.MustCompile(`([^()]+) \(([^()]*)\)`)
)

func readDrawing(t *testing.T) drawing {
	t.Helper()
	out := drawing{}
	for i, row := range tableRow.FindAllStringSubmatch(pageText(t), -1) {
		now, later, _ := strings.Cut(row[2], "*later*")
		for part, text := range map[bool]string{false: now, true: later} {
			for _, m := range entry.FindAllStringSubmatch(text, -1) {
				for _, name := range names(m[1]) {
					out[name] = place{level: i, tests: row[1] == "tests", later: part, may: names(m[2])}
				}
			}
		}
	}
	if len(out) < 20 {
		t.Fatalf("%s: only %d packages in the table: %v", page, len(out), slices.Sorted(maps.Keys(out)))
	}
	return out
}

func pageText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names reads a list of packages, as folders of the module.
func names(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.Trim(name, " ;.")
		if name == "" || name == "nothing" {
			continue
		}
		first, _, _ := strings.Cut(name, "/")
		if name != below && name != anything && !slices.Contains([]string{"cmd", "rules", "detections", "frameworks", "test"}, first) {
			name = "internal/" + name
		}
		out = append(out, name)
	}
	return out
}

// find returns the most exact entry for a package.
func (d drawing) find(pkg string) (place, bool) {
	if p, ok := d[pkg]; ok {
		return p, true
	}
	for _, pattern := range slices.Sorted(maps.Keys(d)) {
		if matches([]string{pattern}, pkg) {
			return d[pattern], true
		}
	}
	return place{}, false
}

func matches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, pkg)
		return err == nil && ok
	})
}

// allows tells whether the drawing has an arrow.
func (d drawing) allows(from, to place, pkg string) bool {
	switch {
	case matches(from.may, pkg):
		return true
	case to.tests && !from.tests:
		return false
	case slices.Contains(from.may, anything):
		return pkg != "cmd/cairn"
	}
	return slices.Contains(from.may, below) && to.level < from.level
}

// wrongArrows lists the production imports that the drawing does not have, each as a sentence.
func (d drawing) wrongArrows(imports map[string][]string) []string {
	var wrong []string
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		from, ok := d.find(pkg)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s is not in the drawing: give it a place in the table of %s", pkg, page))
			continue
		}
		for _, other := range imports[pkg] {
			if to, _ := d.find(other); !d.allows(from, to, other) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: the drawing lets it import %s", pkg, other, listed(from.may)))
			}
		}
	}
	return wrong
}

func listed(allowed []string) string {
	if len(allowed) == 0 {
		return "nothing of ours"
	}
	return "only " + strings.Join(allowed, ", ")
}

// idleArrows lists the arrows that lead from a package that exists to another, and that nobody takes.
func (d drawing) idleArrows(imports map[string][]string) []string {
	var idle []string
	for pattern, p := range d {
		var taken []string
		exists := false
		for pkg, to := range imports {
			if at, _ := d.find(pkg); matches([]string{pattern}, pkg) && at.level == p.level {
				exists, taken = true, append(taken, to...)
			}
		}
		for _, may := range p.may {
			there := slices.ContainsFunc(slices.Collect(maps.Keys(imports)), func(pkg string) bool { return matches([]string{may}, pkg) })
			if exists && there && !p.later && !slices.ContainsFunc(taken, func(to string) bool { return matches([]string{may}, to) }) {
				idle = append(idle, fmt.Sprintf("%s may import %s and does not: take the arrow out of %s", pattern, may, page))
			}
		}
	}
	slices.Sort(idle)
	return idle
}
