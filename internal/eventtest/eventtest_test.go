package eventtest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cairn.example/internal/event"
	"cairn.example/internal/eventtest"
)

// A file has as many records as asked for, each with an id of its own, and is the same for the same seed; and its
// records are shapes in their turn.
func TestFile(t *testing.T) {
	own, err := eventtest.Own()
	if err != nil {
		t.Fatal(err)
	}
	text := own.File(1, 2000)
	distinct(t, text, 2000)
	if !bytes.Equal(text, own.File(1, 2000)) || bytes.Equal(text, own.File(2, 2000)) {
		t.Error("the seed does not decide")
	}
	name := filepath.Join(t.TempDir(), "log.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := eventtest.Of(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	distinct(t, again.File(1, 500), 500)
	if _, err := eventtest.Of(t.TempDir()); err == nil {
		t.Error("shapes out of nothing")
	}
}

func distinct(t *testing.T, text []byte, n int) {
	t.Helper()
	seen := event.NewDedup(n)
	for rec, err := range event.NewReader(event.Options{}).Records("made", bytes.NewReader(text)) {
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := rec.ID(); !ok || !seen.Add(id) {
			t.Fatalf("twice, or without id: %s", rec.Raw)
		}
	}
	if seen.Len() != n {
		t.Errorf("%d records, want %d", seen.Len(), n)
	}
}
