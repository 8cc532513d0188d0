package notify

import (
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// field is a part of a Match.
type field struct {
	name string
	of   func(*Match) *[]string
}

// fields are the parts of a Match by their names, in the order in which they are shown.
var fields = []field{
	{"account", func(m *Match) *[]string { return &m.Accounts }},
	{"region", func(m *Match) *[]string { return &m.Regions }},
	{"service", func(m *Match) *[]string { return &m.Services }},
	{"rule", func(m *Match) *[]string { return &m.Rules }},
	{"category", func(m *Match) *[]string { return &m.Categories }},
	{"tag", func(m *Match) *[]string { return &m.Tags }},
	{"standard", func(m *Match) *[]string { return &m.Standards }},
	{"resource", func(m *Match) *[]string { return &m.Resources }},
	{"finding", func(m *Match) *[]string { return &m.Findings }},
}

// ParseMatch reads words such as rule=CT-013. Several of one field are alternatives.
func ParseMatch(words []string) (Match, error) {
	var m Match
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || value == "" {
			return m, fmt.Errorf("%q: want FIELD=PATTERN, such as rule=CT-013", word)
		}
		if name == "severity" {
			severity, err := model.ParseSeverity(value)
			if err != nil {
				return m, err //nolint:wrapcheck // it says what was read
			}
			m.Severity = severity
			continue
		}
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return m, fmt.Errorf("%q: no field %q: want account, region, service, rule, category, severity, tag, standard, resource or finding", word, name)
		}
		into := fields[i].of(&m)
		*into = append(*into, value)
	}
	return m, nil
}

// Words are the words that [ParseMatch] reads.
func (m Match) Words() []string {
	var out []string
	for _, f := range fields {
		for _, value := range *f.of(&m) {
			out = append(out, f.name+"="+value)
		}
	}
	if m.Severity != 0 {
		out = append(out, "severity="+m.Severity.String())
	}
	return out
}
