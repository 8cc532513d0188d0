package notify

// Whole gives as many commands from the first on as have room together, a line each. None is cut, since half a command
// does something else; and none follows one that is left out, since it may need it.
func Whole(commands []string, room int) []string {
	for i, c := range commands {
		room -= length(c) + 1
		if room < 0 {
			return commands[:i]
		}
	}
	return commands
}
