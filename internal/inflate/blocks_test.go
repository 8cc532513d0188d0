package inflate_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// Compressors write tame codes. These blocks have any that the format allows, some that it does not, and matches of
// every length from every distance.
func TestAnyCode(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	r, whole, before := newReader(), 0, zip(t, make([]byte, 100))
	for range 150 * times() {
		in := anyStream(rnd)
		r.check(t, in)
		r.check(t, slices.Concat(before, in)) // no match goes back into the member before
		if text, _ := r.gunzip(in); len(text) > 1000 {
			whole++
		}
	}
	if whole < 40*times() {
		t.Errorf("only %d streams gave much text", whole)
	}
}

// anyStream writes a member of random blocks, whose checksum is wrong.
func anyStream(rnd *rand.Rand) []byte {
	w := &bitWriter{}
	w.bytes = append(w.bytes, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)
	made := 0
	for n := rnd.IntN(4); n >= 0; n-- {
		final := uint(0)
		if n == 0 {
			final = 1
		}
		w.write(final, 1)
		switch rnd.IntN(8) {
		case 0:
			made += w.stored(rnd)
		case 1:
			w.write(1, 2)
			w.symbols(rnd, fixedLengths(), slices.Repeat([]uint8{5}, 30), &made)
		default:
			w.write(2, 2)
			most := 30
			if rnd.IntN(20) == 0 {
				most = 32 // which is too many
			}
			literals := randomCode(rnd, 257+rnd.IntN(most), 1+rnd.IntN(286), 256)
			distances := randomCode(rnd, 1+rnd.IntN(most), rnd.IntN(31), -1)
			w.header(literals, distances)
			w.symbols(rnd, literals, distances, &made)
		}
	}
	w.write(0, 7)
	return append(w.bytes, 1, 2, 3, 4, 5, 6, 7, 8)
}

func fixedLengths() []uint8 {
	return slices.Concat(slices.Repeat([]uint8{8}, 144), slices.Repeat([]uint8{9}, 112), slices.Repeat([]uint8{7}, 24), slices.Repeat([]uint8{8}, 8))
}

// randomCode gives some symbols of n the lengths of a random tree's leaves, and now and then a wrong one.
func randomCode(rnd *rand.Rand, n, used, needed int) []uint8 {
	leaves := []uint8{0}
	for len(leaves) < min(n, used) {
		i := rnd.IntN(len(leaves))
		if rnd.IntN(2) == 0 {
			i = len(leaves) - 1 // deep trees
		}
		if leaves[i] < 15 {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		} else if !slices.ContainsFunc(leaves, func(l uint8) bool { return l < 15 }) {
			break
		}
	}
	if len(leaves) == 1 {
		leaves[0] = uint8(rnd.IntN(2))
	}
	if rnd.IntN(20) == 0 {
		leaves[rnd.IntN(len(leaves))] = uint8(rnd.IntN(16))
	}
	lengths := make([]uint8, n)
	places := rnd.Perm(n)
	if at := slices.Index(places, needed); at >= len(leaves) {
		places[at], places[0] = places[0], needed
	}
	for i, l := range leaves {
		lengths[places[i]] = l
	}
	return lengths
}

type bitWriter struct {
	bytes []byte
	bits  uint
	n     int
}

func (w *bitWriter) write(v uint, n int) {
	w.bits |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.bytes = append(w.bytes, byte(w.bits))
		w.bits >>= 8
	}
}

func (w *bitWriter) stored(rnd *rand.Rand) int {
	w.write(0, 2)
	w.write(0, (8-w.n)%8)
	n := rnd.IntN(1000)
	w.write(uint(n), 16)
	w.write(uint(^n&0xffff), 16)
	for range n {
		w.write(uint(rnd.IntN(256)), 8)
	}
	return n
}

// header writes the lengths of two codes, each in four bits.
func (w *bitWriter) header(literals, distances []uint8) {
	w.write(uint(len(literals)-257), 5)
	w.write(uint(len(distances)-1), 5)
	w.write(15, 4)
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		if symbol < 16 {
			w.write(4, 3)
		} else {
			w.write(0, 3)
		}
	}
	for _, l := range slices.Concat(literals, distances) {
		w.write(reversed(uint(l), 4), 4)
	}
}

func reversed(v uint, n int) (r uint) {
	for range n {
		r = r<<1 | v&1
		v >>= 1
	}
	return r
}

// codes are the codes of symbols by their lengths, RFC 1951, 3.2.2.
func codes(lengths []uint8) []uint {
	out := make([]uint, len(lengths))
	code := uint(0)
	for length := uint8(1); length <= 15; length++ {
		for symbol, l := range lengths {
			if l == length {
				out[symbol] = reversed(code, int(length))
				code++
			}
		}
		code <<= 1
	}
	return out
}

