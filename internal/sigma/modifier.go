package sigma

import (
	"fmt"
	"strings"
)

// compare is how a value is held against a field.
type compare uint8

const (
	isEqual compare = iota
	hasInside
	hasPrefix
	hasSuffix
	isRegexp
	isCIDR
	isLess
	isLessOrEqual
	isGreater
	isGreaterOrEqual
	isThere
)

// modifiers is what stands behind the field's name.
type modifiers struct {
	compare  compare
	encoders []string // in their order: base64, base64offset, utf16le, utf16be, utf16
	flags    string   // of a regular expression: a subset of ims
	all      bool
	cased    bool
	neq      bool
	expand   bool
	fieldref bool
}

var comparisons = map[string]compare{
	"contains": hasInside, "startswith": hasPrefix, "endswith": hasSuffix, "re": isRegexp, "cidr": isCIDR,
	"lt": isLess, "lte": isLessOrEqual, "gt": isGreater, "gte": isGreaterOrEqual, "exists": isThere,
}

// encoders leads each name of the specification to the one that encode knows.
var encoders = map[string]string{
	"base64": "base64", "base64offset": "base64offset",
	"wide": "utf16le", "utf16le": "utf16le", "utf16be": "utf16be", "utf16": "utf16",
}

// unsupported is what the specification has and this engine has not, with the reason.
var unsupported = map[string]string{
	"windash": "it is about command lines of Windows",
	"minute":  "parts of a date are not compared", "hour": "parts of a date are not compared",
	"day": "parts of a date are not compared", "week": "parts of a date are not compared",
	"month": "parts of a date are not compared", "year": "parts of a date are not compared",
}

func (c compare) numeric() bool { return c >= isLess && c <= isGreaterOrEqual }

func (c compare) textual() bool { return c <= hasSuffix }

// parseModifiers reads what stands behind the first |.
func parseModifiers(names []string) (modifiers, error) {
	var m modifiers
	given := map[string]bool{}
	chosen := ""
	for _, name := range names {
		if given[name] {
			return m, fmt.Errorf("modifier %s stands twice", name)
		}
		given[name] = true
		if c, ok := comparisons[name]; ok {
			if chosen != "" {
				return m, fmt.Errorf("modifiers %s and %s exclude each other", chosen, name)
			}
			chosen, m.compare = name, c
			continue
		}
		if err := m.add(name); err != nil {
			return m, err
		}
	}
	return m, m.check()
}

// add takes a modifier that is no comparison. The order counts where the specification says that it does.
func (m *modifiers) add(name string) error {
	if e, ok := encoders[name]; ok {
		if m.compare != isEqual {
			return fmt.Errorf("modifier %s must stand before the comparison", name)
		}
		m.encoders = append(m.encoders, e)
		return nil
	}
	switch name {
	case "all":
		m.all = true
	case "cased":
		m.cased = true
	case "neq":
		m.neq = true
	case "expand":
		m.expand = true
	case "fieldref":
		m.fieldref = true
	case "i", "m", "s":
		if m.compare != isRegexp {
			return fmt.Errorf("modifier %s must stand behind re", name)
		}
		m.flags += name
	case "":
		return fmt.Errorf("a modifier without a name")
	default:
		if why, known := unsupported[name]; known {
			return fmt.Errorf("modifier %s is not supported: %s", name, why)
		}
		return fmt.Errorf("modifier %q is none of Sigma's", name)
	}
	return nil
}

// check refuses what has no one meaning.
func (m *modifiers) check() error {
	wide := 0
	for i, e := range m.encoders {
		if strings.HasPrefix(e, "utf16") {
			if wide++; i+1 == len(m.encoders) {
				return fmt.Errorf("modifier %s: a JSON string is never UTF-16, so base64 or base64offset must follow", e)
			}
		}
	}
	switch {
	case len(m.encoders)-wide > 1 || wide > 1:
		return fmt.Errorf("modifiers that encode an encoded value are not supported")
	case len(m.encoders) > 0 && !m.compare.textual():
		return fmt.Errorf("modifier %s goes with text only", m.encoders[0])
	case m.fieldref && (!m.compare.textual() || m.expand || len(m.encoders) > 0):
		return fmt.Errorf("modifier fieldref goes with contains, startswith, endswith, cased, all and neq only")
	case m.cased && !m.compare.textual():
		return fmt.Errorf("modifier cased goes with text only")
	case m.compare == isThere && (m.all || m.neq || m.expand):
		return fmt.Errorf("modifier exists goes with no other")
	case m.neq && m.all:
		return fmt.Errorf("modifiers neq and all together have no one meaning")
	}
	return nil
}
