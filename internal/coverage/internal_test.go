package coverage

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPatternsAgainstEnumeration decides unions of conjunctions of every operator on two text fields, and compares
// with all pairs of short texts. The texts are long enough to hold a prefix, something fresh and a suffix.
func TestPatternsAgainstEnumeration(t *testing.T) {
	g := rand.New(rand.NewPCG(11, 12))
	values := texts3(5)
	w := World{Partition: "aws", Regions: []string{"us-east-1"}}
	goal := w.Management(Scope{ReadOnly: Yes, Regions: []string{"us-east-1"}})
	seen := map[Tri]int{}
	for range 600 {
		var rows []row
		for range 1 + g.IntN(5) {
			rows = append(rows, row{conds: []cond{randomCond(g), randomCond(g)}})
		}
		s := &Selectors{&parsed{raw: "{}", must: rows, may: rows}}
		s.compile()
		r := Recorder{Logging: Yes, MultiRegion: Yes, Global: Yes, Sees: Yes, Selectors: s}
		want := Yes
		for _, v := range values {
			if !keeps(rows, v) {
				want = No
			}
		}
		got := w.Decide(goal, []Recorder{r})
		seen[got.Verdict]++
		if got.Verdict != want {
			t.Fatalf("got %v, want %v: %v", got.Verdict, want, rows)
		}
		if got.Witness != nil && keeps(rows, got.Witness.Name) {
			t.Fatalf("witness %q is kept: %v", got.Witness.Name, rows)
		}
	}
	if seen[Yes] < 30 || seen[No] < 30 {
		t.Errorf("verdicts seen: %v", seen)
	}
}

func keeps(rows []row, text string) bool {
	for i := range rows {
		if rows[i].accepts(fieldName, value{head: text}, false) {
			return true
		}
	}
	return false
}

// texts3 lists every text of up to n letters of a, x, and c; c is in no pattern.
func texts3(n int) []string {
	all, last := []string{""}, []string{""}
	for range n {
		var next []string
		for _, s := range last {
			next = append(next, s+"a", s+"x", s+"c")
		}
		all, last = append(all, next...), next
	}
	return all
}

func randomCond(g *rand.Rand) cond {
	c := cond{field: fieldName}
	for range g.IntN(3) {
		text := strings.Repeat("a", g.IntN(2)) + strings.Repeat("x", g.IntN(2))
		m := match{op(g.IntN(3)), text}
		if g.IntN(2) == 0 {
			c.any = append(c.any, m)
		} else {
			c.none = append(c.none, m)
		}
	}
	return c
}

// TestLocate: a candidate stands for a text iff no pattern in play tells the two apart.
func TestLocate(t *testing.T) {
	g := rand.New(rand.NewPCG(15, 16))
	for range 1500 {
		c := randomCond(g)
		patterns := append(append(c.any, c.none...), randomCond(g).any...)
		open := newAlphabet(nil, false)
		a := open.with(patterns)
		for _, text := range texts3(3) {
			v := a.values[a.locate(value{head: text})]
			for _, m := range patterns {
				if m.holds(v) != m.holds(value{head: text}) {
					t.Fatalf("%q is not like %v in %v", text, v, m)
				}
			}
			if spelled := a.spell(v); a.values[a.locate(value{head: spelled})] != v {
				t.Fatalf("%q does not stand for %v", spelled, v)
			}
		}
	}
}

// TestTooHard gives a union of many small boxes that the budget does not finish: it ends as unknown, and says so.
func TestTooHard(t *testing.T) {
	g := rand.New(rand.NewPCG(13, 14))
	some := func(f field) cond {
		c := cond{field: f}
		for range 12 {
			c.any = append(c.any, match{equals, fmt.Sprint(g.IntN(400))})
		}
		return c
	}
	w := World{Partition: "aws", Regions: DefaultRegions("aws")}
	var recorders []Recorder
	for range 100 {
		s := &Selectors{&parsed{raw: "{}", may: []row{{}}}}
		for range 20 {
			s.must = append(s.must, row{conds: []cond{some(fieldName), some(fieldSource)}})
		}
		s.compile()
		recorders = append(recorders, Recorder{Logging: Yes, MultiRegion: Yes, Global: Yes, Sees: Yes, Selectors: s})
	}
	goal := w.Management(Scope{})
	if a := w.Decide(goal, recorders); a.Verdict != Unknown || !a.TooHard {
		t.Errorf("got %v, too hard %v", a.Verdict, a.TooHard)
	}
	if a := w.Lost(recorders, recorders[1:], goal); a.Verdict != Unknown || !a.TooHard {
		t.Errorf("lost: got %v, too hard %v", a.Verdict, a.TooHard)
	}
}

// TestManyRegions decides in a space whose Regions need more than one word.
func TestManyRegions(t *testing.T) {
	w := World{Partition: "aws", Regions: []string{"us-east-1"}}
	var recorders []Recorder
	for i := range 150 {
		w.Regions = append(w.Regions, fmt.Sprintf("xx-test-%d", i))
	}
	s, err := Parse([]byte(`{"TrailARN": "arn"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range w.Regions {
		recorders = append(recorders, Recorder{
			ID: region, Home: region, Logging: Yes, MultiRegion: No, Global: Yes, Sees: Yes, Selectors: &s,
		})
	}
	goal := w.Management(Scope{})
	if a := w.Decide(goal, recorders); a.Verdict != Yes {
		t.Errorf("each Region has a trail, yet %+v", a)
	}
	a := w.Decide(goal, append(recorders[:90:90], recorders[91:]...))
	if a.Witness == nil || a.Witness.Region != w.Regions[90] {
		t.Errorf("want a witness in %s, got %+v", w.Regions[90], a)
	}
}
