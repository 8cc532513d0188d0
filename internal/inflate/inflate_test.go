package inflate_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	klauspost "github.com/klauspost/compress/gzip"

	"cairn.example/internal/inflate"
)

// reader reads streams whole, one after the other.
type reader struct {
	z     inflate.Reader
	src   *bufio.Reader
	buf   []byte
	all   []byte
	other gzip.Reader
}

func newReader() *reader {
	return &reader{src: bufio.NewReader(nil), buf: make([]byte, 1<<16)}
}

// read reads a stream in a buffer of some size, and returns its text, which is valid until the next.
func (r *reader) read(src io.Reader, size int) ([]byte, error) {
	r.src.Reset(src)
	r.z.Reset(r.src)
	r.all = r.all[:0]
	buf := r.buf[:0:size]
	for {
		text, err := r.z.Append(buf)
		r.all = append(r.all, text[len(buf):]...)
		if err != nil {
			return r.all, err
		}
		buf = text
		if cap(text)-len(text) < inflate.Room {
			buf = buf[:copy(buf, text[len(text)-inflate.Window:])]
		}
	}
}

// gunzip is compress/gzip's view.
func (r *reader) gunzip(in []byte) ([]byte, error) {
	if len(in) == 0 {
		return nil, nil // no member is a stream, too, but to the function that reads the first header
	}
	if err := r.other.Reset(bytes.NewReader(in)); err != nil {
		return nil, err
	}
	return io.ReadAll(&r.other)
}

// The long proofs are part of `make soak`.
var soak = os.Getenv("CAIRN_SOAK") != ""

func times() int {
	if soak {
		return 500
	}
	return 1
}

// smallest is the least buffer that works.
const smallest = inflate.Window + inflate.Room

// check compares what is made of a stream with what compress/gzip makes of it: the same text, and an error if that has
// one. Of a stream that ends too early there may be a little more: compress/gzip reads nothing further when less is left
// than the end of a block would take.
func (r *reader) check(t *testing.T, in []byte) {
	t.Helper()
	want, wantErr := r.gunzip(in)
	for _, way := range ways {
		if len(in) > way.longest {
			continue
		}
		got, err := r.read(way.of(bytes.NewReader(in)), way.size)
		if err != nil && strings.Contains(err.Error(), "flags") {
			return // RFC 1952 has them refused, compress/gzip ignores them
		}
		if errors.Is(err, io.EOF) != (wantErr == nil) {
			t.Fatalf("%s: %v, compress/gzip says %v", way.name, err, wantErr)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) && bytes.HasPrefix(got, want) && len(got)-len(want) < 1000 {
			continue
		}
		if !bytes.Equal(want, got) {
			t.Fatalf("%s: %d bytes, compress/gzip has %d; %v, %v", way.name, len(got), len(want), err, wantErr)
		}
	}
}

var ways = []struct {
	name          string
	of            func(io.Reader) io.Reader
	longest, size int
}{
	{"at once", func(r io.Reader) io.Reader { return r }, 1 << 30, 1 << 16},
	{"byte by byte", iotest.OneByteReader, 1 << 11, smallest},
	{"with its end", iotest.DataErrReader, 1 << 13, smallest},
}

// texts are texts of several natures.
func texts() map[string][]byte {
	rnd := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	var records strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&records, `{"eventTime":"2026-11-22T10:%02d:%02dZ","eventName":"Describe%d","requestID":"%08x-%016x"},`, i/60%60, i%60, i%7, rnd.Uint32(), rnd.Uint64())
	}
	near := bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz"), 20)
	var runs []byte // matches at every distance up to 40, of many lengths
	for distance := 1; distance <= 40; distance++ {
		runs = append(append(runs, byte(distance)), bytes.Repeat(noise[distance:2*distance], 1+rnd.IntN(300)/distance)...)
	}
	return map[string][]byte{
		"nothing": nil, "a byte": {'x'}, "noise": noise, "zeros": make([]byte, 300_000), "records": []byte(records.String()), "near": near, "runs": runs,
		"skewed": skewed(rnd),
	}
}

// skewed is a text whose bytes are so unlike in number that their codes become as long as may be.
func skewed(rnd *rand.Rand) []byte {
	var text []byte
	n := 1.0
	for c := range 24 {
		text = append(text, bytes.Repeat([]byte{byte('a' + c)}, int(n))...)
		n *= 1.6
	}
	rnd.Shuffle(len(text), func(i, j int) { text[i], text[j] = text[j], text[i] })
	return text
}

// packed packs a text in every way the libraries know.
func packed(tb testing.TB, text []byte) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
		var std, other bytes.Buffer
		w, err := gzip.NewWriterLevel(&std, level)
		if err != nil {
			tb.Fatal(err)
		}
		k, err := klauspost.NewWriterLevel(&other, level)
		if err != nil {
			tb.Fatal(err)
		}
		for _, w := range []io.WriteCloser{w, k} {
			if _, err := w.Write(text); err != nil {
				tb.Fatal(err)
			}
			if err := w.Close(); err != nil {
				tb.Fatal(err)
			}
		}
		all[fmt.Sprintf("compress/gzip %d", level)], all[fmt.Sprintf("klauspost %d", level)] = std.Bytes(), other.Bytes()
	}
	return all
}

