package sigma

import (
	"bytes"
	"net/netip"
	"regexp"
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
	exact   bool // no wildcards, equality: literal is compared
	inside  bool // no wildcards but those of contains: literal, folded unless cased, is looked for
	literal []byte

	number   decimal
	numeric  bool // literal is a number
	unquoted bool // and was written as one
}

func (m textMatcher) match(l leaf) bool {
	switch {
	case m.inside && m.cased:
		return bytes.Contains(l.text, m.literal)
	case m.inside:
		if found, sure := containsFold(l.text, m.literal); sure {
			return found
		}
		return m.glob.match(l.text, false)
	case !m.exact:
		return m.glob.match(l.text, m.cased)
	case m.cased && bytes.Equal(m.literal, l.text), !m.cased && bytes.EqualFold(m.literal, l.text):
		return true
	case m.numeric && (l.isNumber() || m.unquoted && l.isString()):
		d, ok := parseDecimal(l.text)
		return ok && d == m.number
	}
	return false
}

// containsFold looks for a folded literal of ASCII; sure is false where only the glob can tell. Of what is not ASCII,
// the Kelvin sign and the long s alone fold into it.
func containsFold(text, literal []byte) (found, sure bool) {
	for i := 0; i+len(literal) <= len(text); i++ {
		j := 0
		for j < len(literal) && lower[text[i+j]] == literal[j] {
			j++
		}
		if j == len(literal) {
			return true, true
		}
		if text[i+j] == 0xe2 || text[i+j] == 0xc5 { // their first bytes
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
