package coverage

import "slices"

// Decide tells whether the recorders together keep every event of the goal: Yes when all of it is kept for certain,
// No, with a witness, when something surely in it is kept by none. A goal without any event is Unknown.
func (w World) Decide(g Goal, recorders []Recorder) Answer {
	var room [24]uint64
	j, ok := newJudge(room[:], g, recorders, nil)
	if !ok {
		return noGoal()
	}
	a := j.decide(recorders, 0)
	for i := 1; i < len(j.sp.globals); i++ {
		a = agree(a, j.decide(recorders, i))
	}
	return a
}

func (j *judge) decide(recorders []Recorder, reading int) Answer {
	var room, more scratch
	rest := room.pile(j.goal.All, reading)
	for i := range recorders {
		rest = j.minus(rest, &recorders[i], sureOf)
	}
	if len(rest.boxes) == 0 {
		return Answer{Verdict: Yes}
	}
	// What is kept for certain may be kept too, so what is left here is the smaller part of the rest that was left there.
	lost := more.pile(j.goal.Sure, reading)
	for i := range recorders {
		lost = j.minus(lost, &recorders[i], maybeOf)
	}
	// Out of budget, a pile holds too much: that it is empty proves something, that it is not proves nothing.
	if len(lost.boxes) > 0 && !lost.tooHard {
		return j.missing(lost, reading)
	}
	if rest.tooHard || lost.tooHard {
		return Answer{TooHard: true}
	}
	return Answer{Doubts: j.doubts(rest.clone(), recorders)}
}

// Lost tells whether what was recorded before is still recorded: No when something of the goal that was recorded for
// certain is now kept by none, Yes when nothing that may have been recorded can be lost. A recorder that is in both as
// it was counts as unchanged, however little is known of it. Swap the two to learn what was regained.
func (w World) Lost(before, after []Recorder, g Goal) Answer {
	var room [24]uint64
	j, ok := newJudge(room[:], g, before, after)
	if !ok {
		return noGoal()
	}
	a := j.lost(before, after, 0)
	for i := 1; i < len(j.sp.globals); i++ {
		a = agree(a, j.lost(before, after, i))
	}
	return a
}

func (j *judge) lost(before, after []Recorder, reading int) Answer {
	var room, more scratch
	gone := room.pile(j.goal.Sure, reading)
	unkept := gone.clone() // what was recorded for certain is all but what was not
	for i := range before {
		unkept = j.minus(unkept, &before[i], sureOf)
	}
	gone = j.sp.minusPile(gone, unkept)
	for i := range after {
		gone = j.minus(gone, &after[i], maybeOf)
	}
	if len(gone.boxes) > 0 && !gone.tooHard {
		return j.missing(gone, reading)
	}
	open := more.pile(j.goal.All, reading)
	for i := range after {
		open = j.minus(open, &after[i], sureOf)
	}
	changed := changed(before, after)
	never := open.clone() // was not recorded by what changed
	for i := range changed {
		never = j.minus(never, &changed[i], maybeOf)
	}
	open = j.sp.minusPile(open, never)
	switch {
	case gone.tooHard || open.tooHard:
		return Answer{TooHard: true}
	case len(open.boxes) == 0:
		return Answer{Verdict: Yes}
	}
	doubts := j.doubts(open.clone(), after)
	for _, d := range j.doubts(open.clone(), changed) {
		if !slices.Contains(doubts, d) {
			doubts = append(doubts, d)
		}
	}
	return Answer{Doubts: doubts}
}

// changed returns the recorders of before that are not in after as they were. The caller compares two neighbouring
// states of one account: what is equally unknown in both is one unknown, not two.
func changed(before, after []Recorder) []Recorder {
	var out []Recorder
	for _, b := range before {
		if !slices.ContainsFunc(after, b.same) {
			out = append(out, b)
		}
	}
	return out
}

func (r Recorder) same(s Recorder) bool {
	p, q := r.Selectors, s.Selectors
	r.Selectors, s.Selectors = nil, nil
	return r == s && (p == q || (p != nil && q != nil && p.Equal(*q)))
}

func (j *judge) missing(lost pile, reading int) Answer {
	boxes := j.sp.list(lost, reading)
	return Answer{Verdict: No, Witness: j.sp.witness(boxes), Missing: boxes}
}

func noGoal() Answer {
	return Answer{Doubts: []Doubt{{Fact: FactGoal, Why: "no event is asked about"}}}
}

// agree joins the answers of two readings of what is not documented: only what is true in both is decided. Deciding
// each reading as a whole is sharper than calling every single fact that depends on it unknown: a trail in each Region
// of aws-cn keeps the global service events in either reading, though neither trail keeps them in both.
func agree(a, b Answer) Answer {
	if a.Verdict == b.Verdict && a.Verdict != Unknown {
		return a
	}
	out := Answer{TooHard: a.TooHard || b.TooHard, Doubts: a.Doubts}
	if a.Verdict != b.Verdict {
		b.Doubts = append(b.Doubts, Doubt{
			Fact: FactGlobalRegion,
			Why:  "in which Region the partition's global service events occur is not documented",
		})
	}
	for _, d := range b.Doubts {
		if !slices.Contains(out.Doubts, d) {
			out.Doubts = append(out.Doubts, d)
		}
	}
	return out
}
