package event

import (
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
		end, closing := slowEnd(b)
		if n, first := objectEnd(b, false); n != end || end > 0 && first != closing {
			t.Fatalf("%q ends at %d and closes first at %d, not %d and %d", b, end, closing, n, first)
		}
		if end > 0 {
			found++
		}
	}
	if found < 10_000 {
		t.Errorf("only %d objects ended", found)
	}
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
