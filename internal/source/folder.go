package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// folder is what was acknowledged of a folder: its files one by one, or all of them at once.
type folder struct {
	files map[string]stamp // by name; nil when closed
	sum   string           // of a closed folder's files
	count int
}

// stamp is what changes when a file is written to.
type stamp struct {
	size     int64
	modified time.Time
}

func (s stamp) equal(o stamp) bool { return s.size == o.size && s.modified.Equal(o.modified) }

const (
	// openDays are the days after its own in which a day folder may still receive files: a file stands in the folder
	// of the day on which it was delivered, and whatever copies it here may lag. What comes later yet is found by
	// the looks that leave nothing out.
	openDays = 1
	// closeDays are those after which a state no longer holds its files one by one: if one comes then, all of the
	// folder are read again.
	closeDays = 7
)

// The ends of a path of CloudTrail's.
const (
	dayLayout   = "2006/01/02"
	monthLayout = "2006/01"
)

// dayOver says whether a folder is a day's (2026/11/22), and so many days have passed since that day.
func dayOver(dir string, days int, now time.Time) bool {
	day, ok := dateOf(dir, dayLayout)
	return ok && !day.AddDate(0, 0, 1+days).After(now)
}

// monthOver says whether a folder is a month's (2026/11) whose days receive nothing any more.
func monthOver(dir string, now time.Time) bool {
	month, ok := dateOf(dir, monthLayout)
	return ok && !month.AddDate(0, 1, openDays).After(now)
}

// dateOf reads the end of a path as a date.
func dateOf(dir, layout string) (time.Time, bool) {
	dir = "/" + filepath.ToSlash(dir)
	from := len(dir) - len(layout)
	if from < 1 || dir[from-1] != '/' {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, dir[from:])
	return t, err == nil
}

// stampsSum is one value for all names, sizes and times.
func stampsSum(files map[string]stamp) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		_, _ = fmt.Fprintf(h, "%q %d %d\n", name, f.size, f.modified.UnixNano()) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// acknowledged returns the stamp under which a file was acknowledged.
func (s *State) acknowledged(dir, name string) (stamp, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[dir]
	if f == nil {
		return stamp{}, false
	}
	at, ok := f.files[name]
	return at, ok
}

func (s *State) acknowledge(dir, name string, at stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[dir]
	if f == nil || f.files == nil {
		f = &folder{files: map[string]stamp{}}
		s.folders[dir] = f
	}
	f.files[name] = at
	s.changes++
}

// holds says whether a folder was closed with these files.
func (s *State) holds(dir string, files map[string]stamp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[dir]
	return f != nil && f.files == nil && f.count == len(files) && f.sum == stampsSum(files)
}

// settle closes a folder if these are its files and all of them are acknowledged; else it forgets those that are
// gone. A folder that looks empty is left as it was: it may be a file system that is not there.
func (s *State) settle(dir string, files map[string]stamp, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[dir]
	if f == nil || f.files == nil || len(files) == 0 {
		return
	}
	before := len(f.files)
	maps.DeleteFunc(f.files, func(name string, _ stamp) bool { _, there := files[name]; return !there })
	if over && maps.EqualFunc(f.files, files, stamp.equal) {
		*f = folder{sum: stampsSum(files), count: len(files)}
	}
	if f.files == nil || len(f.files) != before {
		s.changes++
	}
}
