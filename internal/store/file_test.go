package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn.example/internal/store"
)

// Whoever names a place where no store can be reads what is wrong with it, and what to do.
func TestUnusableFilesSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(other, []byte("this is not a database, and longer than a header of one would be, which has 100 bytes at its beginning"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                               dir + ": it is a folder: name a file in it",
		filepath.Join(dir, "no/cairn.db"): filepath.Join(dir, "no/cairn.db") + ": there is no folder " + filepath.Join(dir, "no") + ": make it first",
		other:                             other + ": it is no SQLite database: name another file",
		"mysql://u:planted@h/d":           "mysql: want a file, or postgres://USER@HOST/DATABASE",
	} {
		_, err := store.Open(t.Context(), path, store.Options{Now: time.Now})
		if want := "open the store " + want; err == nil || err.Error() != want {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
