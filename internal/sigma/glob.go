package sigma

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The two wildcards among the runes of a glob.
const (
	anyRun  rune = -1 // *
	anyRune rune = -2 // ?
)

// glob is a Sigma string: runes and wildcards.
type glob []rune

// parseGlob reads the specification's escapes: a backslash before *, ? or a backslash takes its meaning away,
// anywhere else it stands for itself.
func parseGlob(s string) glob {
	g := make(glob, 0, len(s))
	escaped := false
	for _, r := range s {
		if escaped {
			escaped = false
			if r != '*' && r != '?' && r != '\\' {
				g = append(g, '\\')
			}
			g = append(g, r)
			continue
		}
		switch r {
		case '\\':
			escaped = true
		case '*':
			g = append(g, anyRun)
		case '?':
			g = append(g, anyRune)
		default:
			g = append(g, r)
		}
	}
	if escaped {
		g = append(g, '\\')
	}
	return g
}

// Quote gives the Sigma string that means s and nothing else.
func Quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(s)
}

// literal is the text of a glob without wildcards.
func (g glob) literal() (string, bool) {
	for _, r := range g {
		if r < 0 {
			return "", false
		}
	}
	return string(g), true
}

func (g glob) folded() glob {
	out := make(glob, len(g))
	for i, r := range g {
		out[i] = fold(r)
	}
	return out
}

// fold gives one rune for all that differ only in case. It is Unicode's simple folding, which bytes.EqualFold and
// (?i) use too.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least < utf8.RuneSelf {
		return fold(least)
	}
	return least
}

// match walks text and glob together and falls back to the last * where they part. Unless cased, the glob has been
// folded.
func (g glob) match(text []byte, cased bool) bool {
	at, i := 0, 0         // in text, in g
	star, resume := -1, 0 // the last *, and where in text it has to try next
	for at < len(text) {
		if i < len(g) && g[i] == anyRun {
			if i+1 == len(g) {
				return true
			}
			star, resume = i, at
			i++
			continue
		}
		r, size := rune(text[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[at:])
		}
		if i < len(g) && (g[i] == anyRune || g[i] == r || !cased && g[i] == fold(r)) {
			at += size
			i++
			continue
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRune(text[resume:])
		resume += size
		at, i = resume, star+1
	}
	for i < len(g) && g[i] == anyRun {
		i++
	}
	return i == len(g)
}

// regexp gives the glob as an expression without anchors.
func (g glob) regexp() string {
	var b strings.Builder
	for _, r := range g {
		switch r {
		case anyRun:
			b.WriteString(`(?s:.*)`)
		case anyRune:
			b.WriteString(`(?s:.)`)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}
