package event

import (
	"bufio"
	"io"

	"cairn.example/internal/inflate"
)

const (
	startBuffer = 64 << 10  // some forty records of usual length
	gzipBuffer  = 256 << 10 // still near the processor, and inflate's window is seldom moved to its front
	minRead     = 32 << 10
)

// input is a sliding window over an object's text, decompressed if need be.
type input struct {
	src    watched
	raw    *bufio.Reader
	gz     *inflate.Reader
	buf    []byte
	lo, hi int   // buf[lo:hi] is read and not consumed
	base   int64 // offset of buf[0] in the text
	err    error // why no more comes; io.EOF when all is well
	failed bool  // err is the source's, not the content's

	checked bool // the text comes out of gzip, and carries a checksum
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
	} else {
		in.raw.Reset(&in.src)
	}
	in.lo, in.hi, in.base, in.err, in.failed = 0, 0, 0, nil, false
	magic, err := in.raw.Peek(2) // an error comes again with the first Read
	size := startBuffer
	if in.checked = err == nil && magic[0] == 0x1f && magic[1] == 0x8b; in.checked {
		size = gzipBuffer
		if in.gz == nil {
			in.gz = new(inflate.Reader)
		}
		in.gz.Reset(in.raw)
	}
	if len(in.buf) < size {
		in.buf = make([]byte, size)
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
		n, err := in.read()
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

// read reads into the room behind hi.
func (in *input) read() (int, error) {
	if !in.checked {
		return in.raw.Read(in.buf[in.hi:])
	}
	text, err := in.gz.Append(in.buf[:in.hi])
	return len(text) - in.hi, err
}

// makeRoom moves what is needed to the front: what was not consumed, and the window of inflate.
func (in *input) makeRoom() {
	if len(in.buf)-in.hi >= minRead {
		return
	}
	from := in.lo
	if in.checked {
		from = min(from, max(in.hi-inflate.Window, 0))
	}
	to := in.buf
	if used := in.hi - from; len(in.buf)-used < minRead {
		to = make([]byte, 2*len(in.buf))
	}
	copy(to, in.buf[from:in.hi])
	in.base += int64(from)
	in.buf, in.lo, in.hi = to, in.lo-from, in.hi-from
}
