package all_test

import (
	"os"
	"regexp"
	"testing"

	"cairn.example/internal/golden"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
	"cairn.example/rules/all"
)

var fixBlock = regexp.MustCompile(`(?s)(<!-- fix:([a-z-]+) -->\n).*?(<!-- /fix -->)`)

// TestPagesShowTheFix keeps the fixes on the pages what the program prints, so that they cannot lie.
func TestPagesShowTheFix(t *testing.T) {
	for _, r := range all.Rules() {
		if r.Fix == nil {
			continue // its page says what a person must do
		}
		t.Run(r.ID, func(t *testing.T) {
			path := "../" + folder(r) + "/page.md"
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden.Keep(t, path, string(filled(t, r, page)))
		})
	}
}

func filled(t *testing.T, r *rule.Rule, page []byte) []byte {
	t.Helper()
	blocks, err := remediate.Blocks(r)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	out := fixBlock.ReplaceAllFunc(page, func(old []byte) []byte {
		m := fixBlock.FindSubmatch(old)
		text, ok := blocks[string(m[2])]
		if !ok {
			t.Errorf("the page asks for a fix as %q, which is no form", m[2])
		}
		seen++
		return []byte(string(m[1]) + text + string(m[3]))
	})
	if seen != len(remediate.Forms) {
		t.Errorf("the page has %d places for a fix, there are %d forms", seen, len(remediate.Forms))
	}
	return out
}
