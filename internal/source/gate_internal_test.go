package source

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Which of four objects are due, after what is told in words:
//
//	+a  a could be read       |   the pass ended, and another began
//	-a  a was denied          1h  so much time went by
//	~a  AWS was not well      <a  keys up to a are not listed any more
func TestGate(t *testing.T) {
	const all, none = "abcd", ""
	for name, c := range map[string]struct{ before, due string }{
		"what was not refused":                              {"", all},
		"one of what was":                                   {"-a -b |", "acd"},
		"one in each pass":                                  {"-a -b | -a |", "acd"},
		"the first of them":                                 {"-b -c |", "abd"},
		"each once an hour":                                 {"-a -b 1h |", all},
		"an hour after it was asked for last":               {"-a -b -c | 1h -b -c |", "abd"},
		"an hour after it was denied, whatever came since":  {"-a -b -c | 1h ~b ~c |", all},
		"one besides those of which the hour is over":       {"-a 1h -b -c |", "abd"},
		"what could be read since":                          {"-a -b | +a | -c |", "abd"},
		"what was not listed for a while":                   {"-a -b -c | <a", "abd"},
		"what AWS was not well enough for":                  {"~a ~b |", all},
		"all when something was read":                       {"-a -b | +d", all},
		"all when something was in the pass before":         {"-a -b +d |", all},
		"all in later passes while nothing more is refused": {"-a -b +d | | -a -b | ~a |", all},
		"one when more is":                                  {"-a +d | -b |", "acd"},
		"one when more is, as AWS is not well":              {"-a -b +d | ~c |", "acd"},
		"all in the pass in which more is":                  {"-a +d | -b", all},
		"all when more is, and something is read":           {"-a +d | -b +d |", all},
		"none when shut":                                    {"-a -b -c", none},
		"none when shut, as AWS is not well":                {"~a -b ~c", none},
		"none when shut, though open before":                {"+d | -a -b -c", none},
		"none when shut, though something came after":       {"-a -b -c +d", none},
		"all in the pass after, when something did":         {"-a -b -c +d |", all},
		"one in the pass after, when nothing did":           {"-a -b -c |", "ad"},
		"all when something was read before so many":        {"+d -a -b -c", all},
		"one when so many are refused, some as before":      {"-a -b | -a -b -c", "ad"},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			g := newGate(3, func() time.Time { return now })
			g.begin()
			for word := range strings.FieldsSeq(c.before) {
				switch key := word[1:]; word[0] {
				case '+':
					g.lets(key)
				case '-', '~':
					g.refuses(key, word[0] == '-')
				case '|':
					g.begin()
				case '1':
					now = now.Add(time.Hour)
				case '<':
					g.forget(key)
				}
			}
			due := ""
			for key := range strings.SplitSeq(all, "") {
				if g.due(key) {
					due += key
				}
			}
			if due != c.due || g.isShut() != (c.due == none) {
				t.Errorf("%q are due after %s, want %q; shut: %t", due, c.before, c.due, g.isShut())
			}
		})
	}
}

// What is beyond the bound is asked for in each pass, rather than never; for the others the hour counts as before.
func TestGateRemembersSoMuch(t *testing.T) {
	now := time.Unix(0, 0)
	g := newGate(2*maxRemembered, func() time.Time { return now })
	for i := range maxRemembered {
		g.refuses(fmt.Sprint(i), true)
	}
	now = now.Add(askAgain)
	for _, key := range []string{"0", "1", "beyond"} {
		g.refuses(key, true)
	}
	g.begin()
	if !g.due("0") || g.due("1") || !g.due("2") || !g.due("beyond") || len(g.refused) != maxRemembered {
		t.Errorf("%d are remembered", len(g.refused))
	}
}
