package detect_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"cairn.example/internal/event"
)

// corpus gives the records of every log file of the corpus that somebody wants. It skips the test where there is none.
func corpus(t *testing.T, wants func(*event.Record) bool) []string {
	t.Helper()
	root := os.Getenv("CAIRN_CORPUS")
	if root == "" {
		t.Skip("CAIRN_CORPUS names no corpus")
	}
	var out []string
	reader := event.NewReader(event.Options{})
	err := filepath.WalkDir(filepath.Join(root, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for rec, err := range reader.Records(path, f) {
			if err == nil && wants(rec) {
				out = append(out, string(rec.Raw))
			}
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%d records of the corpus: %v", len(out), err)
	}
	return out
}

// TestCorpusOrder reads the corpus's control events in several orders: the findings that stand in the end are the same.
func TestCorpusOrder(t *testing.T) {
	records := corpus(t, func(r *event.Record) bool { return string(r.EventSource()) == "cloudtrail.amazonaws.com" })
	known := snapshot(t)
	slices.Sort(records)
	records = slices.Compact(records)
	want := final(t, known, records, 0)
	if len(want) == 0 {
		t.Fatal("nothing was found")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3 {
		rng.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if got := final(t, known, records, 50); !reflect.DeepEqual(got, want) {
			for k := range want {
				if got[k] != want[k] {
					t.Fatalf("got\n%s\nwant\n%s", got[k], want[k])
				}
			}
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
	}
	t.Logf("%d records, %d lines", len(records), len(want))
}
