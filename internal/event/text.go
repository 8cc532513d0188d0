package event

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns what a JSON string means, without a copy if that is what stands there. It is nil, false for any other
// value.
func Text(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return Unescape(value[1 : len(value)-1]), true
}

// Unescape returns what a JSON string means that is given without its quotes, without a copy if that is what stands
// there. As encoding/json has it, a byte that is not UTF-8 and half a surrogate pair become U+FFFD. What is no JSON
// string means something too, and never panics.
func Unescape(s []byte) []byte {
	if bytes.IndexByte(s, '\\') < 0 && utf8.Valid(s) {
		return s
	}
	return appendUnescaped(make([]byte, 0, len(s)), s)
}

func appendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && s[i+1] == 'u':
			r, size := unicodeEscape(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		case c == '\\' && i+1 < len(s):
			dst = append(dst, plainEscape(s[i+1]))
			i += 2
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return dst
}

// plainEscape is what a backslash makes of the byte behind it, u excepted.
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

// unicodeEscape reads \uXXXX, or two of them that are a surrogate pair.
func unicodeEscape(s []byte) (r rune, size int) {
	first := codeUnit(s)
	switch {
	case first < 0:
		return utf8.RuneError, min(len(s), 6)
	case !utf16.IsSurrogate(first):
		return first, 6
	}
	if both := utf16.DecodeRune(first, codeUnit(s[6:])); both != utf8.RuneError {
		return both, 12
	}
	return utf8.RuneError, 6
}

// codeUnit reads \uXXXX, or returns -1.
func codeUnit(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	return hex4(s[2:])
}
