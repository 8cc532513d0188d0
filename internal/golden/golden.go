// Package golden keeps what tests want as text: in case files, whose sections of what is wanted a run can fill in, and
// on pages. make update writes all of it as the code has it, for a person to read the difference.
package golden

import (
	"flag"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is wanted as the code has it; read the difference")

// Glob gives the files of a pattern, in order. One that finds nothing fails: the tests behind it would be none.
func Glob(tb testing.TB, pattern string) []string {
	tb.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		tb.Fatalf("%s finds nothing: %v", pattern, err)
	}
	return found
}

// Case is a case file: what is given, and in sections of its own what is wanted.
type Case struct {
	*txtar.Archive
	Name string // of the file
	path string
}

// Cases are the case files of a pattern.
func Cases(tb testing.TB, pattern string) iter.Seq[Case] {
	tb.Helper()
	paths := Glob(tb, pattern)
	return func(yield func(Case) bool) {
		for _, path := range paths {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				tb.Fatal(err)
			}
			if !yield(Case{ar, strings.TrimSuffix(filepath.Base(path), ".txtar"), path}) {
				return
			}
		}
	}
}

// Want holds the section "want" to what a run gives; a new case has none yet.
func (c Case) Want(t *testing.T, got string) {
	t.Helper()
	const name = "want"
	i := slices.IndexFunc(c.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		i, c.Files = len(c.Files), append(c.Files, txtar.File{Name: name})
	}
	c.Files[i].Data = []byte(got)
	c.Keep(t)
}

// Keep holds the file to its sections, into which the test put what a run gives.
func (c Case) Keep(t *testing.T) {
	t.Helper()
	Keep(t, c.path, string(txtar.Format(c.Archive)))
}

// Keep holds a file to what the code makes of it, or writes that.
func Keep(tb testing.TB, path, want string) {
	tb.Helper()
	is, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	switch {
	case string(is) == want:
	case *update:
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			tb.Fatal(err)
		}
	default:
		tb.Errorf("%s is not what the code makes of it. Where the code is right: make update, and read what it wrote.\n%s",
			path, diff.Diff("the file", is, "the code", []byte(want)))
	}
}
