package frameworks

import (
	"strings"
	"testing"
)

const sound = `id: x-1
name: X
version: "1"
source: https://example.com
requirements:
  - {id: "1.1", title: t, rules: [CT-001], verified: false}
`

// There is no fuzz target: only embedded files are read, and go-yaml 1.19.2 panics on a tagged scalar where
// a sequence is wanted ("rules: !x"), which is for whoever parses foreign YAML to guard against.
func TestParseRefuses(t *testing.T) {
	if _, err := parse([]byte(sound)); err != nil {
		t.Fatalf("the sound one: %v", err)
	}
	for _, c := range []struct{ name, old, replacement, want string }{
		{"unknown key", "verified", "verifeid", "[6:"},
		{"key twice", "name: X\n", "name: X\nname: Y\n", "[3:"},
		{"odd id", "x-1", "X 1", `id "X 1"`},
		{"no source", "https://example.com", "the library", "not an https address"},
		{"no rules", "rules: [CT-001], ", "", "no rule answers it"},
		{"odd rule", "CT-001", "CT1", `"CT1" is not a rule id`},
		{"rule in two lists", "rules: [CT-001]", "rules: [CT-001], later: [CT-001]", "CT-001 stands twice"},
		{"no title", "title: t", `title: ""`, "id and title are needed"},
		{"requirement twice", "requirements:\n", "requirements:\n  - {id: \"1.1\", title: u, rules: [CT-001], verified: true}\n", "requirement 1.1 stands twice"},
	} {
		text := strings.Replace(sound, c.old, c.replacement, 1)
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
