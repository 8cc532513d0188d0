package event

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	startBuffer = 64 << 10 // some forty records of usual length, near the processor
	minRead     = 32 << 10 // one window of inflate, the most that one Read of it gives
)

// input is a sliding window over an object's text, decompressed if need be.
type input struct {
	src    watched
	raw    *bufio.Reader
	gz     *gzip.Reader
	from   io.Reader // raw or gz
	buf    []byte
	lo, hi int   // buf[lo:hi] is read and not consumed
	base   int64 // offset of buf[0] in the text
	err    error // why no more comes; io.EOF when all is well
	failed bool  // err is the source's, not the content's

	checked bool // the text carries a checksum
}

// watched remembers a source's own failure: what decompression reports does not tell it from damage.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// reset begins an object.
func (in *input) reset(src io.Reader) {
	in.src = watched{Reader: src}
	if in.raw == nil {
		in.raw = bufio.NewReaderSize(&in.src, 64<<10)
		in.buf = make([]byte, startBuffer)
	} else {
		in.raw.Reset(&in.src)
	}
	in.lo, in.hi, in.base, in.err, in.failed = 0, 0, 0, nil, false
	in.from, in.checked = in.raw, false
	if magic, err := in.raw.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return // an error comes again with the first Read
	}
	if in.gz == nil {
		in.gz = new(gzip.Reader)
	}
	in.from, in.checked = in.gz, true
	if err := in.gz.Reset(in.raw); err != nil {
		in.stop(err)
	}
}

func (in *input) stop(err error) {
	in.err, in.failed = err, false
	if in.src.err != nil {
		in.err, in.failed = in.src.err, true
	}
}

// rest is what was read and not consumed; it is valid until more.
func (in *input) rest() []byte { return in.buf[in.lo:in.hi] }

// offset is where rest begins in the text.
func (in *input) offset() int64 { return in.base + int64(in.lo) }

func (in *input) advance(n int) { in.lo += n }

// more reads at least one byte, and at least the number asked for if there are so many: asking for
// as much again as was looked at in vain keeps a long record's cost linear. It says whether
// anything came.
func (in *input) more(least int) bool {
	got := 0
	for idle := 0; got <= least && in.err == nil; {
		in.makeRoom()
		n, err := in.from.Read(in.buf[in.hi:])
		in.hi += n
		got += n
		if n == 0 && err == nil {
			if idle++; idle > 100 {
				err = io.ErrNoProgress
				in.src.err = err
			}
		}
		if err != nil {
			in.stop(err)
		}
	}
	return got > 0
}

func (in *input) makeRoom() {
	if len(in.buf)-in.hi >= minRead {
		return
	}
	to := in.buf
	if used := in.hi - in.lo; len(in.buf)-used < minRead {
		to = make([]byte, 2*len(in.buf))
	}
	copy(to, in.rest())
	in.base += int64(in.lo)
	in.buf, in.lo, in.hi = to, 0, in.hi-in.lo
}
