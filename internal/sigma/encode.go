package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// encode applies the encoders in their order; base64offset gives three texts, since nobody knows where in the
// encoded whole the value begins.
func encode(text string, encoders []string) []string {
	out := []string{text}
	for _, e := range encoders {
		switch e {
		case "base64":
			out[0] = base64.StdEncoding.EncodeToString([]byte(out[0]))
		case "base64offset":
			out = base64Offsets(out[0])
		default:
			out[0] = wide(out[0], e)
		}
	}
	return out
}

// base64Offsets keeps, of each of the three encodings, what does not depend on the neighbours.
func base64Offsets(s string) []string {
	var out []string
	for shift := range 3 {
		head, tail := []int{0, 2, 3}[shift], []int{0, 3, 2}[(len(s)+shift)%3]
		whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + s))
		out = append(out, whole[head:max(head, len(whole)-tail)])
	}
	return out
}

// wide is UTF-16 as the specification names it: utf16 alone carries a byte order mark and is little-endian.
func wide(s, encoding string) string {
	var order binary.AppendByteOrder = binary.LittleEndian
	var b []byte
	switch encoding {
	case "utf16be":
		order = binary.BigEndian
	case "utf16":
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// encoded is a value's glob after the encoders.
func encoded(g glob, names []string) ([]glob, error) {
	if len(names) == 0 {
		return []glob{g}, nil
	}
	text, ok := g.literal()
	if !ok {
		return nil, fmt.Errorf("a wildcard cannot be encoded: write \\* for the character")
	}
	if text == "" {
		return nil, fmt.Errorf("nothing to encode")
	}
	var out []glob
	for _, s := range encode(text, names) {
		if s == "" {
			return nil, fmt.Errorf("%q is too short for base64offset", text)
		}
		out = append(out, glob(s))
	}
	return out, nil
}
