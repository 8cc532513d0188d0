package coverage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cairn.example/internal/coverage"
)

// rounds is enough to meet each combination of two facts and two selectors many times, in about a second.
const rounds = 2000

// TestDecideAgainstEnumeration compares Decide with the definition of its verdicts, asked point by point.
func TestDecideAgainstEnumeration(t *testing.T) {
	g := newGenerator(1)
	seen := map[coverage.Tri]int{}
	for range rounds {
		w, recorders := g.world(), g.recorders(4)
		s := g.scope(w)
		goal := w.Management(s)
		got := w.Decide(goal, recorders)
		want := enumerate(w, s, recorders)
		seen[got.Verdict]++
		if got.Verdict != want.verdict {
			t.Fatalf("got %v, want %v\nworld %v\nscope %v\n%s", got, want.verdict, w, s, show(recorders))
		}
		check(t, got)
		if len(coverage.GlobalRegions(w.Partition)) > 1 || got.Verdict != coverage.No {
			continue
		}
		if !coverage.Disjoint(got.Missing) {
			t.Fatalf("boxes overlap\n%s", show(recorders))
		}
		for _, e := range want.points {
			if in, lost := coverage.Holds(got.Missing, e), slices.Contains(want.lost, e); in != lost {
				t.Fatalf("%v: missing %v, lost %v\nworld %v\n%s", e, in, lost, w, show(recorders))
			}
		}
		if w.Describe(got.Missing) == "" {
			t.Fatalf("no words for what is missing\n%s", show(recorders))
		}
	}
	for _, v := range []coverage.Tri{coverage.Unknown, coverage.No, coverage.Yes} {
		if seen[v] < rounds/20 {
			t.Errorf("only %d of %d answers are %v", seen[v], rounds, v)
		}
	}
}

func check(t *testing.T, a coverage.Answer) {
	t.Helper()
	switch {
	case a.TooHard:
		t.Fatal("too hard")
	case (a.Witness != nil) != (a.Verdict == coverage.No), (len(a.Missing) > 0) != (a.Verdict == coverage.No),
		(len(a.Doubts) > 0) != (a.Verdict == coverage.Unknown):
		t.Fatalf("the parts of the answer do not agree: %+v", a)
	case slices.ContainsFunc(a.Doubts, func(d coverage.Doubt) bool { return d.Fact == "" || d.Why == "" }):
		t.Fatalf("a doubt without words: %+v", a.Doubts)
	}
}

// TestWitnessIsKeptByNone asks Explain, which takes another way.
func TestWitnessIsKeptByNone(t *testing.T) {
	g := newGenerator(3)
	for range rounds {
		w, recorders := g.world(), g.recorders(3)
		a := w.Decide(w.Management(g.scope(w)), recorders)
		if a.Witness == nil {
			continue
		}
		if x := w.Explain(*a.Witness, recorders); x.Verdict != coverage.No {
			t.Fatalf("%v is the witness, but %+v\n%s", a.Witness, x, show(recorders))
		}
	}
}

// TestMoreRecordersNeverLoseCoverage orders the verdicts no < unknown < yes.
func TestMoreRecordersNeverLoseCoverage(t *testing.T) {
	order := map[coverage.Tri]int{coverage.No: 0, coverage.Unknown: 1, coverage.Yes: 2}
	g := newGenerator(5)
	for range rounds {
		w, recorders := g.world(), g.recorders(4)
		goal := w.Management(g.scope(w))
		less, more := w.Decide(goal, recorders[:len(recorders)-1]).Verdict, w.Decide(goal, recorders).Verdict
		if order[more] < order[less] {
			t.Fatalf("%v, with one more %v\nworld %v\n%s", less, more, w, show(recorders))
		}
	}
}

// TestForgettingNeverFlips makes one fact unknown: the verdict may become unknown, never the opposite.
func TestForgettingNeverFlips(t *testing.T) {
	g := newGenerator(7)
	for range rounds {
		w, recorders := g.world(), g.recorders(3)
		goal := w.Management(g.scope(w))
		before := w.Decide(goal, recorders).Verdict
		r := &recorders[g.IntN(len(recorders))]
		switch g.IntN(6) {
		case 0:
			r.Home = ""
		case 1:
			r.Logging = coverage.Unknown
		case 2:
			r.MultiRegion = coverage.Unknown
		case 3:
			r.Global = coverage.Unknown
		case 4:
			r.Sees = coverage.Unknown
		default:
			r.Selectors = nil
		}
		if after := w.Decide(goal, recorders).Verdict; after != before && after != coverage.Unknown {
			t.Fatalf("%v, knowing less %v\nworld %v\n%s", before, after, w, show(recorders))
		}
	}
}

