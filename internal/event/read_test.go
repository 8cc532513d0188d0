package event_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"cairn.example/internal/event"
	"cairn.example/internal/eventtest"
)

// generate writes a file of n records as CloudTrail delivers it.
func generate(tb testing.TB, seed uint64, n int) []byte {
	tb.Helper()
	shapes, err := eventtest.Own()
	if err != nil {
		tb.Fatal(err)
	}
	return shapes.File(seed, n)
}

func tell(tb testing.TB, r *event.Reader, in []byte) string {
	tb.Helper()
	return tellFrom(tb, r, bytes.NewReader(in))
}

// tellFrom reads an object, writes down what it gives, and checks what holds for every object.
func tellFrom(tb testing.TB, r *event.Reader, src io.Reader) string {
	tb.Helper()
	var told strings.Builder
	given, rejected := 0, 0
	for rec, err := range r.Records("in", src) {
		told.WriteString(line(rec, err))
		if err != nil {
			rejected++
			continue
		}
		given++
		checkRecord(tb, rec)
	}
	s := r.Stats()
	if s.Given != given || s.Rejected != rejected || s.Seen != s.Given+s.Skipped+s.Rejected {
		tb.Errorf("%d given and %d rejected, but counted %+v", given, rejected, s)
	}
	fmt.Fprintf(&told, "seen %d = given %d + skipped %d + rejected %d\n", s.Seen, s.Given, s.Skipped, s.Rejected)
	return told.String()
}

// ways are other ways to hand over the same text: nothing of what is read may depend on them.
func ways(in []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"byte by byte":  iotest.OneByteReader(bytes.NewReader(in)),
		"half reads":    iotest.HalfReader(bytes.NewReader(in)),
		"end with data": iotest.DataErrReader(bytes.NewReader(in)),
		"gzip":          bytes.NewReader(zip(in)),
		"gzip members":  io.MultiReader(bytes.NewReader(zip(in[:len(in)/3])), bytes.NewReader(zip(in[len(in)/3:]))),
		"gzip bytewise": iotest.OneByteReader(bytes.NewReader(zip(in))),
	}
}

func zip(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}
