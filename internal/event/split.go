package event

import "bytes"

// state says how far a look into the buffer came.
type state uint8

const (
	whole  state = iota // it ends in the buffer
	short               // it goes on beyond the buffer
	broken              // it is not JSON
)

// stringEnd returns the index behind the string at b[i], or 0 if it goes on beyond b.
func stringEnd(b []byte, i int) int {
	for i++; ; {
		quote := bytes.IndexByte(b[i:], '"')
		if quote < 0 {
			return 0
		}
		i += quote
		slashes := 0
		for b[i-1-slashes] == '\\' {
			slashes++ // never passes the opening quote
		}
		i++
		if slashes%2 == 0 {
			return i
		}
	}
}

// valueEnd returns the index behind the value at b[i]. Objects and arrays are found by their
// brackets alone.
func valueEnd(b []byte, i int) (int, state) {
	if i >= len(b) {
		return 0, short
	}
	depth := 0
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			if i = stringEnd(b, i); i == 0 {
				return 0, short
			}
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth--; depth < 0 {
				return 0, broken
			}
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return 0, broken
			}
			i++
			continue
		default:
			end := scalarEnd(b, i)
			if end == i {
				return 0, broken
			}
			if end == len(b) {
				return 0, short // what follows may belong to it
			}
			i = end
		}
		if depth == 0 {
			return i, whole
		}
	}
	return 0, short
}

// scalarEnd returns the index behind the number or word at b[i].
func scalarEnd(b []byte, i int) int {
	for i < len(b) {
		switch c := b[i]; {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', c == '-', c == '+', c == '.':
			i++
		default:
			return i
		}
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// memberName reads a member's name at b[i] and returns it as written, with the index of the value.
func memberName(b []byte, i int) (name []byte, at int, s state) {
	if i >= len(b) {
		return nil, 0, short
	}
	if b[i] != '"' {
		return nil, 0, broken
	}
	end := stringEnd(b, i)
	if end == 0 {
		return nil, 0, short
	}
	name = b[i+1 : end-1]
	if i = skipSpace(b, end); i >= len(b) {
		return nil, 0, short
	}
	if b[i] != ':' {
		return nil, 0, broken
	}
	if i = skipSpace(b, i+1); i >= len(b) {
		return nil, 0, short
	}
	return name, i, whole
}
