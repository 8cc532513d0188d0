package event

import "encoding/binary"

// cursor checks JSON as encoding/json does, but for the UTF-8 of strings, which that mends. It finds
// the ends of strings 64 bytes at a time: a search from each quote to the next ends somewhere else
// each time, and costs more than a look at every byte in an order that the processor can foresee.
//
// Its methods return the index behind what they checked at i, or ^index of what is wrong, a negative
// number. The index only grows from call to call.
type cursor struct {
	b     []byte
	block int    // where the block begins whose quotes are known
	marks uint64 // a bit for every quote of the block that delimits a string
	carry uint64 // 1 if the block ends with a backslash that escapes the next one's first byte
	odd   bool   // the block has a backslash or a control character: its strings are checked one by one
	last  [64]byte
}

// maxDepth is encoding/json's limit of nesting: what it refuses is refused here.
const maxDepth = 10000

func (c *cursor) reset(b []byte) {
	c.b, c.block, c.carry = b, -64, 0
	c.load()
}

// load goes on to the next block.
func (c *cursor) load() {
	c.block += 64
	block := &c.last
	if len(c.b)-c.block >= 64 {
		block = (*[64]byte)(c.b[c.block:])
	} else {
		clear(c.last[copy(c.last[:], c.b[min(c.block, len(c.b)):]):])
	}
	c.marks, c.odd = look(block)
	if c.odd || c.carry != 0 {
		c.odd = true
		var behind uint64
		behind, c.carry = escapes(mask(block, '\\'), c.carry)
		c.marks &^= behind
	}
}

// text checks the string at i, which begins with a quote.
func (c *cursor) text(i int) int {
	for i >= c.block+64 {
		c.load()
	}
	// A block that was already passed cannot be: the index only grows.
	strict := c.odd
	marks := c.marks & (^uint64(0) << uint(i+1-c.block))
	for marks == 0 {
		if c.block+64 >= len(c.b) {
			return ^len(c.b)
		}
		c.load()
		marks, strict = c.marks, strict || c.odd
	}
	if strict {
		return checkString(c.b, i)
	}
	return c.block + trailing(marks) + 1
}

// name checks a member's name and colon and returns the index of its value, and of the quote that
// ends the name.
func (c *cursor) name(i int) (at, end int) {
	if i >= len(c.b) || c.b[i] != '"' {
		return ^i, 0
	}
	if i = c.text(i); i < 0 {
		return i, 0
	}
	if i+1 < len(c.b) && c.b[i] == ':' && c.b[i+1] > ' ' {
		return i + 1, i - 1
	}
	end = i - 1
	if i = skipSpace(c.b, i); i >= len(c.b) || c.b[i] != ':' {
		return ^i, 0
	}
	return skipSpace(c.b, i+1), end
}

// after reads what stands behind a member or element, and says whether another one follows, at next.
func (c *cursor) after(i int, end byte) (next int, more bool) {
	if i+1 < len(c.b) && c.b[i] == ',' && c.b[i+1] > ' ' {
		return i + 1, true
	}
	switch i = skipSpace(c.b, i); {
	case i >= len(c.b):
		return ^i, false
	case c.b[i] == ',':
		return skipSpace(c.b, i+1), true
	case c.b[i] == end:
		return i + 1, false
	}
	return ^i, false
}

func (c *cursor) value(i, depth int) int {
	if i >= len(c.b) {
		return ^i
	}
	switch b := c.b[i]; {
	case b == '"':
		return c.text(i)
	case b == '{':
		return c.object(i, depth+1)
	case b == '[':
		return c.array(i, depth+1)
	case b == '-' || b >= '0' && b <= '9':
		return checkNumber(c.b, i)
	case b == 't':
		return checkWord(c.b, i, "true")
	case b == 'f':
		return checkWord(c.b, i, "false")
	case b == 'n':
		return checkWord(c.b, i, "null")
	}
	return ^i
}

func (c *cursor) object(i, depth int) int {
	if depth > maxDepth {
		return ^i
	}
	if i = skipSpace(c.b, i+1); i < len(c.b) && c.b[i] == '}' {
		return i + 1
	}
	for more := true; more; {
		if i, _ = c.name(i); i < 0 {
			return i
		}
		if i < len(c.b) && c.b[i] == '"' {
			i = c.text(i)
		} else {
			i = c.value(i, depth)
		}
		if i < 0 {
			return i
		}
		i, more = c.after(i, '}')
	}
	return i
}

func (c *cursor) array(i, depth int) int {
	if depth > maxDepth {
		return ^i
	}
	if i = skipSpace(c.b, i+1); i < len(c.b) && c.b[i] == ']' {
		return i + 1
	}
	for more := true; more; {
		if i = c.value(i, depth); i < 0 {
			return i
		}
		i, more = c.after(i, ']')
	}
	return i
}

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
