package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// place says what is wrong with the place that a SQLite file is to have. SQLite itself would say of all of them that it
// is unable to open it.
func place(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("it is a folder: name a file in it")
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s: make it first", folder)
	}
	return nil
}

// unusable is why SQLite cannot use a file, with what to do, in place of its own words.
type unusable struct {
	error
	why string
}

func (u *unusable) Error() string { return u.why }

func (u *unusable) Unwrap() error { return u.error }

// refusals are SQLite's result codes that whoever starts cairn can do something about (sqlite.org/rescode.html).
var refusals = map[int]string{
	8:  "it cannot be written to: let this user write it and its folder, or name another file",
	13: "the disk is full",
	14: "it cannot be opened: let this user write it and its folder, or name another file",
	26: "it is no SQLite database: name another file",
}

// opening puts an error of opening a file into words, and leaves any other as it is.
func opening(err error) error {
	failed, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	const primary = 0xff // the rest of a code says more than there is to do about it
	if why := refusals[failed.Code()&primary]; why != "" {
		return &unusable{err, why}
	}
	return err
}
