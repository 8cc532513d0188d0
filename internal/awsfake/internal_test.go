package awsfake

import (
	"strings"
	"testing"
)

// A row whose flags no one could write, or whose name does not come back from the
// API's spelling, would make keys that never answer.
func TestOperationsCanBeTold(t *testing.T) {
	for name, o := range operations {
		k, err := parseKey(name)
		if err != nil || k.String() != name {
			t.Errorf("%s: %q, %v", name, k, err)
		}
		for flag := range strings.FieldsSeq(o.flags) {
			line := name + " --" + strings.TrimRight(flag, "*?")
			if !strings.HasSuffix(flag, "?") {
				line += " v"
			}
			if _, err := parseKey(line); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

func TestKebab(t *testing.T) {
	for name, want := range map[string]string{
		"TrailNameList": "trail-name-list", "AssumeRoleWithSAML": "assume-role-with-saml", "GET /": "get /", "": "",
	} {
		if got := kebab(name); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}
