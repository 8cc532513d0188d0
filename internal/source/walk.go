package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// walk is one look at the roots.
type walk struct {
	*files
	work   chan<- found
	now    time.Time
	full   bool                 // leaves nothing out
	links  map[string]bool      // the real paths of the roots, and of folders that a symbolic link led to
	still  map[string]time.Time // files.waiting of the next look
	seen   int                  // files that were there
	failed int                  // files and folders that could not be looked at

	youngest time.Time // when the last of still was written to
}

// found is a file to read.
type found struct {
	path string
	dir  string // absolute, for the state
	over *over
}

// over are the files of a day folder of long ago. It is closed when the last of them is acknowledged.
type over struct {
	files map[string]stamp
	left  atomic.Int64
}

func (w *walk) root(ctx context.Context, one root) {
	before := w.seen + w.failed
	switch {
	case one.mode.IsRegular():
		w.file(ctx, one.path)
	case one.mode.IsDir() && w.enter(one.path):
		w.folder(ctx, one.path)
		if !w.Follow && w.seen+w.failed == before && ctx.Err() == nil {
			w.unread(one.path, errors.New("the folder holds no file"))
		}
	}
}

// enter says whether a folder is new to this look, by its real path. Links may lead round in a circle.
func (w *walk) enter(path string) bool {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		w.missed(path, err)
		return false
	}
	known := w.links[target]
	w.links[target] = true
	return !known
}

// missed tells what cannot be looked at. What a follower finds gone is no failure.
func (w *walk) missed(path string, err error) {
	if w.Follow && errors.Is(err, fs.ErrNotExist) {
		return
	}
	w.failed++
	w.unread(path, err)
}

// file gives a file that was named by itself.
func (w *walk) file(ctx context.Context, path string) {
	dir := absolute(filepath.Dir(path))
	if w.Follow {
		at, known := w.State.acknowledged(dir, filepath.Base(path))
		now, err := w.stamp(path)
		if err == nil && known && now.equal(at) {
			w.unread(path, nil) // if it was gone, it is back
			return
		}
		if err != nil || !w.rests(path, now) {
			return
		}
	}
	w.give(ctx, found{path: path, dir: dir})
}

func (w *walk) give(ctx context.Context, f found) {
	select {
	case w.work <- f:
	case <-ctx.Done():
	}
}

// folder gives a folder's own files, then those of the folders in it.
func (w *walk) folder(ctx context.Context, dir string) {
	if ctx.Err() != nil || !w.full && (dayOver(dir, openDays, w.now) || monthOver(dir, w.now)) {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.missed(dir, err)
	} else {
		w.unread(dir, nil)
	}
	var names, folders []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch mode := w.mode(path, e); {
		case mode.IsDir():
			folders = append(folders, path)
		case mode.IsRegular(): // reading a pipe or a device might never end
			names = append(names, e.Name())
		}
	}
	w.seen += len(names)
	if w.Follow {
		w.changed(ctx, dir, names)
	} else {
		for _, name := range names {
			w.give(ctx, found{path: filepath.Join(dir, name)})
		}
	}
	for _, sub := range folders {
		w.folder(ctx, sub)
	}
}

// mode is what an entry is, or what it links to. A folder that was entered already is nothing.
func (w *walk) mode(path string, e fs.DirEntry) fs.FileMode {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Type()
	}
	info, err := os.Stat(path)
	if err != nil {
		w.missed(path, err)
		return fs.ModeIrregular
	}
	if info.IsDir() && !w.enter(path) {
		return fs.ModeIrregular
	}
	return info.Mode()
}

// changed gives of a folder's files those that are new or were written to.
func (w *walk) changed(ctx context.Context, dir string, names []string) {
	_, isDay := dateOf(dir, dayLayout)
	abs, isOver := absolute(dir), dayOver(dir, closeDays, w.now)
	all, fresh := map[string]stamp{}, []string{}
	for _, name := range names {
		path := filepath.Join(dir, name)
		at, known := w.State.acknowledged(abs, name)
		if known && isDay && !w.full && w.now.Sub(at.modified) > restTime {
			continue
		}
		now, err := w.stamp(path)
		if err != nil {
			continue
		}
		all[name] = now
		switch {
		case known && now.equal(at):
		case w.rests(path, now):
			fresh = append(fresh, name)
		case dayOver(dir, openDays, w.now): // and would not be looked at again for an hour
			w.again.Store(true)
		}
	}
	if w.full && w.State.holds(abs, all) {
		return
	}
	var o *over
	if w.full {
		w.State.settle(abs, all, isOver)
	}
	if isOver {
		o = &over{files: all}
		o.left.Store(int64(len(fresh)))
	}
	for _, name := range fresh {
		w.give(ctx, found{filepath.Join(dir, name), abs, o})
	}
}

func (w *walk) stamp(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		w.missed(path, err)
		return stamp{}, err
	}
	return stampOf(info), nil
}

// rests says whether a file is not being written, or has been for so long that it is read all the same.
func (w *walk) rests(path string, now stamp) bool {
	age := w.now.Sub(now.modified)
	if age < 0 || age >= settleTime {
		return true
	}
	since, waited := w.waiting[path]
	if !waited {
		since = w.now
	}
	if w.now.Sub(since) >= patience {
		return true
	}
	w.still[path] = since
	if now.modified.After(w.youngest) {
		w.youngest = now.modified
	}
	return false
}
