package event

import "math/bits"

// Eight bytes at a time in one word, eight words in a block of 64. A constant times ones is a byte
// given eight times.
const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	gather = 0x0002040810204081 // moves the top bits of eight bytes together, to the top
)

// trailing is how many bytes of a block lie before the first that is marked.
func trailing(marks uint64) int { return bits.TrailingZeros64(marks) }

// trailingBytes is the same for the bytes of a word.
func trailingBytes(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }

// look finds the quotes of a block, and says whether it holds a backslash or a control character.
// It is written out because a loop's shifts by a variable cost as much again. A byte of ASCII is c if
// it differs from c in no bit: 0x7f added to the difference then does not reach the top bit.
func look(block *[64]byte) (quotes uint64, odd bool) {
	const q, s, full, control = '"' * ones, '\\' * ones, 0x7f * ones, 0x60 * ones
	w0, w1, w2, w3 := word(block[0:8]), word(block[8:16]), word(block[16:24]), word(block[24:32])
	w4, w5, w6, w7 := word(block[32:40]), word(block[40:48]), word(block[48:56]), word(block[56:64])
	if (w0|w1|w2|w3|w4|w5|w6|w7)&highs != 0 {
		return mask(block, '"'), true
	}
	other := ((w0^q)+full)&highs*gather>>56 | ((w1^q)+full)&highs*gather>>56<<8 |
		((w2^q)+full)&highs*gather>>56<<16 | ((w3^q)+full)&highs*gather>>56<<24 |
		((w4^q)+full)&highs*gather>>56<<32 | ((w5^q)+full)&highs*gather>>56<<40 |
		((w6^q)+full)&highs*gather>>56<<48 | ((w7^q)+full)&highs*gather>>56<<56
	even := ((w0 ^ s) + full) & ((w1 ^ s) + full) & ((w2 ^ s) + full) & ((w3 ^ s) + full) &
		((w4 ^ s) + full) & ((w5 ^ s) + full) & ((w6 ^ s) + full) & ((w7 ^ s) + full) &
		(w0 + control) & (w1 + control) & (w2 + control) & (w3 + control) &
		(w4 + control) & (w5 + control) & (w6 + control) & (w7 + control)
	return ^other, even&highs != highs
}

// mask has a bit for every byte of a block that is c.
func mask(block *[64]byte, c byte) (m uint64) {
	for i := 0; i < 64; i += 8 {
		w := word(block[i:i+8]) ^ uint64(c)*ones
		m |= ^((w&^highs + ^uint64(highs)) | w) & highs * gather >> 56 << i
	}
	return m
}

// escapes marks the characters behind a backslash that is not itself behind one.
func escapes(slashes, carried uint64) (behind, carry uint64) {
	behind = carried
	for s := slashes &^ carried; s != 0; {
		bit := s & -s
		behind |= bit << 1
		carry = bit >> 63
		s &^= bit | bit<<1
	}
	return behind, carry
}
