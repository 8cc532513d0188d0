package event_test

import (
	"testing"

	"cairn.example/internal/event"
)

// TestUnescape holds what a reader of records may hand on unchecked, too: half an escape, and bytes that are no text.
func TestUnescape(t *testing.T) {
	for escaped, want := range map[string]string{
		``: "", `plain`: "plain", `é`: "é", `a\nb\/c\"`: "a\nb/c\"", `\u00e9`: "é", `\ud83d\ude00`: "😀",
		`\ud83d`: "\ufffd", `\ud83dx`: "\ufffdx", `\ud83d\u0041`: "\ufffdA", `\ude00\ud83d`: "\ufffd\ufffd", "\xff": "\ufffd",
		`\`: `\`, `a\`: `a\`, `\x`: "x", `\u`: "\ufffd", `\u12`: "\ufffd", `\u12zz!`: "\ufffd!", `\ud83d\u`: "\ufffd\ufffd",
	} {
		if got := string(event.Unescape([]byte(escaped))); got != want {
			t.Errorf("%q: %q, want %q", escaped, got, want)
		}
	}
}
