package inflate

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A member's header, RFC 1952.
const (
	headerSize   = 10
	flagSum      = 1 << 1
	flagExtra    = 1 << 2
	flagName     = 1 << 3
	flagComment  = 1 << 4
	reserved     = 0xe0
	longestField = 512 // of a name or comment with its zero: compress/gzip takes no longer one
)

// between says whether the stream may end here: before a member's first byte.
func (z *Reader) between() bool { return z.state == atHeader && len(z.rest()) == 0 }

// member reads a member's header. It waits for the source, but not before there is a first byte.
func (z *Reader) member() {
	if len(z.rest()) == 0 {
		z.starved = true
		return
	}
	_, _ = z.src.Discard(z.pos >> 3) // it is all in src's buffer
	z.in, z.pos = nil, 0
	err := z.header()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	z.err, z.state = err, atBlock
	z.sum, z.length, z.final = 0, 0, false
}

func (z *Reader) header() error {
	var head [headerSize]byte
	if _, err := io.ReadFull(z.src, head[:]); err != nil {
		return err
	}
	if head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 {
		return errHeader
	}
	flags, sum := head[3], crc32.ChecksumIEEE(head[:])
	if flags&reserved != 0 {
		return errReserved
	}
	if flags&flagExtra != 0 {
		var size [2]byte
		if _, err := io.ReadFull(z.src, size[:]); err != nil {
			return err
		}
		sum = crc32.Update(sum, crc32.IEEETable, size[:])
		if err := z.skip(int(binary.LittleEndian.Uint16(size[:])), &sum, false); err != nil {
			return err
		}
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag != 0 {
			if err := z.skip(longestField, &sum, true); err != nil {
				return err
			}
		}
	}
	return z.headerSum(flags, sum)
}

// skip reads n bytes of a header, or up to a zero among them, which must then be there.
func (z *Reader) skip(n int, sum *uint32, text bool) error {
	for range n {
		c, err := z.src.ReadByte()
		if err != nil {
			return err
		}
		*sum = crc32.Update(*sum, crc32.IEEETable, []byte{c})
		if text && c == 0 {
			return nil
		}
	}
	if text {
		return errHeader
	}
	return nil
}

func (z *Reader) headerSum(flags byte, sum uint32) error {
	if flags&flagSum == 0 {
		return nil
	}
	var want [2]byte
	if _, err := io.ReadFull(z.src, want[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint16(want[:]) != uint16(sum&0xffff) {
		return errHeader
	}
	return nil
}
