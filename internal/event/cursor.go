package event

import "encoding/binary"

// cursor checks JSON as encoding/json does, but for the UTF-8 of strings, which that mends. It looks
// for quotes some blocks of 64 bytes at a time and notes where they are: a search from each quote to
// the next ends somewhere else each time, and costs more than a look at every byte in an order that
// the processor can foresee.
type cursor struct {
	b       []byte
	seen    int          // what lies before this was looked at
	carry   uint64       // 1 if that ends with a backslash that escapes what follows
	tainted bool         // the string that it ends in needs another look
	quotes  [slots]int32 // that delimit strings: where they are, or ^where one ends a string that needs another look
	n, k    int          // how many are noted, and how many of them are passed
	last    [64]byte     // the last block, with zeros behind it

	objects [maxDepth/64 + 1]uint64 // a bit for every object around what is walked
}

const (
	maxDepth = 10000 // encoding/json's limit of nesting: what it refuses is refused here
	ahead    = 7     // blocks are looked at in one go
	slots    = 512   // more quotes than they have, a power of two
)

func (c *cursor) reset(b []byte) {
	c.b, c.seen, c.carry, c.tainted = b, 0, 0, false
	c.k = 0
	c.noted(0)
}

// noted ends the notes.
func (c *cursor) noted(n int) { c.n, c.quotes[n], c.quotes[n+1] = n, -1, -1 }

// note notes further quotes, until there are two that are not passed, and says whether there are.
func (c *cursor) note() bool {
	n := copy(c.quotes[:], c.quotes[c.k:c.n])
	for blocks := 0; (blocks < ahead || n < 2) && c.seen < len(c.b); blocks++ {
		marks, odd := c.look()
		first := n
		for ; marks != 0; marks &= marks - 1 {
			c.quotes[n&(slots-1)] = int32(c.seen + trailing(marks)) //nolint:gosec // a record is at most MaxRecord long
			n++
		}
		c.seen += 64
		switch {
		case odd:
			for i := first; i < n; i++ {
				c.quotes[i] ^= -1
			}
		case c.tainted && first < n:
			c.quotes[first] ^= -1
		}
		c.tainted = odd || c.tainted && first == n
	}
	c.k = 0
	c.noted(n)
	return n >= 2
}

// look finds the quotes of the next block that delimit strings. It is odd if strings in it need
// another look: it has a backslash, a control character, or what is not ASCII.
func (c *cursor) look() (marks uint64, odd bool) {
	block := &c.last
	if len(c.b)-c.seen >= 64 {
		block = (*[64]byte)(c.b[c.seen:])
	} else {
		clear(c.last[copy(c.last[:], c.b[c.seen:]):])
	}
	marks, odd = look(block)
	if odd || c.carry != 0 {
		odd = true
		var behind uint64
		behind, c.carry = escapes(mask(block, '\\'), c.carry)
		marks &^= behind
	}
	return marks, odd
}

// end passes the string at i and returns the index behind it, or nothing positive if that is for text
// to find.
func (c *cursor) end(i int) int {
	k := c.k & (slots - 2)
	c.k = k + 2
	if int(c.quotes[k]) != i {
		return 0
	}
	return int(c.quotes[k+1]) + 1
}

// text checks the string at i where end did not find its end, and returns the index behind it, or
// ^index of what is wrong.
func (c *cursor) text(i int) int {
	if c.k -= 2; c.k+1 >= c.n && !c.note() {
		return ^len(c.b)
	}
	end := int(c.quotes[c.k+1])
	if c.k += 2; end < 0 {
		return checkString(c.b, i)
	}
	return end + 1
}

// walk checks the object or array that b begins with and returns the index behind it, or ^index of
// what is wrong. It notes in r, if that is not nil, where an object's members are.
//
// It is one loop without a call for what occurs most: for every name and string they would cost as
// much again.
func (c *cursor) walk(r *Record) int {
	var (
		b        = c.b
		i, depth int
		open     byte  // what is open at i, '{' or '['
		name     field // of a member of the outermost object,
		value    int   // and where its value begins
	)
	for {
		if open == '{' {
			if i >= len(b) || b[i] != '"' {
				return ^i
			}
			behind := c.end(i)
			if behind <= 0 {
				if behind = c.text(i); behind < 0 {
					return behind
				}
			}
			if depth == 1 && r != nil {
				name = nameField(b[i+1 : behind-1])
			}
			if i = behind; i+1 < len(b) && b[i] == ':' && b[i+1] > ' ' {
				i++
			} else if i = checkColon(b, i); i < 0 {
				return i
			}
			if depth == 1 {
				value = i
			}
		}
		if i >= len(b) {
			return ^i
		}
		switch first := b[i]; first {
		case '"':
			behind := c.end(i)
			if behind <= 0 {
				if behind = c.text(i); behind < 0 {
					return behind
				}
			}
			i = behind
		case '{', '[':
			if depth == maxDepth {
				return ^i
			}
			if i = skipSpace(b, i+1); i < len(b) && b[i] == first+2 {
				i++
				break
			}
			c.enter(depth, open)
			depth, open = depth+1, first
			continue
		default:
			if i = checkScalar(b, i); i < 0 {
				return i
			}
		}
		for more := false; !more; {
			if depth == 1 && open == '{' && r != nil && r.spans[name].to == 0 {
				r.spans[name] = span{uint32(value), uint32(i)} //nolint:gosec // a record is at most MaxRecord long
			}
			switch {
			case depth == 0:
				return i
			case i+1 < len(b) && b[i] == ',' && b[i+1] > ' ':
				i, more = i+1, true
			default:
				if i, more = checkAfter(b, i, open+2); i < 0 {
					return i
				}
				if !more {
					depth--
					open = c.leave(depth)
				}
			}
		}
	}
}

// enter remembers what is open at a depth.
func (c *cursor) enter(depth int, open byte) {
	bit := uint64(1) << (depth & 63)
	if c.objects[depth>>6] &^= bit; open == '{' {
		c.objects[depth>>6] |= bit
	}
}

// leave returns what was open at a depth.
func (c *cursor) leave(depth int) byte {
	if c.objects[depth>>6]>>(depth&63)&1 == 1 {
		return '{'
	}
	return '['
}

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
