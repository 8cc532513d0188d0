package sigma

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"
	"unicode/utf8"
)

// leaf is one value of the record with its text.
type leaf struct {
	raw, text []byte
}

func leafOf(raw []byte) leaf { return leaf{raw, textOf(raw)} }

func (l leaf) isNumber() bool {
	return l.raw[0] == '-' || '0' <= l.raw[0] && l.raw[0] <= '9'
}

func (l leaf) isString() bool { return l.raw[0] == '"' }

// matcher holds one value of a rule against one of a record.
type matcher interface {
	match(leaf) bool
}

type textMatcher struct {
	glob    glob
	cased   bool
	how     compare // where literal is looked for; for equality it is as it was written, else folded unless cased
	literal []byte
	bytes   bool // there are no wildcards, nor letters whose case only the glob knows: literal can be compared

	number   decimal
	numeric  bool // literal is a number
	unquoted bool // and was written as one
}

func (m *textMatcher) match(l leaf) bool {
	if !m.bytes {
		return m.glob.match(l.text, m.cased)
	}
	if m.how == isEqual {
		return m.equal(l)
	}
	if m.cased {
		return lies(m.how, l.text, m.literal)
	}
	found, sure := liesFolded(m.how, l.text, m.literal)
	if !sure {
		return m.glob.match(l.text, false)
	}
	return found
}

func (m *textMatcher) equal(l leaf) bool {
	if m.cased && bytes.Equal(m.literal, l.text) || !m.cased && bytes.EqualFold(m.literal, l.text) {
		return true
	}
	if m.numeric && (l.isNumber() || m.unquoted && l.isString()) {
		d, ok := parseDecimal(l.text)
		return ok && d == m.number
	}
	return false
}

// lies tells whether a literal lies where it is wanted.
func lies(how compare, text, literal []byte) bool {
	switch how { //nolint:exhaustive // those of a literal
	case hasPrefix:
		return bytes.HasPrefix(text, literal)
	case hasSuffix:
		return bytes.HasSuffix(text, literal)
	}
	return bytes.Contains(text, literal)
}

// liesFolded does for a folded literal of ASCII; sure is false where only the glob can tell. Of what is not ASCII, the
// Kelvin sign and the long s alone fold into it; they are longer than what they fold into.
func liesFolded(how compare, text, literal []byte) (found, sure bool) {
	if len(text) < len(literal) {
		return false, true
	}
	switch how { //nolint:exhaustive // those of a literal
	case hasPrefix:
		for i, c := range literal {
			if lower[text[i]] != c {
				return false, text[i] < utf8.RuneSelf
			}
		}
		return true, true
	case hasSuffix:
		text = text[len(text)-len(literal):]
		for i, c := range slices.Backward(literal) {
			if lower[text[i]] != c {
				return false, text[i] < utf8.RuneSelf
			}
		}
		return true, true
	}
	return containsFold(text, literal)
}

func containsFold(text, literal []byte) (found, sure bool) {
	if len(literal) == 0 {
		return true, true
	}
	const kelvin, longS = 0xe2, 0xc5 // their first bytes
	first, rest := literal[0], literal[1:]
	for i, c := range text[:len(text)-len(rest)] {
		if lower[c] != first {
			if c == kelvin || c == longS {
				return false, false
			}
			continue
		}
		j := 0
		for j < len(rest) && lower[text[i+1+j]] == rest[j] {
			j++
		}
		if j == len(rest) {
			return true, true
		}
		if c := text[i+1+j]; c == kelvin || c == longS {
			return false, false
		}
	}
	return false, true
}

// lower folds a byte of ASCII and leaves the others.
var lower = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			table[i] += 'a' - 'A'
		}
	}
	return table
}()

type regexpMatcher struct{ re *regexp.Regexp }

func (m regexpMatcher) match(l leaf) bool { return m.re.Match(l.text) }

type cidrMatcher struct{ prefix netip.Prefix }

func (m cidrMatcher) match(l leaf) bool {
	// The field also holds names, such as cloudtrail.amazonaws.com.
	addr, err := netip.ParseAddr(string(l.text))
	return err == nil && l.isString() && m.prefix.Contains(addr.Unmap().WithZone(""))
}

type orderMatcher struct {
	number decimal
	how    compare
}

func (m orderMatcher) match(l leaf) bool {
	if !l.isNumber() && !l.isString() {
		return false
	}
	d, ok := parseDecimal(l.text)
	if !ok {
		return false
	}
	c := d.compare(m.number)
	switch m.how { //nolint:exhaustive // the numeric ones
	case isLess:
		return c < 0
	case isLessOrEqual:
		return c <= 0
	case isGreater:
		return c > 0
	}
	return c >= 0
}

// refMatcher compares with another field of the same record.
type refMatcher struct {
	how   compare
	cased bool
}

func (m refMatcher) match(a, b leaf) bool {
	x, y := a.text, b.text
	switch {
	case m.how == isEqual && a.isNumber() && b.isNumber():
		d, ok := parseDecimal(x)
		e, also := parseDecimal(y)
		return ok && also && d == e || bytes.Equal(x, y)
	case m.how == isEqual && m.cased:
		return bytes.Equal(x, y)
	case m.how == isEqual:
		return bytes.EqualFold(x, y)
	}
	g := glob(bytes.Runes(y))
	if !m.cased {
		g = g.folded()
	}
	if m.how != hasPrefix {
		g = append(glob{anyRun}, g...)
	}
	if m.how != hasSuffix {
		g = append(g, anyRun)
	}
	return g.match(x, m.cased)
}