// symbols writes random symbols and the end of the block.
func (w *bitWriter) symbols(rnd *rand.Rand, literals, distances []uint8, made *int) {
	literalCodes, distanceCodes := codes(literals), codes(distances)
	for range rnd.IntN(600) {
		symbol := rnd.IntN(len(literals))
		if literals[symbol] == 0 || symbol == 256 {
			continue
		}
		extra := lengthExtra(symbol)
		if symbol > 256 {
			if distance := rnd.IntN(len(distances)); distances[distance] > 0 && (reach(distance) <= *made || rnd.IntN(500) == 0) {
				w.write(literalCodes[symbol], int(literals[symbol]))
				w.write(uint(rnd.IntN(1<<extra)), extra)
				w.write(distanceCodes[distance], int(distances[distance]))
				w.write(uint(rnd.IntN(1<<(max(distance/2, 1)-1))), max(distance/2, 1)-1)
				*made += 3
			}
			continue
		}
		w.write(literalCodes[symbol], int(literals[symbol]))
		*made++
	}
	w.write(literalCodes[256], int(literals[256]))
}

// Codes as long as may be, with all their extra bits, need all the bits that a reader can have in hand.
func TestLongestCodes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	w := &bitWriter{bytes: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}}
	for made := 0; made < 40_000; {
		w.write(0, 1)
		made += w.stored(rnd)
	}
	literals, distances := make([]uint8, 286), make([]uint8, 30)
	for i := range uint8(13) {
		literals['a'+i], distances[i] = i+1, i+1
	}
	literals['n'], literals[256], literals[284] = 14, 15, 15
	distances[27], distances[28], distances[29] = 14, 15, 15
	literalCodes, distanceCodes := codes(literals), codes(distances)
	w.write(0, 1)
	w.write(2, 2)
	w.header(literals, distances)
	for range 20_000 {
		for range rnd.IntN(5) {
			c := 'a' + rnd.IntN(14)
			w.write(literalCodes[c], int(literals[c]))
		}
		w.write(literalCodes[284], 15)
		w.write(uint(rnd.IntN(31)), 5)
		w.write(distanceCodes[29], 15)
		w.write(uint(rnd.IntN(1<<13)), 13)
	}
	w.write(literalCodes[256], 15)
	r := newReader()
	r.check(t, w.bytes)
	if text, _ := r.gunzip(w.bytes); len(text) < 20_000*227 {
		t.Errorf("only %d bytes", len(text))
	}
}

// Symbols that stand for nothing, and matches from the member's first byte and from the byte before it, near the end of
// the input and far from it.
func TestLimits(t *testing.T) {
	r, before := newReader(), zip(t, make([]byte, 100))
	literals, distances := fixedLengths(), slices.Repeat([]uint8{5}, 32)
	literalCodes, distanceCodes := codes(literals), codes(distances)
	for _, length := range []int{257, 284, 285, 286, 287} {
		for _, distance := range []int{0, 1, 2, 3, 29, 30, 31} {
			for made := range 6 {
				for _, behind := range []int{0, 100} {
					w := &bitWriter{bytes: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}}
					w.write(1, 1)
					w.write(1, 2)
					for range made {
						w.write(literalCodes['a'], 8)
					}
					w.write(literalCodes[length], int(literals[length]))
					w.write(0, lengthExtra(min(length, 285)))
					w.write(distanceCodes[distance], 5)
					w.write(0, max(distance/2, 1)-1)
					for range behind {
						w.write(literalCodes['a'], 8)
					}
					w.write(literalCodes[256], 7+7)
					w.write(0, 32) // checksum and length are wrong
					w.write(0, 32)
					r.check(t, w.bytes)
					r.check(t, slices.Concat(before, w.bytes))
				}
			}
		}
	}
	for _, n := range []int{286, 287, 288} {
		for _, m := range []int{30, 31, 32} {
			w := &bitWriter{bytes: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}}
			literals, distances := make([]uint8, n), make([]uint8, m)
			literals['a'], literals[256], distances[0] = 1, 1, 1
			w.write(1, 1)
			w.write(2, 2)
			w.header(literals, distances)
			w.write(2, 2)
			w.write(0, 40)
			w.write(0, 40)
			r.check(t, w.bytes)
		}
	}
}

func lengthExtra(symbol int) int {
	if symbol < 261 || symbol == 285 {
		return 0
	}
	return (symbol - 261) / 4
}

// reach is the greatest distance of a symbol.
func reach(distance int) int {
	far := 0
	for d := range distance + 1 {
		far += 1 << (max(d/2, 1) - 1)
	}
	return far
}

// A block without codes of its own may follow any other; its tables are made once.
func TestFixedBlocksAmongOthers(t *testing.T) {
	w := &bitWriter{bytes: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}}
	rnd := rand.New(rand.NewPCG(7, 7))
	made := 0
	for i := range 200 {
		w.write(0, 1)
		if i%3 == 0 {
			w.write(2, 2)
			literals, distances := randomCode(rnd, 286, 100, 256), randomCode(rnd, 30, 10, -1)
			w.header(literals, distances)
			w.symbols(rnd, literals, distances, &made)
			continue
		}
		w.write(1, 2)
		w.symbols(rnd, fixedLengths(), slices.Repeat([]uint8{5}, 30), &made)
	}
	newReader().check(t, bytes.Clone(w.bytes))
}
