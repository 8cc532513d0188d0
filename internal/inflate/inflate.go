// Package inflate reads gzip: the same bytes as compress/gzip, at more than twice the speed of the
// libraries. It writes into its caller's buffer and takes what it wrote there for the window that
// DEFLATE copies from, so that nothing is copied out. It is plain Go without unsafe.
package inflate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

const (
	// Window is how far back DEFLATE copies from.
	Window = 32 << 10
	// Room is the least room that Append can use: six literals and the longest match, with what copying
	// in steps of 16 bytes writes behind it.
	Room = 320
)

// What can be wrong with a stream, besides ending too early.
var (
	errHeader   = errors.New("gzip: no member begins here")
	errReserved = errors.New("gzip: a header with flags that are not defined")
	errBlock    = errors.New("gzip: a block of an unknown kind")
	errStored   = errors.New("gzip: a stored block whose length is damaged")
	errCode     = errors.New("gzip: a block whose code is damaged")
	errSymbol   = errors.New("gzip: a symbol that does not exist")
	errDistance = errors.New("gzip: a match from before the beginning")
	errChecksum = errors.New("gzip: the checksum does not fit")
)

// state is what comes next in the stream.
type state uint8

const (
	atHeader state = iota
	atBlock
	inStored
	inSymbols
	atTrailer
)

// Reader reads the members of a gzip stream, one behind the other. It can be used again by Reset.
type Reader struct {
	bitReader
	state   state
	starved bool // the next step needs more input than src has ready
	final   bool // the block is the last of its member
	stored  int  // bytes of a stored block to come
	tables  tables
	err     error

	sum     uint32 // of the member's text
	length  int64  // of the member's text
	counted int    // where in the buffer the text begins that sum and length do not have
}

// Reset begins a stream. The Reader reads ahead in src, whose buffer must hold 4 KB or more.
func (z *Reader) Reset(src *bufio.Reader) {
	z.bitReader = bitReader{src: src}
	z.state, z.starved, z.err = atHeader, false, nil
}

// Append appends what comes next to text: as much as its capacity holds or src has ready, and
// something unless it returns an error. An error comes after all that was read before it, and again
// each time; it is io.EOF behind the last member.
//
// text must have room for Room bytes and end with what was returned last, with Window bytes of it or
// with all of it. What lies between its length and its capacity is overwritten.
func (z *Reader) Append(text []byte) ([]byte, error) {
	if cap(text)-len(text) < Room {
		return text, io.ErrShortBuffer
	}
	before := len(text)
	z.counted = before
	for z.err == nil && cap(text)-len(text) >= Room {
		if z.starved {
			if len(text) > before {
				break // the source is not waited for with something to give
			}
			z.wait()
			continue
		}
		text = z.step(text)
	}
	z.count(text)
	if len(text) > before {
		return text, nil
	}
	return text, z.err
}

func (z *Reader) step(text []byte) []byte {
	switch z.state {
	case atHeader:
		z.member()
	case atBlock:
		z.block()
	case inStored:
		text = z.copyStored(text)
	case inSymbols:
		text = z.symbols(text)
	case atTrailer:
		z.trailer(text)
	}
	return text
}

// wait takes more from the source.
func (z *Reader) wait() {
	z.starved = false
	err := z.more()
	if errors.Is(err, io.EOF) && !z.between() {
		err = io.ErrUnexpectedEOF
	}
	z.err = err
}

// count adds to sum and length what they do not have.
func (z *Reader) count(text []byte) {
	z.sum = crc32.Update(z.sum, crc32.IEEETable, text[z.counted:])
	z.length += int64(len(text) - z.counted)
	z.counted = len(text)
}

// trailer reads the checksum and the length behind the last block.
func (z *Reader) trailer(text []byte) {
	z.align()
	b := z.rest()
	if len(b) < 8 {
		z.starved = true
		return
	}
	z.count(text)
	if binary.LittleEndian.Uint32(b) != z.sum || binary.LittleEndian.Uint32(b[4:]) != uint32(z.length) { //nolint:gosec // the format has it modulo 2^32
		z.err = errChecksum
		return
	}
	z.pos += 64
	z.state = atHeader
}
