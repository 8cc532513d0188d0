package inflate

import (
	"bufio"
	"encoding/binary"
)

// bitReader reads DEFLATE's bits, of which the lowest of a byte is the first. Behind what the source
// has ready it reads zeros: who reads asks short afterwards, and begins again when more has come.
type bitReader struct {
	src *bufio.Reader
	in  []byte // what src has ready, from the byte that was consumed last or before
	pos int    // the next bit in it
}

// more takes what the source gives next, a byte at least.
func (b *bitReader) more() error {
	behind := len(b.in) - b.pos>>3
	_, _ = b.src.Discard(b.pos >> 3) // it is all in src's buffer
	b.pos &= 7
	_, err := b.src.Peek(behind + 1)
	b.in, _ = b.src.Peek(b.src.Buffered())
	return err
}

// peek is the next bits, 57 at least.
func (b *bitReader) peek() uint64 {
	i := min(b.pos>>3, len(b.in))
	if rest := b.in[i:]; len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest) >> (b.pos & 7)
	}
	var last [8]byte
	copy(last[:], b.in[i:])
	return binary.LittleEndian.Uint64(last[:]) >> (b.pos & 7)
}

// take reads n bits, 16 at most.
func (b *bitReader) take(n int) int {
	v := b.peek() & (1<<n - 1)
	b.pos += n
	return int(v) //nolint:gosec // 16 bits
}

// short says whether more was read than there is.
func (b *bitReader) short() bool { return b.pos > 8*len(b.in) }

// align goes on to the next whole byte.
func (b *bitReader) align() { b.pos = (b.pos + 7) &^ 7 }

// rest is what follows, of a reader that is aligned.
func (b *bitReader) rest() []byte { return b.in[b.pos>>3:] }
