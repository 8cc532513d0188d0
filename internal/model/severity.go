package model

import (
	"fmt"
	"slices"
	"strings"
)

// Severity is how much a failure matters: Conformity's five levels. The zero value is no severity.
type Severity uint8

// The levels, mildest first.
const (
	Low Severity = iota + 1
	Medium
	High
	VeryHigh
	Extreme
)

var severities = []struct{ name, label string }{
	{},
	{"low", "generally tolerable risk"},
	{"medium", "should be achieved"},
	{"high", "not acceptable risk"},
	{"very-high", "act today"},
	{"extreme", "act now"},
}

// String is the level's name: low, medium, high, very-high, extreme.
func (s Severity) String() string {
	if int(s) >= len(severities) {
		return ""
	}
	return severities[s].name
}

// Label is the level in words, as the original pages print it; the two highest are ours.
func (s Severity) Label() string {
	if int(s) >= len(severities) {
		return ""
	}
	return severities[s].label
}

// MarshalText writes the level's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a level's name.
func (s *Severity) UnmarshalText(text []byte) error {
	got, err := ParseSeverity(string(text))
	*s = got
	return err
}

// ParseSeverity reads a level's name in any case.
func ParseSeverity(name string) (Severity, error) {
	i := slices.IndexFunc(severities, func(s struct{ name, label string }) bool {
		return s.name != "" && strings.EqualFold(s.name, name)
	})
	if i < 0 {
		meant := map[string]string{"critical": "extreme", "informational": "low"}[strings.ToLower(name)] // as Sigma and others say
		if meant != "" {
			meant = "; did you mean " + meant + "?"
		}
		return 0, fmt.Errorf("severity %q: want low, medium, high, very-high or extreme%s", name, meant)
	}
	return Severity(i), nil //nolint:gosec // an index into a table of six
}