// TestLostAgainstEnumeration compares Lost with its definition, point by point, in worlds of one reading.
func TestLostAgainstEnumeration(t *testing.T) {
	g := newGenerator(9)
	seen := map[coverage.Tri]int{}
	for range rounds {
		w, before := g.world(), g.recorders(3)
		if w.Partition != "aws" {
			continue
		}
		after := slices.Clone(before)
		after[g.IntN(len(after))] = g.recorders(1)[0]
		got := w.Lost(before, after, w.Management(coverage.Scope{}))
		check(t, got)
		seen[got.Verdict]++
		if want := enumerateLost(w, before, after); got.Verdict != want {
			t.Fatalf("got %v, want %v\nworld %v\nbefore\n%safter\n%s", got, want, w, show(before), show(after))
		}
		if same := w.Lost(before, before, w.Management(coverage.Scope{})); same.Verdict != coverage.Yes {
			t.Fatalf("nothing changed, and %v is lost\n%s", same, show(before))
		}
	}
	if len(seen) != 3 {
		t.Errorf("verdicts seen: %v", seen)
	}
}

func enumerateLost(w coverage.World, before, after []coverage.Recorder) coverage.Tri {
	var changed []coverage.Recorder
	for _, b := range before {
		if !strings.Contains(show(after), show([]coverage.Recorder{b})) {
			changed = append(changed, b)
		}
	}
	verdict := coverage.Yes
	for _, p := range points(w, coverage.Scope{}, coverage.GlobalRegions(w.Partition)[0]) {
		old, now := w.Explain(p.Event, before).Verdict, w.Explain(p.Event, after).Verdict
		may := w.Explain(p.Event, changed).Verdict != coverage.No
		switch {
		case p.sure && old == coverage.Yes && now == coverage.No:
			return coverage.No
		case may && now != coverage.Yes:
			verdict = coverage.Unknown
		}
	}
	return verdict
}

type enumeration struct {
	verdict coverage.Tri
	points  []coverage.Event
	lost    []coverage.Event
}

// enumerate decides by asking about each event that can matter, in each reading of the global Region.
func enumerate(w coverage.World, s coverage.Scope, recorders []coverage.Recorder) enumeration {
	var out enumeration
	for i, global := range coverage.GlobalRegions(w.Partition) {
		reading := enumeration{verdict: coverage.Yes}
		ps := points(w, s, global)
		for _, p := range ps {
			reading.points = append(reading.points, p.Event)
			switch w.Explain(p.Event, recorders).Verdict {
			case coverage.No:
				if p.sure {
					reading.lost = append(reading.lost, p.Event)
					reading.verdict = coverage.No
					continue
				}
				fallthrough
			case coverage.Unknown:
				if reading.verdict == coverage.Yes {
					reading.verdict = coverage.Unknown
				}
			case coverage.Yes:
			}
		}
		if len(ps) == 0 {
			reading.verdict = coverage.Unknown
		}
		if i > 0 && reading.verdict != out.verdict {
			reading.verdict = coverage.Unknown
		}
		out = reading
	}
	return out
}

type enumerated struct {
	coverage.Event
	sure bool
}

// sources are all that the generator's selectors and scopes tell apart, and one more of each sort of service.
var sources = []string{
	"ec2.amazonaws.com", "s3.amazonaws.com", "kms.amazonaws.com", "rdsdata.amazonaws.com", "iam.amazonaws.com",
	"cloudfront.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com", "route53.amazonaws.com",
}

func points(w coverage.World, s coverage.Scope, global string) []enumerated {
	var out []enumerated
	for _, region := range slices.Concat(w.Regions, w.Maybe, []string{global}) {
		sure := slices.Contains(w.Regions, region)
		if s.Regions != nil && !slices.Contains(s.Regions, region) {
			continue
		}
		for _, source := range sources {
			if slices.Contains(s.Without, source) || (s.Sources != nil && !slices.Contains(s.Sources, source)) {
				continue
			}
			for _, kind := range kinds(source, region == global) {
				for _, readOnly := range []coverage.Tri{coverage.No, coverage.Yes} {
					if s.ReadOnly != coverage.Unknown && s.ReadOnly != readOnly {
						continue
					}
					e := coverage.Event{Region: region, Source: source, Name: "Any", ReadOnly: readOnly, Global: kind}
					p := enumerated{e, sure || kind != coverage.No}
					if !slices.Contains(out, p) {
						out = append(out, p)
					}
				}
			}
		}
	}
	return out
}

func kinds(source string, global bool) []coverage.Tri {
	switch source {
	case "iam.amazonaws.com", "cloudfront.amazonaws.com":
		if global {
			return []coverage.Tri{coverage.Yes}
		}
		return nil
	case "sts.amazonaws.com":
		if global {
			return []coverage.Tri{coverage.Yes, coverage.No}
		}
	case "signin.amazonaws.com":
		if global {
			return []coverage.Tri{coverage.Yes}
		}
	case "route53.amazonaws.com":
		if global {
			return []coverage.Tri{coverage.Unknown}
		}
	}
	return []coverage.Tri{coverage.No}
}

func show(recorders []coverage.Recorder) string {
	var out string
	for _, r := range recorders {
		selectors := "unknown"
		if r.Selectors != nil {
			b, err := r.Selectors.MarshalJSON()
			selectors = fmt.Sprintf("%s %v", b, err)
		}
		out += fmt.Sprintf("%s home=%q logging=%v multi=%v global=%v sees=%v %s\n",
			r.ID, r.Home, r.Logging, r.MultiRegion, r.Global, r.Sees, selectors)
	}
	return out
}
