package inflate

import "encoding/binary"

const (
	// ahead is how much input the fast way needs: it takes 7 bytes at a time, three times between two
	// looks at how much is left.
	ahead = 64
	least = 32
)

// symbols reads literals and matches: all that input and room allow, or near the input's end one.
func (z *Reader) symbols(text []byte) []byte {
	if len(z.in)-z.pos>>3 >= ahead {
		return z.fast(text)
	}
	return z.careful(text)
}

// careful reads one literal or match, if it is all there.
func (z *Reader) careful(text []byte) []byte {
	start := z.pos
	e := z.look(z.tables.literals[:], literalBits)
	if e.literal() {
		z.pos += e.first()
		if z.unread(start) {
			return text
		}
		return append(text, e.byte())
	}
	length := e.value(z.peek())
	z.pos += e.bits()
	if e.special() {
		if !z.unread(start) {
			z.leave(e)
		}
		return text
	}
	e = z.look(z.tables.distances[:], distanceBits)
	distance := e.value(z.peek())
	z.pos += e.bits()
	switch {
	case z.unread(start):
		return text
	case e.special():
		z.err = errSymbol
		return text
	case distance > z.reach(text):
		z.err = errDistance
		return text
	}
	for range length {
		text = append(text, text[len(text)-distance])
	}
	return text
}

// look finds the entry of the next code.
func (z *Reader) look(table []entry, root int) entry {
	e := table[z.peek()&(1<<root-1)]
	if e.longer() {
		z.pos += root
		e = table[e.index(z.peek())]
	}
	return e
}

// unread goes back to where a symbol began if it is not all there.
func (z *Reader) unread(start int) bool {
	if !z.short() {
		return false
	}
	z.pos, z.starved = start, true
	return true
}

// leave ends a block at a symbol that is neither literal nor length.
func (z *Reader) leave(e entry) {
	if z.state = atBlock; e&end == 0 {
		z.err = errSymbol
	}
}

// reach is how far back a match may begin.
func (z *Reader) reach(text []byte) int {
	return int(min(z.length+int64(len(text)-z.counted), int64(len(text))))
}

// refill has 56 bits or more in hand. Of the bits above those that are counted it keeps what it read:
// the next refill puts the same there again.
func refill(in []byte, bits uint64, have uint) ([]byte, uint64, uint) {
	return in[7-have>>3&7:], bits | binary.LittleEndian.Uint64(in)<<(have&63), have | 56
}

// fast reads literals and matches while there is input and room in plenty. After each match it looks
// up the next entry before it copies, since processors guess wrong how long copying goes on; most
// matches are no longer than what is copied in any case.
//
// have counts the bits in hand in its lowest six bits; those above are of no account.
func (z *Reader) fast(text []byte) []byte {
	lits, dists := &z.tables.literals, &z.tables.distances
	all, room, first := text[:cap(text)], text[len(text):cap(text)], len(text)-z.reach(text)
	in, bits, have := refill(z.in[z.pos>>3:], 0, 0)
	bits, have = bits>>(z.pos&7), have-uint(z.pos&7)
	e := lits[bits&(1<<literalBits-1)]
	for len(in) >= least && len(room) >= Room {
		if e.literal() {
			room, bits, have = e.put(room), bits>>(e&63), have-uint(e)
			e = lits[bits&(1<<literalBits-1)]
			if e.literal() {
				room, bits, have = e.put(room), bits>>(e&63), have-uint(e)
				e = lits[bits&(1<<literalBits-1)]
				if e.literal() {
					room, bits, have = e.put(room), bits>>(e&63), have-uint(e)
					in, bits, have = refill(in, bits, have)
					e = lits[bits&(1<<literalBits-1)]
					continue
				}
			}
		}
		if e.special() {
			if e.longer() {
				bits, have = bits>>literalBits, have-literalBits
				e = lits[e.index(bits)&(literalSize-1)]
				if e.literal() {
					room, bits, have = e.put(room), bits>>(e&63), have-uint(e)
					in, bits, have = refill(in, bits, have)
					e = lits[bits&(1<<literalBits-1)]
					continue
				}
			}
			if e.special() {
				have -= uint(e)
				z.leave(e)
				break
			}
		}
		length := e.value(bits)
		bits, have = bits>>(e&63), have-uint(e)
		if have&63 < 28 {
			in, bits, have = refill(in, bits, have)
		}
		e = dists[bits&(1<<distanceBits-1)]
		if e.special() {
			if e.longer() {
				bits, have = bits>>distanceBits, have-distanceBits
				e = dists[e.index(bits)&(distanceSize-1)]
			}
			if e.special() {
				z.err = errSymbol
				break
			}
		}
		at := len(all) - len(room)
		from := at - e.value(bits)
		bits, have = bits>>(e&63), have-uint(e)
		if from < first {
			z.err = errDistance
			break
		}
		in, bits, have = refill(in, bits, have)
		e = lits[bits&(1<<literalBits-1)]
		if at-from < 16 {
			copyNear(all, at, from, length)
		} else {
			near, far := room[:64], all[from:from+64]
			copy(near[:16], far)
			copy(near[16:32], far[16:])
			copy(near[32:48], far[32:])
			copy(near[48:], far[48:])
			for i := 64; i < length; i += 16 {
				copy(room[i:i+16], all[from+i:from+i+16])
			}
		}
		room = room[length:]
	}
	z.pos = 8*(len(z.in)-len(in)) - int(have&63)
	return all[:len(all)-len(room)]
}

// copyNear copies from less than 16 bytes back: what it copies it may have written itself.
func copyNear(all []byte, to, from, length int) {
	if to-from >= 8 {
		for i := 0; i < length; i += 8 {
			copy(all[to+i:to+i+8], all[from+i:from+i+8])
		}
		return
	}
	for i := range length {
		all[to+i] = all[from+i]
	}
}
