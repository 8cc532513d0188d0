package event

import (
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends what a string that was checked means; it is given without its quotes. As
// encoding/json has it, a byte that is not UTF-8 and half a surrogate pair become U+FFFD.
func appendUnescaped(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '\\' && b[i+1] == 'u':
			r := hex4(b[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(b) >= i+6 && b[i] == '\\' && b[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hex4(b[i+2:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		case c == '\\':
			dst = append(dst, plainEscape(b[i+1]))
			i += 2
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return dst
}

func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// Text returns what a JSON string means, without a copy if it holds no escape. It is nil, false for
// any other value. value must be part of a record.
func Text(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	inner := value[1 : len(value)-1]
	for i, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return appendUnescaped(append(make([]byte, 0, len(inner)), inner[:i]...), inner[i:]), true
		}
	}
	return inner, true
}
