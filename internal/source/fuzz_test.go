package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/source"
)

// A state and an error exclude each other, and a state that was read is saved so that it is read as the same.
func FuzzOpenState(f *testing.F) {
	f.Add(`{"schema":"cairn.watch-state/v1","lookups":[{"account":"1","region":"r","source":"s","since":"2026-11-21T10:00:00Z","ids":[{"id":"000102030405060708090a0b0c0d0e0f","time":"2026-11-22T10:00:00Z"}]}],"folders":[]}`)
	f.Add(`{"schema":"cairn.watch-state/v1","folders":[{"path":"p","count":1,"sum":"00"},{"path":"q","files":[{"name":"a","size":-1,"modified":"2026-11-22T10:00:00+01:00"}]}]}`)
	f.Add(`{"schema":"cairn.watch-state/v1","folders":[{"path":"p","files":[]}]}`)
	f.Add(`{"schema":"cairn.watch-state/v2"}`)
	path := filepath.Join(f.TempDir(), "state.json")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := source.OpenState(path)
		if (s == nil) == (err == nil) {
			t.Fatalf("state %v with error %v", s, err)
		}
		if err != nil {
			return
		}
		once, _ := os.ReadFile(path)
		if _, err := source.OpenState(path); err != nil {
			t.Fatalf("what was saved is refused: %v in %s", err, once)
		}
		if twice, _ := os.ReadFile(path); string(once) != string(twice) {
			t.Errorf("saved as %s, then as %s", once, twice)
		}
	})
}

// Without **, a glob is what path/filepath says it is.
func FuzzGlob(f *testing.F) {
	dir := f.TempDir()
	f.Chdir(dir)
	for _, name := range []string{"a", "b/a", "b/c/a", "b/c/[d]", "b/.e", "ab/x.json", "ab/y.json.gz"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("{}"), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	for _, pattern := range []string{"*", "b/*", "b/*/a", "*/[^a-c]*", "b/c/\\[d]", "./b/../b/?", "[", "b/c/[[]d]", "*b/[x-y].json*"} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if strings.Contains(pattern, "**") || strings.Contains(pattern, "[!") || strings.Contains(pattern, "..") || strings.HasPrefix(pattern, "/") || pattern != filepath.Clean(pattern) {
			return
		}
		if _, err := os.Lstat(pattern); err == nil || pattern == "-" {
			return // a name before it is a pattern
		}
		var want []string
		if found, err := filepath.Glob(pattern); err == nil && strings.ContainsAny(pattern, `*?[\\`) {
			for _, path := range found {
				if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
					want = append(want, filepath.Clean(path))
				}
			}
		}
		d := &desk{}
		_ = source.Files{Paths: []string{pattern}, Workers: 1, Now: time.Now}.Run(t.Context(), d.handle) // nothing matched is an error
		var got []string
		for _, name := range d.names {
			if strings.Count(name, "/") == strings.Count(filepath.Clean(pattern), "/") { // the others lie in folders that matched
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pattern, diff)
		}
	})
}
