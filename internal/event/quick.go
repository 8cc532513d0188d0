package event

import (
	"bytes"
	"math"
)

// slashWindow is how far a backslash is looked for at a time: a record of usual length.
const slashWindow = 2 << 10

// objectEnd returns the length of the object that b begins with, found by its braces alone: strings
// are stepped over, nothing is checked. 0 means that it goes on beyond b.
//
// It goes from brace to brace and counts the quotes between, all by the library's vector code: a
// record has some 20 braces and 170 quotes, and stopping at each quote costs more than all the rest.
func objectEnd(b []byte) int {
	var (
		open, shut  = 0, find(b, 0, '}')
		slash       = lookout{b: b, at: -1}
		depth, from int
		quoted      bool // at from
	)
	for {
		i := min(open, shut)
		if i == math.MaxInt {
			return 0
		}
		if s := slash.before(i); s >= 0 {
			quoted = quoted != odd(b[from:s])
			if from = s + 1; quoted {
				if from = escapedEnd(b, s); from < 0 {
					return 0
				}
				quoted = false
				if open < from {
					open = find(b, from, '{')
				}
				if shut < from {
					shut = find(b, from, '}')
				}
			}
			slash.passed(from)
			continue
		}
		quoted = quoted != odd(b[from:i])
		from = i
		opens := i == open
		if opens {
			open = find(b, i+1, '{')
		} else {
			shut = find(b, i+1, '}')
		}
		switch {
		case quoted:
		case opens:
			depth++
		case depth == 1:
			return i + 1
		default:
			depth--
		}
	}
}

// odd says whether there is an odd number of quotes in b.
func odd(b []byte) bool { return bytes.Count(b, []byte{'"'})&1 == 1 }

func find(b []byte, from int, c byte) int {
	if from < len(b) && b[from] == c {
		return from
	}
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return math.MaxInt
}

// escapedEnd returns the index behind the string that has a backslash at i, or -1 if it goes on
// beyond b.
func escapedEnd(b []byte, i int) int {
	for {
		if i += 2; i >= len(b) {
			return -1
		}
		quote := bytes.IndexByte(b[i:], '"')
		if quote < 0 {
			return -1
		}
		slash := bytes.IndexByte(b[i:i+quote], '\\')
		if slash < 0 {
			return i + quote + 1
		}
		i += slash
	}
}

// lookout knows the next backslash, looking ahead by windows: most records have none, and the next
// one may be far.
type lookout struct {
	b     []byte
	at    int // the next one, -1 if none is known
	clear int // none before this that is not passed
}

// before returns the next backslash before i, or -1.
func (l *lookout) before(i int) int {
	for l.at < 0 && l.clear < i {
		window := l.b[l.clear:min(l.clear+slashWindow, len(l.b))]
		if l.at = bytes.IndexByte(window, '\\'); l.at >= 0 {
			l.at += l.clear
		}
		l.clear += len(window)
	}
	if l.at >= i {
		return -1
	}
	return l.at
}

func (l *lookout) passed(i int) { l.at, l.clear = -1, i }
