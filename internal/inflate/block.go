package inflate

// Blocks, RFC 1951.
const (
	maxLiterals  = 286
	maxDistances = 30
)

// order is the order in which a block tells the code lengths of its code lengths.
var order = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// block reads a block's header, or goes on to the trailer if there is none.
func (z *Reader) block() {
	if z.final {
		z.state = atTrailer
		return
	}
	start := z.pos
	final := z.take(1) == 1
	next, err := inSymbols, error(nil)
	switch z.take(2) {
	case 0:
		next, err = inStored, z.storedLength()
	case 1:
		z.tables.fix()
	case 2:
		err = z.codes()
	default:
		err = errBlock
	}
	if z.short() { // whatever was made of zeros that are not there
		z.pos, z.starved = start, true
		return
	}
	z.state, z.final, z.err = next, final, err
}

func (z *Reader) storedLength() error {
	z.align()
	z.stored = z.take(16)
	if z.take(16) != z.stored^0xffff {
		return errStored
	}
	return nil
}

func (z *Reader) copyStored(text []byte) []byte {
	n := min(z.stored, len(z.rest()), cap(text)-len(text))
	text = append(text, z.rest()[:n]...)
	z.pos += 8 * n
	if z.stored -= n; z.stored == 0 {
		z.state = atBlock
	} else {
		z.starved = n == 0
	}
	return text
}

// codes reads the codes of a block that brings its own.
func (z *Reader) codes() error {
	literals, distances, n := z.take(5)+257, z.take(5)+1, z.take(4)+4
	if literals > maxLiterals || distances > maxDistances {
		return errCode
	}
	var lengths [len(order)]uint8
	for _, at := range order[:n] {
		lengths[at] = uint8(z.take(3)) //nolint:gosec // 3 bits
	}
	t := &z.tables
	t.fixed = false
	var code [1 << lengthBits]entry
	if !build(code[:], lengthBits, lengths[:], plainSymbols[:]) {
		return errCode
	}
	all := t.lengths[:literals+distances]
	if !z.codeLengths(&code, all) {
		return errCode
	}
	if !t.make(all[:literals], all[literals:]) {
		return errCode
	}
	return nil
}

// codeLengths reads the code lengths of a block, which are themselves coded.
func (z *Reader) codeLengths(code *[1 << lengthBits]entry, lengths []uint8) bool {
	for i := 0; i < len(lengths); {
		e := code[z.peek()&(1<<lengthBits-1)]
		if e.special() {
			return false
		}
		z.pos += e.bits()
		last, times := e.base(), 1
		switch last {
		case 16:
			if i == 0 {
				return false
			}
			last, times = int(lengths[i-1]), 3+z.take(2)
		case 17:
			last, times = 0, 3+z.take(3)
		case 18:
			last, times = 0, 11+z.take(7)
		}
		if times > len(lengths)-i {
			return false
		}
		for range times {
			lengths[i] = uint8(last)
			i++
		}
	}
	return true
}
