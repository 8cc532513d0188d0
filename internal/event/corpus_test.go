package event_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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

// What is damaged is told, and costs no more than what the damage touched.
func TestDamagedCorpus(t *testing.T) {
	r := event.NewReader(event.Options{})
	var glued []byte
	for name, packed := range corpus(t) {
		text := unzip(t, packed)
		if len(text) > 100_000 || delivered(text) == nil {
			continue
		}
		all := raws(r, text)
		for percent := 1; percent < 100; percent++ {
			cut := raws(r, text[:len(text)*percent/100])
			if s := r.Stats(); s.Rejected != 1 || len(cut) != s.Given || !slices.Equal(cut, all[:len(cut)]) {
				t.Errorf("%s cut at %d %%: %+v", name, percent, s)
			}
			cut = raws(r, packed[:len(packed)*percent/100])
			if s := r.Stats(); s.Rejected != 1 || !slices.Equal(cut, all[:len(cut)]) {
				t.Errorf("%s in gzip cut at %d %%: %+v", name, percent, s)
			}
			flipped := slices.Clone(text)
			at := len(text) * percent / 100
			flipped[at] ^= 1 << (percent % 8)
			kept := 0
			for _, raw := range raws(r, flipped) {
				if slices.Contains(all, raw) {
					kept++
				}
			}
			if kept < len(all)-2 || r.Stats().Rejected > 2 {
				t.Errorf("%s with a bit flipped at %d: %d of %d records are left, %+v", name, at, kept, len(all), r.Stats())
			}
			flippedPack := slices.Clone(packed)
			flippedPack[10+(len(packed)-10)*percent/100] ^= 1 << (percent % 8)
			// The last bits of the stream before its checksum are padding, and mean nothing.
			if left := raws(r, flippedPack); r.Stats().Rejected == 0 && !slices.Equal(left, all) {
				t.Errorf("%s: a bit flipped in the gzip stream at %d %% was not told", name, percent)
			}
		}
		before := len(raws(r, glued))
		glued = append(glued, packed...)
		if after := raws(r, glued); len(after) != before+len(all) || r.Stats().Rejected != 0 {
			t.Errorf("%s behind others: %d + %d records gave %d", name, before, len(all), len(after))
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
