package event

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// The way from brace to brace against one that goes byte by byte.
func TestObjectEndAgainstBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = "{}{}\"\"\"\\\\ab:"
	found := 0
	for range 200_000 {
		b := []byte{'{'}
		for range rnd.IntN(80) {
			c := alphabet[rnd.IntN(len(alphabet))]
			if rnd.IntN(3) > 0 {
				c = 'a'
			}
			b = append(b, c)
		}
		end, _ := slowEnd(b)
		if n := objectEnd(b); n != end {
			t.Fatalf("%q ends at %d, not %d", b, end, n)
		}
		if end > 0 {
			found++
		}
	}
	if found < 10_000 {
		t.Errorf("only %d objects ended", found)
	}
}

// The way that trusts the text against the same, on texts that are valid, and on their beginnings.
func TestValidEndAgainstBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		b := append(anyObject(rnd, nil, 0), `,{"a":"b"}]}`[rnd.IntN(12):]...)
		if !json.Valid(anyEnd(b)) {
			t.Fatalf("%s is no test", b)
		}
		b = b[:1+rnd.IntN(len(b))]
		end, closing := slowEnd(b)
		if n, first := validEnd(b); n != end || end > 0 && first != closing {
			t.Fatalf("%s ends at %d and closes first at %d, not %d and %d", b, end, closing, n, first)
		}
	}
}

func anyEnd(b []byte) []byte {
	end, _ := slowEnd(b)
	return b[:end]
}

// anyObject writes an object whose strings look like structure.
func anyObject(rnd *rand.Rand, b []byte, depth int) []byte {
	b = append(b, '{')
	for i := range rnd.IntN(5) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(anySpace(rnd, anyString(rnd, anySpace(rnd, b))), ':')
		b = anySpace(rnd, anyValue(rnd, anySpace(rnd, b), depth+1))
	}
	return append(b, '}')
}

func anyValue(rnd *rand.Rand, b []byte, depth int) []byte {
	switch n := rnd.IntN(8); {
	case n < 3 && depth < 6:
		return anyObject(rnd, b, depth)
	case n == 3 && depth < 6:
		b = append(anyValue(rnd, append(b, '['), depth+1), ',')
		return append(anyValue(rnd, b, depth+1), ']')
	case n == 4:
		return append(b, "true"...)
	case n == 5:
		return append(b, "-1.5e3"...)
	}
	return anyString(rnd, b)
}

func anyString(rnd *rand.Rand, b []byte) []byte {
	pieces := []string{"a", "Z0", "{", "}", "},", `\"`, `\\`, ":", ",", "[", "]", " ", `\"}`, "~|", "\u00e9", `{\"a`, "1", "eventVersion"}
	b = append(b, '"')
	for range rnd.IntN(6) {
		b = append(b, pieces[rnd.IntN(len(pieces))]...)
	}
	return append(b, '"')
}

func anySpace(rnd *rand.Rand, b []byte) []byte {
	if rnd.IntN(10) == 0 {
		b = append(b, " \n\t"[:1+rnd.IntN(3)]...)
	}
	return b
}

func slowEnd(b []byte) (end, closing int) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1, closing
			}
			if depth == 1 && closing == 0 {
				closing = i + 1
			}
		}
	}
	return 0, 0
}
