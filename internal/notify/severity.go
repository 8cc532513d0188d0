package notify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// BySeverity is what a far end calls each severity.
type BySeverity map[model.Severity]string

// With is a copy in which a list of severity=value says otherwise.
func (b BySeverity) With(pairs []string) (BySeverity, error) {
	out := maps.Clone(b)
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want severity=value, such as high=2", pair)
		}
		severity, err := model.ParseSeverity(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		out[severity] = strings.TrimSpace(value)
	}
	return out, nil
}

// Check makes a [Setting.Check] of one severity=value, whose value is one of these.
func (b BySeverity) Check(values ...string) func(string) error {
	return func(pair string) error {
		got, err := BySeverity{}.With([]string{pair})
		if err != nil {
			return err
		}
		for _, value := range got {
			if !slices.Contains(values, value) {
				return fmt.Errorf("%q: want one of %s", value, strings.Join(values, ", "))
			}
		}
		return nil
	}
}

// Help says in words what each severity is called, worst first: extreme=1, very-high=1, high=2.
func (b BySeverity) Help() string {
	var out []string
	for s := model.Extreme; s >= model.Low; s-- {
		out = append(out, s.String()+"="+b[s])
	}
	return strings.Join(out, ", ")
}
