package sigma

import (
	"bytes"

	"cairn.example/internal/event"
)

// The walkers below read a record's JSON in place: most items touch one member of it, and decoding the whole costs
// twenty times as much. They take for granted that it is valid; of what is not they find a part, and never panic.

// skipSpace gives the index of the first byte from i that is no white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipString gives the index behind the string that begins at i.
func skipString(b []byte, i int) int {
	for j := i + 1; j < len(b); {
		q := bytes.IndexByte(b[j:], '"')
		if q < 0 {
			return len(b)
		}
		q += j
		back := q
		for back > i+1 && b[back-1] == '\\' {
			back--
		}
		if (q-back)%2 == 0 {
			return q + 1
		}
		j = q + 1
	}
	return len(b)
}

// skipValue gives the index behind the value that begins at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = skipString(b, i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return min(len(b), i+1+depth) // a stray closer ends a scalar before itself
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// cursor steps through the members of an object or the elements of an array.
type cursor struct {
	b []byte
	i int
}

func cursorOf(raw []byte) cursor { return cursor{raw, 1} }

// member gives the next key, between its quotes, and its value; false at the end.
func (c *cursor) member() (key, val []byte, ok bool) {
	k := skipSpace(c.b, c.i)
	if k < len(c.b) && c.b[k] == ',' {
		k = skipSpace(c.b, k+1)
	}
	if k >= len(c.b) || c.b[k] != '"' {
		return nil, nil, false
	}
	end := skipString(c.b, k)
	v := skipSpace(c.b, end)
	if v >= len(c.b) || c.b[v] != ':' {
		return nil, nil, false
	}
	v = skipSpace(c.b, v+1)
	c.i = skipValue(c.b, v)
	return c.b[k+1 : end-1], c.b[v:c.i], c.i > v
}

// element gives the next element; false at the end.
func (c *cursor) element() (val []byte, ok bool) {
	v := skipSpace(c.b, c.i)
	if v < len(c.b) && c.b[v] == ',' {
		v = skipSpace(c.b, v+1)
	}
	if v >= len(c.b) || c.b[v] == ']' {
		return nil, false
	}
	c.i = skipValue(c.b, v)
	return c.b[v:c.i], c.i > v
}

// leaves appends the values that a comparison sees: the elements instead of an array, no nulls.
func leaves(dst [][]byte, raw []byte) [][]byte {
	switch {
	case isNull(raw):
		return dst
	case raw[0] != '[':
		return append(dst, raw)
	}
	for c := cursorOf(raw); ; {
		val, ok := c.element()
		if !ok {
			return dst
		}
		dst = leaves(dst, val)
	}
}

// scalars appends every string, number and boolean at any depth.
func scalars(dst [][]byte, raw []byte) [][]byte {
	if isNull(raw) {
		return dst
	}
	if raw[0] != '[' && raw[0] != '{' {
		return append(dst, raw)
	}
	for c := cursorOf(raw); ; {
		var val []byte
		var ok bool
		if raw[0] == '[' {
			val, ok = c.element()
		} else {
			_, val, ok = c.member()
		}
		if !ok {
			return dst
		}
		dst = scalars(dst, val)
	}
}

// isNull holds for what is absent, too. Of the words that a value can begin with, only null has an n.
func isNull(raw []byte) bool { return len(raw) == 0 || raw[0] == 'n' }

// textOf is what a comparison of text sees.
func textOf(raw []byte) []byte {
	switch {
	case len(raw) == 0:
		return nil
	case raw[0] == '"':
		text, _ := event.Text(raw)
		return text
	case raw[0] == '{', raw[0] == '[':
		return compact(raw)
	}
	return raw
}

// compact writes an object again without white space and with no escape that JSON does not demand: CloudTrail's
// writers differ in both, and a rule must not.
func compact(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		switch raw[i] {
		case ' ', '\n', '\r', '\t':
			i++
		case '"':
			end := skipString(raw, i)
			out = quoted(out, event.Unescape(raw[i+1:max(i+1, end-1)]))
			i = end
		default:
			out = append(out, raw[i])
			i++
		}
	}
	return out
}

// quoted appends text as a JSON string, the shortest there is.
func quoted(out, text []byte) []byte {
	const digits = "0123456789abcdef"
	short := map[byte]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}
	out = append(out, '"')
	for _, c := range text {
		s, has := short[c]
		switch {
		case has:
			out = append(out, '\\', s)
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
