package rule_test

import (
	"testing"

	"cairn.example/internal/rule"
)

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		got, want string
		known     []string
	}{
		{"securty", "; did you mean security?", []string{"oncall", "security"}},
		{"desk", "", []string{"oncall"}},
		{"b", "", []string{"a"}},
		{"ab", "", []string{"a"}},
		{"b", "", []string{"ab"}},
		{"ba", "; did you mean ab?", []string{"a", "ab"}},
		{"A", "; did you mean a?", []string{"a"}},
	} {
		if got := rule.Suggest(c.got, c.known); got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.got, c.known, got, c.want)
		}
	}
}
