package archtest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "cairn.example/"
)

// source is one Go file of the module.
type source struct {
	pkg   string // folder, relative to the module
	name  string // path, relative to the module
	lines int
	file  *ast.File
	fset  *token.FileSet
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// imports lists the packages of ours that the file imports, relative to the module.
func (s source) imports(t *testing.T) []string {
	t.Helper()
	var ours []string
	for _, spec := range s.file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if to, ok := strings.CutPrefix(name, module); ok {
			ours = append(ours, to)
		}
	}
	return ours
}

// sources reads every Go file, whatever its build tags: an arrow behind a tag is an arrow.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(file, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		all = append(all, source{path.Dir(name), name, bytes.Count(text, []byte("\n")), parsed, fset})
		return nil
	})
	if err != nil {
		t.Fatalf("reading the module: %v", err)
	}
	if len(all) == 0 {
		t.Fatal("no Go file found: the tests looked in the wrong place")
	}
	return all
}

// enter skips what the go command skips too: hidden folders, test data, other modules.
func enter(folder, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(filepath.ToSlash(name))
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "vendor" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// arrows gathers the production imports by package; a package with tests alone has its key too.
func arrows(t *testing.T, all []source) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	for _, s := range all {
		known := imports[s.pkg]
		if !s.test() {
			known = append(known, s.imports(t)...)
		}
		slices.Sort(known)
		imports[s.pkg] = slices.Compact(known)
	}
	return imports
}
