package inflate

// entry is what a table says of the next bits. From the lowest bit:
//
//	0-5    how many bits the code and its extra bits take
//	8-11   how many of them the code takes
//	12-14  special entries only: there are more bits to look at, the block ends; neither: no such code
//	15     the entry is special
//	16-30  the base that extra bits are added to, or where the table for more bits begins
//
// or, if bit 31 says that it is a literal:
//
//	0-5    how many bits its code takes, or both codes
//	8-11   how many bits the code of the first takes
//	12-19  the literal
//	20-27  the literal behind it
//	28-29  how many literals these are
type entry uint32

const (
	longer  entry = 1 << 12
	end     entry = 1 << 13
	special entry = 1 << 15
	one     entry = 1 << 28
	literal entry = 1 << 31
)

func (e entry) literal() bool { return int32(e) < 0 } //nolint:gosec // the top bit
func (e entry) special() bool { return e&(literal|special) == special }
func (e entry) longer() bool  { return e&(literal|special|longer) == special|longer }

// bits is how many bits the entry stands for.
func (e entry) bits() int { return int(e & 63) }

// first is how many of them its code takes, or that of its first literal.
func (e entry) first() int { return int(e >> 8 & 15) }

// byte is the first literal.
func (e entry) byte() byte { return byte(e >> 12) } //nolint:gosec // 8 bits

// put writes both literals, and returns what is behind those that the entry holds.
func (e entry) put(room []byte) []byte {
	room[0], room[1] = byte(e>>12), byte(e>>20) //nolint:gosec // 8 bits each
	return room[e>>28&3:]
}

func (e entry) base() int { return int(e >> 16 & 0x7fff) }

// value is the base and the extra bits, of which the code itself is not taken away.
func (e entry) value(bits uint64) int {
	return int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&15)) //nolint:gosec // 15 bits at most
}

// index is where the entry for more bits is found; those of the table before are taken away.
func (e entry) index(bits uint64) uint { return uint(e>>16) + uint(bits&(1<<(e>>8&15)-1)) }

// coded is a symbol's entry with its code's length.
func (e entry) coded(length int) entry { return e + entry(length)*0x101 } //nolint:gosec // 15 at most
