package source

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Files reads files as they are, compressed or not, records or not: what is in them is the handler's to find out.
//
// A path is a file, a folder (with all that is below it), a glob, or "-" for standard input. A glob takes ** for any
// number of folders. Files are begun in the order of the paths, and below a folder in the order of their names. A
// file or folder that cannot be read is a [Problem], and the rest goes on.
type Files struct {
	Paths   []string
	Stdin   io.Reader
	Workers int              // files that are read at once; default one for each processor
	Follow  bool             // goes on, with what appears or changes; else an [*IncompleteError] says what was not read
	Every   time.Duration    // between two looks when following; default 10 s
	State   *State           // what was acknowledged earlier, when following; nil begins anew
	Problem func(Problem)    // told what cannot be read; may be nil; one call at a time
	Now     func() time.Time // wanted
}

const (
	// settleTime is how long a file rests before it is read when following: one that is being written would be found
	// cut off. One that never rests is read once a minute.
	settleTime = 5 * time.Second
	patience   = time.Minute
	// fullEvery is how often a look leaves nothing out, not even folders of days that are over.
	fullEvery = time.Hour
	// restTime is how long a file of a day folder was left alone when looks cease to ask whether it has changed.
	restTime = time.Hour
)

// files is a Files under way.
type files struct {
	Files
	handle  Handle
	told    *problems
	full    time.Time            // when the last look began that left nothing out
	again   atomic.Bool          // the next one leaves nothing out either: some was not acknowledged
	begun   bool                 // the paths were there once
	waiting map[string]time.Time // files that are being written, and since when they are looked at
	// youngest is when the last of these was written to.
	youngest time.Time
}

// Run reads everything once, or follows until the context ends. A path that matches nothing is an error before
// anything is read.
func (f Files) Run(ctx context.Context, handle Handle) error {
	f.Workers, f.Every = cmp.Or(f.Workers, runtime.GOMAXPROCS(0)), cmp.Or(f.Every, 10*time.Second)
	f.State = cmp.Or(f.State, NewState())
	r := &files{Files: f, handle: handle, told: newProblems(f.Problem), waiting: map[string]time.Time{}}
	roots, err := r.roots()
	if err == nil && len(roots) == 0 {
		err = errors.New("nothing to read: no path is given")
	}
	if err != nil {
		return err
	}
	r.begun = true
	saved := func() {}
	if f.Follow {
		saved = f.State.keep(ctx, r.told, f.Now)
	}
	var streams sync.WaitGroup
	for _, one := range roots {
		if !one.mode.IsDir() && !one.mode.IsRegular() {
			streams.Go(func() { r.stream(ctx, one.path) })
		}
	}
	r.look(ctx, roots)
	for pause := r.untilRested(); f.Follow && sleep(ctx, pause); pause = f.Every {
		roots, _ = r.roots() // tells what is gone
		r.look(ctx, roots)
	}
	streams.Wait()
	saved()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.told.err()
}

// untilRested is the time until the second look. Who has just begun to watch files that were just written waits for
// what they tell, so it comes when the youngest of them has rested.
func (r *files) untilRested() time.Duration {
	if len(r.waiting) == 0 {
		return r.Every
	}
	return min(r.Every, max(0, r.youngest.Add(settleTime).Sub(r.Now())))
}

// unread tells that a file or folder cannot be read, or with nil that it can.
func (r *files) unread(path string, err error) {
	r.told.set(Problem{Name: path, Err: err})
}

// stream reads what has neither size nor end that could be known: standard input, a pipe.
func (r *files) stream(ctx context.Context, path string) {
	name, src := "standard input", r.Stdin
	if path != stdin {
		f, err := os.Open(filepath.Clean(path))
		if err != nil {
			r.unread(path, err)
			return
		}
		defer f.Close() //nolint:errcheck // read only
		name, src = path, f
	}
	body := interruptible(ctx, src)
	defer body.Close() //nolint:errcheck // a pipe's never fails
	if err := r.handle(ctx, Batch{Name: name, Body: body}); err == nil || ctx.Err() == nil {
		r.unread(name, err)
	}
}

// look reads what is there now.
func (r *files) look(ctx context.Context, roots []root) {
	work := make(chan found)
	var readers sync.WaitGroup
	for range r.Workers {
		readers.Go(func() {
			for f := range work {
				r.read(ctx, f)
			}
		})
	}
	w := &walk{files: r, work: work, now: r.Now(), links: map[string]bool{}, still: map[string]time.Time{}}
	if w.full = r.again.Swap(false) || w.now.Sub(r.full) >= fullEvery || w.now.Before(r.full); w.full {
		r.full = w.now
	}
	for _, one := range roots {
		w.root(ctx, one)
	}
	r.waiting, r.youngest = w.still, w.youngest
	close(work)
	readers.Wait()
}

// read hands a file on. What is acknowledged is the file as it was before it was read: if it is written to
// meanwhile, it is another one at the next look.
func (r *files) read(ctx context.Context, one found) {
	f, err := os.Open(filepath.Clean(one.path))
	if r.Follow && errors.Is(err, fs.ErrNotExist) {
		err = nil // gone before its turn, as a temporary name is
	}
	if f == nil {
		r.unread(one.path, err)
		return
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err == nil {
		err = r.handle(ctx, Batch{Name: one.path, Body: until(ctx, f), Size: info.Size()})
	}
	if err != nil && ctx.Err() != nil {
		return
	}
	r.unread(one.path, err)
	switch {
	case err != nil:
		r.again.Store(true)
	case r.Follow:
		r.State.acknowledge(one.dir, filepath.Base(one.path), stampOf(info))
		if o := one.over; o != nil && o.left.Add(-1) == 0 {
			r.State.settle(one.dir, o.files, true)
		}
	}
}

func stampOf(info fs.FileInfo) stamp {
	modified := info.ModTime().UTC()
	if y := modified.Year(); y < 0 || y > 9999 { // JSON has no such time
		modified = time.Time{}
	}
	return stamp{info.Size(), modified}
}
