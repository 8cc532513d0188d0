package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// glob lists what a pattern matches, sorted: the segments as [filepath.Match] knows them, and ** for any number of
// folders. failed is told of folders that could not be looked into.
func glob(pattern string, failed func(dir string, err error)) ([]string, error) {
	if _, err := filepath.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	g, dir := globber{failed: failed}, filepath.VolumeName(pattern)
	slashed := filepath.ToSlash(filepath.Clean(pattern[len(dir):]))
	if rest, rooted := strings.CutPrefix(slashed, "/"); rooted {
		dir, slashed = dir+string(filepath.Separator), rest
	}
	slashed = strings.ReplaceAll(slashed, "[!", "[^") // as shells write it
	g.match(dir, strings.Split(slashed, "/"))
	slices.Sort(g.found)
	return slices.Compact(g.found), nil
}

type globber struct {
	failed func(string, error)
	found  []string
}

func (g *globber) match(dir string, segments []string) {
	if len(segments) == 0 {
		g.found = append(g.found, dir)
		return
	}
	first, rest := segments[0], segments[1:]
	switch {
	case first == "**":
		g.match(dir, rest)
		for _, e := range g.list(dir) {
			if e.IsDir() {
				g.match(filepath.Join(dir, e.Name()), segments)
			}
		}
	case !hasMeta(first):
		path := filepath.Join(dir, first)
		if _, err := os.Lstat(path); err == nil {
			g.match(path, rest)
		}
	default:
		for _, e := range g.list(dir) {
			path := filepath.Join(dir, e.Name())
			if ok, _ := filepath.Match(first, e.Name()); ok && (len(rest) == 0 || isDir(path, e)) {
				g.match(path, rest)
			}
		}
	}
}

func (g *globber) list(dir string) []fs.DirEntry {
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.failed(dir, err)
	}
	return entries
}

// isDir follows a symbolic link.
func isDir(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func hasMeta(s string) bool { return strings.ContainsAny(s, `*?[\`) }
