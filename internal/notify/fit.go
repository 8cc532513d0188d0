package notify

import (
	"fmt"
	"unicode/utf8"
)

// Whole gives as many commands from the first on as have room together, a line each, and how many are left out. None is
// cut, since half a command does something else; and none follows one that is left out, since it may need it.
func Whole(commands []string, room int) (kept []string, left int) {
	for i, c := range commands {
		room -= utf8.RuneCountInString(c) + 1
		if room < 0 {
			return commands[:i], countOf(commands[i:])
		}
	}
	return commands, 0
}

// countOf is how many commands there are, those included that the last line only counts.
func countOf(commands []string) int {
	n, more := len(commands), 0
	if _, err := fmt.Sscanf(commands[n-1], moreCommands, &more); err == nil {
		return n - 1 + more
	}
	return n
}

// Scrub takes secrets out of what an error says.
func Scrub(err error, secrets ...string) error { return scrub(err, secrets) }