func zip(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestStreams(t *testing.T) {
	r := newReader()
	for nature, text := range texts() {
		for way, in := range packed(t, text) {
			t.Run(nature+"/"+way, func(t *testing.T) {
				r.check(t, in)
			})
		}
	}
}

// Another member may follow, and nothing else.
func TestBehind(t *testing.T) {
	r := newReader()
	for _, text := range texts() {
		in := zip(t, text[:min(len(text), 1000)])
		for _, behind := range [][]byte{in, zip(t, nil), append(bytes.Clone(in), in...), []byte("behind it"), []byte("behind it something longer"), {0}} {
			r.check(t, append(bytes.Clone(in), behind...))
		}
	}
}

func TestHeaders(t *testing.T) {
	r := newReader()
	for _, header := range []gzip.Header{
		{Name: "a name"},
		{Comment: "a comment"},
		{Name: strings.Repeat("n", 511)},
		{Extra: make([]byte, 65535)},
		{Name: "n", Comment: "c", Extra: []byte("extra")},
		{Name: "caf\u00e9"},
	} {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Header = header
		_, _ = w.Write([]byte("text"))
		_ = w.Close()
		r.check(t, b.Bytes())
		for n := range min(b.Len(), 700) {
			r.check(t, b.Bytes()[:n])
		}
	}
	for flags := range 256 { // with a checksum of the header's that is right, one that is wrong, and other ends
		body := []byte{'a', 0, 'b', 0, 'c', 0, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
		r.check(t, append([]byte{0x1f, 0x8b, 8, byte(flags), 0, 0, 0, 0, 0, 0xff}, body...))
	}
	head := []byte{0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 0xff}
	sum := binary.LittleEndian.AppendUint16(nil, uint16(crc32.ChecksumIEEE(head)))
	for low := range 256 { // one of them is right
		r.check(t, slices.Concat(head, []byte{byte(low), sum[1]}, zip(t, nil)[10:]))
	}
	r.check(t, append([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0xff}, strings.Repeat("n", 600)+"\x00"...))
}

// A stream that is cut off anywhere gives what is before the cut.
func TestCut(t *testing.T) {
	r := newReader()
	for nature, text := range texts() {
		for way, in := range packed(t, text[:min(len(text), 3000)]) {
			if !soak && !strings.HasPrefix(way, "compress") {
				continue
			}
			for n := range min(len(in), 20*times()) {
				r.check(t, in[:n])
				r.check(t, in[:len(in)-n])
			}
			if t.Failed() {
				t.Fatal(nature, way)
			}
		}
	}
}

// A bit that flipped anywhere changes no more than with compress/gzip.
func TestFlipped(t *testing.T) {
	r := newReader()
	rnd := rand.New(rand.NewPCG(3, 3))
	for nature, text := range texts() {
		for way, in := range packed(t, text[:min(len(text), 3000)]) {
			for range 4 * times() {
				flipped := bytes.Clone(in)
				flipped[rnd.IntN(len(in))] ^= 1 << rnd.IntN(8)
				r.check(t, flipped)
			}
			if t.Failed() {
				t.Fatal(nature, way)
			}
		}
	}
}

// A Reader says the same again after an error, and reads the next stream after Reset.
func TestErrorStays(t *testing.T) {
	r := newReader()
	z := &r.z
	z.Reset(bufio.NewReader(strings.NewReader("no gzip at all")))
	buf := make([]byte, 0, smallest)
	_, first := z.Append(buf)
	if _, again := z.Append(buf); first == nil || !errors.Is(again, first) {
		t.Errorf("%v, then %v", first, again)
	}
	if _, err := z.Append(buf[:smallest-inflate.Room+1]); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("without room: %v", err)
	}
	if text, err := r.read(bytes.NewReader(zip(t, []byte("text"))), smallest); string(text) != "text" || !errors.Is(err, io.EOF) {
		t.Errorf("after Reset: %q, %v", text, err)
	}
	broken := errors.New("connection reset")
	in := zip(t, []byte("text"))
	for n := range in {
		if _, err := r.read(io.MultiReader(bytes.NewReader(in[:n]), iotest.ErrReader(broken)), smallest); !errors.Is(err, broken) {
			t.Fatalf("a source that fails after %d bytes: %v", n, err)
		}
	}
}

// What a source has given is given before it is asked for more: it may be a pipe on which more comes tomorrow.
func TestDoesNotWait(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	text := texts()["records"][:5000]
	_, _ = w.Write(text)
	_ = w.Flush()
	asked := false
	late := readerFunc(func([]byte) (int, error) {
		asked = true
		return 0, io.EOF
	})
	z := new(inflate.Reader)
	z.Reset(bufio.NewReader(io.MultiReader(iotest.OneByteReader(&b), late)))
	got := make([]byte, 0, 1<<18)
	for len(got) < len(text) {
		if got, _ = z.Append(got); asked {
			t.Fatalf("asked for more after %d of %d bytes", len(got), len(text))
		}
	}
	if !bytes.Equal(got, text) {
		t.Error("another text")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A small stream may hold a huge text. It costs time, and no memory.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	w := klauspost.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	const size = 128 << 20
	for range size / len(zeros) {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	z := new(inflate.Reader)
	z.Reset(bufio.NewReader(&b))
	buf := make([]byte, 0, 1<<17)
	n, err := 0, error(nil)
	allocated := testing.AllocsPerRun(1, func() {
		for err == nil {
			var text []byte
			text, err = z.Append(buf)
			n += len(text) - len(buf)
			buf = buf[:copy(buf[:cap(buf)], text[max(0, len(text)-inflate.Window):])]
		}
	})
	if n != size || !errors.Is(err, io.EOF) || allocated > 1 {
		t.Errorf("%d bytes of %d, %v, %v allocations", n, size, err, allocated)
	}
}

// FuzzReader: whatever comes, the text is that of compress/gzip.
func FuzzReader(f *testing.F) {
	for _, text := range texts() {
		for _, in := range packed(f, text[:min(len(text), 300)]) {
			f.Add(in)
		}
	}
	r := newReader()
	f.Fuzz(func(t *testing.T, in []byte) {
		r.check(t, in)
		r.check(t, append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, in...))
	})
}
