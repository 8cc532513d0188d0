package inflate

import "math/bits"

const (
	maxLength    = 15 // of a code
	lengthBits   = 7  // of the code that code lengths are told in
	literalBits  = 10 // what one look decides: of most codes all, and the table stays small
	distanceBits = 8

	// What a code of 288 or 32 symbols can need at most is 1334 and 402 entries (zlib's enough.c); a
	// power of two spares the check of an index.
	literalSize  = 2048
	distanceSize = 512
)

// tables are the codes of a block.
type tables struct {
	literals  [literalSize]entry // and lengths of matches
	distances [distanceSize]entry
	lengths   [maxLiterals + maxDistances]uint8
	fixed     bool // they are those of a block without codes of its own
}

// make makes the tables from the lengths of the codes.
func (t *tables) make(literals, distances []uint8) bool {
	if !build(t.literals[:], literalBits, literals, literalSymbols[:]) || !build(t.distances[:], distanceBits, distances, distanceSymbols[:]) {
		return false
	}
	t.pairUp()
	return true
}

// fix makes the tables of a block without codes of its own.
func (t *tables) fix() {
	if t.fixed {
		return
	}
	var literals [288]uint8
	var distances [32]uint8
	for i := range literals {
		switch {
		case i < 144, i >= 280:
			literals[i] = 8
		case i < 256:
			literals[i] = 9
		default:
			literals[i] = 7
		}
	}
	for i := range distances {
		distances[i] = 5
	}
	t.fixed = t.make(literals[:], distances[:])
}

// build makes the table of a code, and says whether it is one: every sequence of bits must begin
// with one of its codes, but that a code without symbols, or with one of one bit, is a code.
func build(table []entry, root int, lengths []uint8, symbols []entry) bool {
	var count, next [maxLength + 2]int
	for _, length := range lengths {
		count[length]++
	}
	count[0] = 0
	left := 1
	for length := 1; length <= maxLength; length++ {
		next[length+1] = next[length] + count[length]
		left = 2*left - count[length]
		if left < 0 {
			return false
		}
	}
	used := next[maxLength+1]
	if left > 0 && used > 0 && (used > 1 || count[1] == 0) {
		return false
	}
	var sorted [288]entry
	for symbol, length := range lengths {
		if length > 0 {
			sorted[next[length]] = symbols[symbol].coded(int(length))
			next[length]++
		}
	}
	fill(table, root, sorted[:used], &count)
	return true
}

// fill fills a table with the entries of a code, which are sorted by length. Codes come with their
// first bit lowest, so the table for one bit more is the table twice, and the next code is found by
// counting from its other end.
func fill(table []entry, root int, entries []entry, count *[maxLength + 2]int) {
	table[0] = special // what no code claims
	code, size := 0, 1
	for length := 1; length <= root; length++ {
		copy(table[size:2*size], table[:size])
		size *= 2
		for _, e := range entries[:count[length]] {
			table[code] = e
			code = following(code, length)
		}
		entries = entries[count[length]:]
	}
	for length, begin, width, prefix := root+1, 0, 0, -1; len(entries) > 0; length++ {
		for n := count[length]; n > 0; n-- {
			if code&(1<<root-1) != prefix {
				prefix = code & (1<<root - 1)
				begin, width = size, widthOf(count, n, length, root)
				size += 1 << width
				table[prefix] = longer | special | entry(begin<<16|width<<8|root) //nolint:gosec // 2048, 15 and 10 at most
			}
			for i := code >> root; i < 1<<width; i += 1 << (length - root) {
				table[begin+i] = entries[0] - entry(root)*0x101 //nolint:gosec // as above
			}
			entries = entries[1:]
			code = following(code, length)
		}
	}
}

// following is the code after one of some length, 0 after the last.
func following(code, length int) int {
	zeros := code ^ (1<<length - 1)
	if zeros == 0 {
		return 0
	}
	highest := 1 << (bits.Len(uint(zeros)) - 1)
	return code&(highest-1) | highest
}

// widthOf is how many bits behind the root the table must look at for the codes that begin with one
// prefix: n of one length are left, and they end in longer ones that are not all taken.
func widthOf(count *[maxLength + 2]int, n, length, root int) int {
	width := length - root
	for room := 1<<width - n; room > 0 && root+width < maxLength; {
		width++
		room = 2*room - count[root+width]
	}
	return width
}

// pairUp puts the literal behind a literal into its entry where one look decides both. It goes down
// since what it looks up lies below, and must not have its own pair yet. Whether there is a pair is
// worked out in the top bit, as branches here would be anybody's guess.
func (t *tables) pairUp() {
	for i := 1<<literalBits - 1; i >= 0; i-- {
		e := t.literals[i]
		behind := t.literals[i>>(e&63)]
		left := literalBits - e&63 - behind&63
		paired := entry(int32(e&behind&^left&literal) >> 31) //nolint:gosec // all bits, or none
		t.literals[i] = e + paired&(behind&63+one+behind>>12&0xff<<20)
	}
}

// literalSymbols, distanceSymbols and plainSymbols are the entries of symbols whose code is not known.
var (
	literalSymbols  = makeLiteralSymbols()
	distanceSymbols = makeDistanceSymbols()
	plainSymbols    = makePlainSymbols()
)

// The third and every fourth length code further on has one extra bit more, as have every two distance
// codes; the last length stands for itself.
func makeLiteralSymbols() (symbols [288]entry) {
	for i := range entry(256) {
		symbols[i] = literal | one | i<<12
	}
	symbols[256] = special | end
	length := entry(3)
	for i := range entry(28) {
		extra := max(i/4, 1) - 1
		symbols[257+i] = length<<16 | extra
		length += 1 << extra
	}
	symbols[285] = 258 << 16
	symbols[286], symbols[287] = special, special
	return symbols
}

func makeDistanceSymbols() (symbols [32]entry) {
	distance := entry(1)
	for i := range entry(30) {
		extra := max(i/2, 1) - 1
		symbols[i] = distance<<16 | extra
		distance += 1 << extra
	}
	symbols[30], symbols[31] = special, special
	return symbols
}

func makePlainSymbols() (symbols [len(order)]entry) {
	for i := range symbols {
		symbols[i] = entry(i) << 16
	}
	return symbols
}
