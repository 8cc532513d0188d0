package awsfake

import (
	"errors"
	"regexp"
	"strings"
)

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// split cuts a command line into words as a shell does, without expansion.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimLeft(line, " \t\n"); line != ""; line = strings.TrimLeft(line, " \t\n") {
		word, rest, err := firstWord(line)
		if err != nil {
			return nil, err
		}
		words, line = append(words, word), rest
	}
	return words, nil
}

func firstWord(line string) (word, rest string, err error) {
	var b strings.Builder
	var open byte // the quote that is open
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && open != '\'':
			if i++; i == len(line) {
				return "", "", errors.New("the line ends after a backslash")
			}
			b.WriteByte(line[i])
		case open != 0 && c == open:
			open = 0
		case open != 0:
			b.WriteByte(c)
		case c == '\'' || c == '"':
			open = c
		case strings.IndexByte(" \t\n", c) >= 0:
			return b.String(), line[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	if open != 0 {
		return "", "", errors.New("a quote is not closed")
	}
	return b.String(), "", nil
}

func quote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
