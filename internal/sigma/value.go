package sigma

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// accepts tells whether a value as written can be compared so. What a placeholder gives is checked when it is known.
func (m *modifiers) accepts(v value) error {
	open := m.expand && v.kind == kindText && len(placeholders(v.text)) > 0
	switch {
	case m.compare == isThere && v.kind != kindBool:
		return fmt.Errorf("want true or false")
	case m.compare == isThere:
		return nil
	case v.kind == kindNull && m.compare != isEqual:
		return fmt.Errorf("null can only be equal")
	case v.kind == kindNull && (m.cased || m.fieldref || len(m.encoders) > 0):
		return fmt.Errorf("null goes with no such modifier")
	case m.fieldref && (v.kind != kindText || slices.Contains(strings.Split(v.text, "."), "")):
		return fmt.Errorf("want the name of a field")
	case m.compare.numeric() && v.kind != kindNumber && !open:
		return fmt.Errorf("want a number")
	case open, v.kind == kindNull, m.fieldref:
		return nil
	}
	_, err := m.matchers(v, nil)
	return err
}

// placeholderName is wider than pySigma's \w+ only by dot and dash.
var placeholderName = regexp.MustCompile(`%[A-Za-z0-9_][A-Za-z0-9_.-]*%`)

// part is text as written or the name of a placeholder.
type part struct {
	text        string
	placeholder bool
}

// template splits a value at its placeholders; \% is a plain percent sign.
func template(s string) []part {
	var out []part
	text := func(t string) {
		if n := len(out); n > 0 && !out[n-1].placeholder {
			out[n-1].text += t
		} else if t != "" {
			out = append(out, part{text: t})
		}
	}
	for s != "" {
		i := strings.IndexByte(s, '%')
		switch {
		case i < 0:
			text(s)
			return out
		case i > 0 && s[i-1] == '\\':
			text(s[:i-1] + "%")
			s = s[i+1:]
			continue
		}
		text(s[:i])
		s = s[i:]
		if at := placeholderName.FindStringIndex(s); at != nil && at[0] == 0 {
			out = append(out, part{s[1 : at[1]-1], true})
			s = s[at[1]:]
			continue
		}
		text("%")
		s = s[1:]
	}
	return out
}

// placeholders are the names in a value.
func placeholders(s string) []string {
	var out []string
	for _, p := range template(s) {
		if p.placeholder {
			out = append(out, p.text)
		}
	}
	return out
}

// Values fills placeholders: name, without the percent signs, to Sigma strings. Use Quote for what is meant exactly.
type Values map[string][]string

// maxExpanded bounds what the placeholders of one value multiply to.
const maxExpanded = 100_000

// expanded is a value with one choice for each of its placeholders.
type expanded struct {
	glob glob
	expr string // the same as a regular expression
}

// expansions gives every choice of placeholders; a value put into a regular expression stands for its text there, its
// wildcards excepted.
func (m *modifiers) expansions(v value, values Values) ([]expanded, error) {
	if !m.expand || v.kind != kindText {
		return []expanded{{parseGlob(v.text), v.text}}, nil
	}
	out := []expanded{{}}
	for _, p := range template(v.text) {
		choices := []expanded{{parseGlob(p.text), p.text}}
		if p.placeholder {
			choices = nil
			for _, c := range values[p.text] {
				g := parseGlob(c)
				choices = append(choices, expanded{g, "(?:" + g.regexp() + ")"})
			}
		}
		if len(choices)*len(out) > maxExpanded {
			return nil, fmt.Errorf("%s expands to more than %d values", v.text, maxExpanded)
		}
		var next []expanded
		for _, have := range out {
			for _, c := range choices {
				next = append(next, expanded{append(slices.Clone(have.glob), c.glob...), have.expr + c.expr})
			}
		}
		out = next
	}
	return out, nil
}

// matchers compiles one value, which is not null and of no field.
func (m *modifiers) matchers(v value, values Values) ([]matcher, error) {
	expansions, err := m.expansions(v, values)
	if err != nil {
		return nil, err
	}
	var out []matcher
	for _, x := range expansions {
		switch {
		case m.compare == isRegexp:
			re, err := regexp.Compile(m.expression(x.expr))
			if err != nil {
				return nil, fmt.Errorf("regular expression %s: %w", x.expr, err)
			}
			out = append(out, regexpMatcher{re})
		case m.compare == isCIDR:
			prefix, err := parsePrefix(x.glob)
			if err != nil {
				return nil, err
			}
			out = append(out, cidrMatcher{prefix})
		case m.compare.numeric():
			d, ok := parseDecimal([]byte(string(x.glob)))
			if !ok {
				return nil, fmt.Errorf("%s: want a number", string(x.glob))
			}
			out = append(out, orderMatcher{d, m.compare})
		default:
			texts, err := m.textMatchers(v.kind, x.glob)
			if err != nil {
				return nil, err
			}
			out = append(out, texts...)
		}
	}
	return out, nil
}

func (m *modifiers) expression(expr string) string {
	if m.flags == "" {
		return expr
	}
	return "(?" + m.flags + ")" + expr
}

// parsePrefix reads a network or one address, as Python's ipaddress does, which Sigma's own tools use.
func parsePrefix(g glob) (netip.Prefix, error) {
	text, ok := g.literal()
	if !ok {
		return netip.Prefix{}, fmt.Errorf("a network has no wildcards")
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
	case p.Addr().Is4In6():
		return p, fmt.Errorf("%s: write the IPv4 network", text)
	case p != p.Masked():
		return p, fmt.Errorf("%s has bits behind its mask: %s?", text, p.Masked())
	}
	return p, nil
}

// textMatchers turns the comparisons of text into globs, as the specification defines them, with the literals that
// make the usual ones fast.
func (m *modifiers) textMatchers(k kind, g glob) ([]matcher, error) {
	globs, err := encoded(g, m.encoders)
	if err != nil {
		return nil, err
	}
	var out []matcher
	for _, g := range globs {
		t := &textMatcher{glob: g, cased: m.cased, how: m.compare}
		if !m.cased {
			t.glob = g.folded()
		}
		if lit, ok := g.literal(); ok && m.compare == isEqual {
			t.literal, t.bytes = []byte(lit), true
			t.number, t.numeric = parseDecimal(t.literal)
			t.unquoted = k == kindNumber
		} else if lit, ok := t.glob.literal(); ok && (m.cased || isASCII(lit)) {
			t.literal, t.bytes = []byte(lit), true
		}
		if m.compare == hasInside || m.compare == hasSuffix {
			t.glob = append(glob{anyRun}, t.glob...)
		}
		if m.compare == hasInside || m.compare == hasPrefix {
			t.glob = append(t.glob, anyRun)
		}
		out = append(out, t)
	}
	return out, nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
