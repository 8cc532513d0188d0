package event_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/event"
)

// corpus returns the real logs under $CAIRN_CORPUS, as they lie there.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	dir := os.Getenv("CAIRN_CORPUS")
	if dir == "" {
		tb.Skip("CAIRN_CORPUS names no corpus")
	}
	files := map[string][]byte{}
	logs := os.DirFS(filepath.Join(dir, "logs"))
	err := fs.WalkDir(logs, ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".gz") {
			files[name], err = fs.ReadFile(logs, name)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		tb.Fatalf("no logs in the corpus: %v", err)
	}
	return files
}

func TestCorpusIsReadWhole(t *testing.T) {
	r := event.NewReader(event.Options{})
	for name, packed := range corpus(t) {
		text := unzip(t, packed)
		got := tell(t, r, packed)
		if diff := cmp.Diff(got, tell(t, r, text)); diff != "" {
			t.Errorf("%s: gzip -, plain +\n%s", name, diff)
		}
		if diff := cmp.Diff(got, tellFrom(t, r, iotest.OneByteReader(bytes.NewReader(packed)))); diff != "" {
			t.Errorf("%s: at once -, byte by byte +\n%s", name, diff)
		}
		if elements := delivered(text); elements != nil {
			checkDelivered(t, text, elements)
			continue
		}
		if !strings.HasSuffix(name, ".jsonl.gz") {
			t.Errorf("%s is no delivered file", name)
		}
		if s := r.Stats(); s.Seen != bytes.Count(text, []byte("\n")) {
			t.Errorf("%s: %d lines, counted %+v", name, bytes.Count(text, []byte("\n")), s)
		}
	}
}

func TestDamagedCorpus(t *testing.T) {
	r := event.NewReader(event.Options{})
	for name, packed := range corpus(t) {
		if text := unzip(t, packed); len(text) <= 100_000 && delivered(text) != nil {
			checkDamage(t, r, name, text, 100)
		}
	}
}

func raws(r *event.Reader, in []byte) []string {
	var all []string
	for rec := range r.Records("in", bytes.NewReader(in)) {
		if rec != nil {
			all = append(all, string(rec.Raw))
		}
	}
	return all
}

func unzip(tb testing.TB, packed []byte) []byte {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
