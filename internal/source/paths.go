package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stdin is the path that stands for standard input.
const stdin = "-"

// root is a path to read, as it was given or as a glob matched it.
type root struct {
	path string
	mode fs.FileMode
}

// roots finds what the paths mean now. What lies in a folder that is read anyway is left out. Each path that
// matches nothing has an error.
func (r *files) roots() ([]root, error) {
	var found []root
	var errs []error
	for _, path := range r.Paths {
		some, err := r.resolve(path)
		found, errs = append(found, some...), append(errs, err)
		if r.begun && (err != nil || hasMeta(path)) { // the walk tells that a file or folder is back
			r.unread(filepath.Clean(path), err)
		}
	}
	return withoutNested(found), errors.Join(errs...)
}

func (r *files) resolve(path string) ([]root, error) {
	if path == stdin {
		if r.Stdin == nil {
			return nil, errors.New("there is no standard input to read")
		}
		return []root{{path, fs.ModeNamedPipe}}, nil
	}
	info, err := os.Stat(path)
	if err == nil {
		return []root{{filepath.Clean(path), info.Mode()}}, nil
	}
	if !hasMeta(path) {
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			err = at.Err // the system call says nothing to a person
		}
		return nil, fmt.Errorf("nothing to read at %s: %w", path, err)
	}
	matched, err := glob(path, r.unread)
	if err != nil {
		return nil, fmt.Errorf("nothing to read: %w", err)
	}
	var found []root
	for _, path := range matched {
		info, err := os.Stat(path)
		if err != nil {
			r.unread(path, err)
			continue
		}
		found = append(found, root{path, info.Mode()})
	}
	if len(matched) == 0 {
		return nil, fmt.Errorf("nothing to read: %s matches nothing", path)
	}
	return found, nil
}

// withoutNested keeps each path once, and none in a folder that is a root itself.
func withoutNested(found []root) []root {
	folders, seen := map[string]bool{}, map[string]bool{}
	for _, r := range found {
		if r.mode.IsDir() {
			folders[absolute(r.path)] = true
		}
	}
	var out []root
	for _, r := range found {
		path := absolute(r.path)
		if r.path == stdin {
			path = stdin
		}
		if !seen[path] && (path == stdin || !within(path, folders)) {
			out = append(out, r)
		}
		seen[path] = true
	}
	return out
}

func within(path string, folders map[string]bool) bool {
	for parent := filepath.Dir(path); parent != path; path, parent = parent, filepath.Dir(parent) {
		if folders[parent] {
			return true
		}
	}
	return false
}

// absolute is a path under which a state finds it again, wherever the next run is started.
func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil { // there is no working folder any more
		return path
	}
	return abs
}
