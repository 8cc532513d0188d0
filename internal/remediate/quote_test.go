package remediate_test

import (
	"os/exec"
	"strings"
	"testing"

	"cairn.example/internal/remediate"
)

// FuzzQuote: whatever the text, a shell reads it as that one word.
func FuzzQuote(f *testing.F) {
	for _, word := range []string{
		"prod", "", "it's", "two words", "a\nb", "$HOME", "`id`", `back\slash`, `"double"`, "~", "*", "a;b", "é", "-x", "a=b", "{a,b}", "#", "!",
	} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.ContainsRune(word, 0) {
			t.Skip("no argument of a program holds a zero byte")
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s|' "+remediate.Quote(word)).Output()
		if err != nil || string(out) != word+"|" {
			t.Errorf("the shell reads %s as %q, want %q: %v", remediate.Quote(word), out, word, err)
		}
	})
}
