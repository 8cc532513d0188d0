package event_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/flate"

	"cairn.example/internal/event"
	"cairn.example/internal/inflate"
)

// The long proofs are part of `make soak`.
var soak = os.Getenv("CAIRN_SOAK") != ""

// What is damaged is told, and costs no more than what the damage touched.
func TestDamaged(t *testing.T) {
	r := event.NewReader(event.Options{})
	text := generate(t, 4, 20)
	steps := 40
	if soak {
		steps = len(text)
	}
	checkDamage(t, r, "made", text, steps)
}

// checkDamage reads a delivered file cut off at many places, and with a bit flipped at as many.
func checkDamage(t *testing.T, r *event.Reader, name string, text []byte, steps int) {
	t.Helper()
	all, packed := raws(r, text), zip(text)
	for step := 1; step < steps; step++ {
		cut := raws(r, text[:len(text)*step/steps])
		if s := r.Stats(); s.Rejected != 1 || len(cut) != s.Given || !slices.Equal(cut, all[:len(cut)]) {
			t.Errorf("%s cut at %d of %d: %+v", name, step, steps, s)
		}
		cut = raws(r, packed[:max(2, len(packed)*step/steps)])
		if s := r.Stats(); s.Rejected != 1 || !slices.Equal(cut, all[:len(cut)]) {
			t.Errorf("%s in gzip cut at %d of %d: %+v", name, step, steps, s)
		}
		flipped := slices.Clone(text)
		at := max(len(text)*step/steps, len(`{"Records":[`)) // with another name it would be another file
		flipped[at] ^= 1 << (step % 8)
		kept := 0
		for _, raw := range raws(r, flipped) {
			if slices.Contains(all, raw) {
				kept++
			}
		}
		if kept < len(all)-2 || r.Stats().Rejected > 2 {
			t.Errorf("%s with a bit flipped at %d: %d of %d records are left, %+v", name, at, kept, len(all), r.Stats())
		}
		flipped = slices.Clone(packed)
		flipped[10+(len(packed)-10)*step/steps] ^= 1 << (step % 8)
		// The last bits of the stream before its checksum are padding, and mean nothing.
		if left := raws(r, flipped); r.Stats().Rejected == 0 && !slices.Equal(left, all) {
			t.Errorf("%s: a bit flipped in the gzip stream at %d of %d was not told", name, step, steps)
		}
	}
}

// Files one behind the other are read as they are one by one, in whatever form each is.
func TestConcatenated(t *testing.T) {
	r := event.NewReader(event.Options{})
	var glued, plain []byte
	want := 0
	for seed := range uint64(12) {
		text := generate(t, seed, int(seed))
		glued, plain = append(glued, zip(text)...), append(plain, text...)
		want += int(seed)
		for _, in := range [][]byte{glued, plain} {
			if got := raws(r, in); len(got) != want || r.Stats().Rejected != 0 {
				t.Errorf("%d files: %d records, want %d; %+v", seed+1, len(got), want, r.Stats())
			}
		}
	}
}

// Memory stays flat in a file of any size, also of one whose length the format cannot tell.
func TestLargeFile(t *testing.T) {
	size := int64(16 << 20)
	if soak {
		size = 5 << 30
	}
	in := newLarge(t, size)
	for name, opts := range map[string]event.Options{"filtered": {Filter: watched()}, "every": {}} {
		r := event.NewReader(opts)
		for range r.Records("warm", bytes.NewReader(zip(generate(t, 1, 100)))) {
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, err := range r.Records("large", in.reader()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if s := r.Stats(); s.Seen != in.records || s.Bytes < size {
			t.Errorf("%s: %+v of %d records", name, s, in.records)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, grown)
		}
	}
}

// Compression reaches back as far as it may, over and over, and places in the text stay right.
func TestFarBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	line := make([]byte, 0, inflate.Window)
	for line = append(line, `{"eventID":"`...); len(line) < inflate.Window-len(`"}`+"\n"); {
		line = append(line, "0123456789abcdef"[rnd.IntN(16)])
	}
	text := bytes.Repeat(append(line, `"}`+"\n"...), 40)
	r := event.NewReader(event.Options{})
	if diff := cmp.Diff(tell(t, r, text), tell(t, r, zip(text))); diff != "" {
		t.Errorf("plain -, gzip +\n%s", diff)
	}
	if packed := zip(text); r.Stats().Given != 40 || len(packed) > len(text)/20 {
		t.Errorf("%+v, %d bytes packed", r.Stats(), len(packed))
	}
}

// large is a gzip file of which only a piece is held: blocks that refer to nothing before them may come again.
type large struct {
	head, piece, tail []byte
	times, records    int
}

func newLarge(t *testing.T, size int64) *large {
	t.Helper()
	const each = 2000
	text := generate(t, 9, each)
	first, last := []byte(`{"Records":[`), []byte(`]}`)
	body := append(bytes.TrimSuffix(bytes.TrimPrefix(text, first), last), ',') // before the end, too: commas count as space
	l := &large{
		head:  append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, deflated(t, first, false)...),
		piece: deflated(t, body, false),
		times: int(size/int64(len(body))) + 1,
	}
	l.records = each * l.times
	sum := crc32.ChecksumIEEE(first)
	for range l.times {
		sum = crc32.Update(sum, crc32.IEEETable, body)
	}
	l.tail = binary.LittleEndian.AppendUint32(deflated(t, last, true), crc32.Update(sum, crc32.IEEETable, last))
	l.tail = binary.LittleEndian.AppendUint32(l.tail, uint32(len(first)+l.times*len(body)+len(last)))
	return l
}

func deflated(t *testing.T, text []byte, last bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(text)
	end := w.Flush
	if last {
		end = w.Close
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (l *large) reader() io.Reader {
	return io.MultiReader(bytes.NewReader(l.head), &again{piece: l.piece, times: l.times}, bytes.NewReader(l.tail))
}

// again gives a piece many times.
type again struct {
	piece     []byte
	at, times int
}

func (a *again) Read(p []byte) (int, error) {
	if a.at == len(a.piece) {
		a.at = 0
		a.times--
	}
	if a.times == 0 {
		return 0, io.EOF
	}
	n := copy(p, a.piece[a.at:])
	a.at += n
	return n, nil
}
