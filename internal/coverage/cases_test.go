package coverage_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/coverage"
	"cairn.example/internal/golden"
)

// TestCases asks each question of the "ask" section of every file of testdata and compares with its "want" section.
//
//	world:     the partition; then Regions, where not the partition's default ones; maybe=REGION,...
//	recorders: NAME HOME, facts that are not yes (logging=no), selectors=SECTION|unknown|default
//	ask:       decide [reads|writes] [of SOURCE,...] [without SOURCE,...] [in REGION,...]
//	           lost (from the section "before" to "recorders")
//	           explain SOURCE NAME REGION|? read|write|? [Category]
func TestCases(t *testing.T) {
	for file := range golden.Cases(t, "testdata/*.txtar") {
		t.Run(file.Name, func(t *testing.T) {
			c := newCase(t, file.Archive)
			var got strings.Builder
			for line := range strings.Lines(c.text["ask"]) {
				fmt.Fprintf(&got, "%s\n", c.ask(t, strings.Fields(line)))
			}
			file.Want(t, got.String())
		})
	}
}

type testCase struct {
	text  map[string]string
	world coverage.World
}

func newCase(t *testing.T, ar *txtar.Archive) *testCase {
	t.Helper()
	c := &testCase{text: map[string]string{}}
	for _, f := range ar.Files {
		c.text[f.Name] = string(f.Data)
	}
	if c.text["ask"] == "" {
		t.Fatal("no question is asked")
	}
	c.world = coverage.World{Partition: "aws"}
	for i, word := range strings.Fields(c.text["world"]) {
		maybe, isMaybe := strings.CutPrefix(word, "maybe=")
		switch {
		case i == 0:
			c.world.Partition = word
		case isMaybe:
			c.world.Maybe = strings.Split(maybe, ",")
		default:
			c.world.Regions = append(c.world.Regions, word)
		}
	}
	if c.world.Regions == nil {
		c.world.Regions = coverage.DefaultRegions(c.world.Partition)
	}
	return c
}

const defaultSelectors = `{"TrailARN": "arn", "EventSelectors": [], "AdvancedEventSelectors": []}`

func parse(tb testing.TB, doc string) *coverage.Selectors {
	tb.Helper()
	s, err := coverage.Parse([]byte(doc))
	if err != nil {
		tb.Fatal(err)
	}
	return &s
}

func (c *testCase) recorders(t *testing.T, section string) []coverage.Recorder {
	t.Helper()
	var out []coverage.Recorder
	for line := range strings.Lines(c.text[section]) {
		words := strings.Fields(line)
		r := coverage.Recorder{
			ID: words[0], Home: words[1], Logging: coverage.Yes, MultiRegion: coverage.Yes, Global: coverage.Yes,
			Sees: coverage.Yes, Selectors: parse(t, defaultSelectors),
		}
		if r.Home == "?" {
			r.Home = ""
		}
		facts := map[string]*coverage.Tri{"logging": &r.Logging, "multi": &r.MultiRegion, "global": &r.Global, "sees": &r.Sees}
		for _, word := range words[2:] {
			name, value, _ := strings.Cut(word, "=")
			switch fact := facts[name]; {
			case fact != nil:
				*fact = map[string]coverage.Tri{"yes": coverage.Yes, "no": coverage.No, "?": coverage.Unknown}[value]
			case name != "selectors":
				t.Fatalf("no fact is called %q", word)
			case value == "?":
				r.Selectors = nil
			case c.text[value] == "":
				t.Fatalf("no section is called %q", value)
			default:
				r.Selectors = parse(t, c.text[value])
			}
		}
		out = append(out, r)
	}
	return out
}

func (c *testCase) ask(t *testing.T, words []string) string {
	t.Helper()
	recorders := c.recorders(t, "recorders")
	var out string
	switch words[0] {
	case "decide":
		out = c.answer(c.world.Decide(c.world.Management(scope(t, words[1:])), recorders))
	case "lost":
		out = c.answer(c.world.Lost(c.recorders(t, "before"), recorders, c.world.Management(scope(t, words[1:]))))
	case "explain":
		e := coverage.Event{Source: words[1] + ".amazonaws.com", Name: words[2], Region: words[3]}
		e.Region = strings.TrimSuffix(e.Region, "?")
		e.ReadOnly = map[string]coverage.Tri{"read": coverage.Yes, "write": coverage.No}[words[4]]
		if len(words) > 5 {
			e.Category = words[5]
		}
		x := c.world.Explain(e, recorders)
		out = x.Verdict.String()
		for _, by := range x.By {
			out += fmt.Sprintf("\n  %s %s: %s", by.ID, by.Kept, by.Why)
		}
	default:
		t.Fatalf("no question is called %q", words[0])
	}
	return strings.Join(words, " ") + ": " + out
}

func scope(t *testing.T, words []string) coverage.Scope {
	t.Helper()
	var s coverage.Scope
	sources := func(list string) []string {
		var out []string
		for name := range strings.SplitSeq(list, ",") {
			out = append(out, name+".amazonaws.com")
		}
		return out
	}
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "reads":
			s.ReadOnly = coverage.Yes
		case "writes":
			s.ReadOnly = coverage.No
		case "of":
			i++
			s.Sources = sources(words[i])
		case "without":
			i++
			s.Without = sources(words[i])
		case "in":
			i++
			s.Regions = strings.Split(words[i], ",")
		default:
			t.Fatalf("no scope is called %q", words[i])
		}
	}
	return s
}

func (c *testCase) answer(a coverage.Answer) string {
	out := a.Verdict.String()
	if a.Witness != nil {
		out += fmt.Sprintf(", %s\n  missing: %s", a.Witness, c.world.Describe(a.Missing))
	}
	for _, d := range a.Doubts {
		out += fmt.Sprintf("\n  %s %s: %s", d.ID, d.Fact, d.Why)
	}
	if a.TooHard {
		out += "\n  too hard"
	}
	return out
}
