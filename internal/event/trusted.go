package event

import "bytes"

// validEnd is objectEnd for a text that is known to be valid. closing is the index behind the brace that
// first leads back to the object's own members.
//
// It looks at 32 bytes at a time for a brace. Of most braces what follows tells that they are outside
// of strings, and no quote needs to be counted.
func validEnd(b []byte) (length, closing int) {
	var (
		depth  int
		known  int      // what is passed now and lies before this
		quoted bool     // is in a string
		last   [32]byte // the last of b, with zeros behind
	)
	for at := 0; at < len(b); at += 32 {
		block := &last
		if len(b)-at >= 32 {
			block = (*[32]byte)(b[at:])
		} else {
			copy(last[:], b[at:])
		}
		const up = (0x80 - '{') * ones // brings braces to the top bit, and all that is greater
		w0, w1, w2, w3 := word(block[0:8])+up, word(block[8:16])+up, word(block[16:24])+up, word(block[24:32])+up
		if (w0|w1|w2|w3)&highs == 0 {
			continue
		}
		marks := w0&highs*gather>>56 | w1&highs*gather>>56<<8 | w2&highs*gather>>56<<16 | w3&highs*gather>>56<<24
		for ; marks != 0; marks &= marks - 1 {
			i := at + trailing(marks)
			if i >= known {
				if known, quoted = outside(b, known, i); known == 0 {
					return 0, 0
				}
			}
			switch {
			case quoted:
			case b[i] == '{':
				depth++
			case b[i] != '}':
			case depth == 1:
				return i + 1, closing
			default:
				if depth--; depth == 1 && closing == 0 {
					closing = i + 1
				}
			}
		}
	}
	return 0, 0
}

// outside says up to where all from b[at] on is outside of strings, or in one. It knows that b[from] is
// outside, but asks first what follows: punctuation up to a quote which has a letter behind it. That quote
// opens a string, for behind one that ends there is only punctuation. The string at b[at] may end beyond
// b: then it returns 0.
func outside(b []byte, from, at int) (known int, quoted bool) {
	i, last := at+1, min(at+9, len(b)-1)
	for i < last && classes[b[i]] == punctuation {
		i++
	}
	if i < last && b[i] == '"' && classes[b[i+1]] == inner {
		return i, false
	}
	for {
		quote := bytes.IndexByte(b[from:at], '"')
		if quote < 0 {
			return at + 1, false
		}
		if from = stringEnd(b, from+quote); from == 0 || from > at {
			return from, true
		}
	}
}

// class is what a byte is outside of strings.
type class uint8

const (
	inner class = iota // what cannot stand behind a string
	punctuation
	space
)

var classes = [256]class{
	',': punctuation, ':': punctuation, '{': punctuation, '}': punctuation, '[': punctuation, ']': punctuation,
	' ': space, '\t': space, '\r': space, '\n': space,
}
