package model

import (
	"encoding/json"
	"slices"
)

// Evidence is one fact that decided a verdict. A nil Value is an unknown one; any other is written as the API
// writes it. It is encoded when a report is, since most evidence is never looked at.
type Evidence struct {
	Fact   string `json:"fact"`
	Value  any    `json:"value"`
	Origin Origin `json:"origin"`
}

// JSON is the value as a report writes it; nil when it is unknown.
func (e Evidence) JSON() json.RawMessage {
	if e.Value == nil {
		return nil
	}
	raw, err := json.Marshal(e.Value)
	if err != nil || string(raw) == "null" { // what cannot be written is not known to anybody else
		return nil
	}
	return raw
}

// Truth is a three-valued answer with every fact that decided it.
type Truth struct {
	Tri
	one  Evidence   // nearly every truth rests on one fact, which then takes no memory of its own
	many []Evidence // or on several
}

// Since is a truth with the facts that decided it.
func Since(is Tri, facts ...Evidence) Truth { return Truth{Tri: is, many: facts} }

// Fact is a truth that was worked out rather than read, under its own name.
func Fact(is Tri, name string, value any, from Origin) Truth {
	if is == Unknown {
		value = nil
	}
	return Truth{Tri: is, one: Evidence{Fact: name, Value: value, Origin: from}}
}

// Because is every fact that decided the truth.
func (t Truth) Because() []Evidence {
	if t.many == nil && t.one.Fact != "" {
		return []Evidence{t.one}
	}
	return t.many
}

// All is true when every operand is, false when one is; a known false beats an unknown.
// It keeps the evidence of the operands that decided: of all when true, else of the false or the unknown ones.
func All(ts ...Truth) Truth { return fold(No, Yes, ts) }

// Any is true when one operand is, false when every one is; a known true beats an unknown.
// It keeps the evidence of the operands that decided: of the true ones, all when false, else the unknown ones.
func Any(ts ...Truth) Truth { return fold(Yes, No, ts) }

// fold looks for the value that decides alone, then for an unknown; without either the rest holds.
func fold(decides, rest Tri, ts []Truth) Truth {
	for _, want := range []Tri{decides, Unknown} {
		if slices.ContainsFunc(ts, func(t Truth) bool { return t.Tri == want }) {
			return joined(want, ts)
		}
	}
	return joined(rest, ts)
}

// joined is the truth that the operands of that value decided, with all their evidence.
func joined(want Tri, ts []Truth) Truth {
	operands, facts, last := 0, 0, 0
	for i := range ts {
		if ts[i].Tri == want {
			operands, facts, last = operands+1, facts+max(1, len(ts[i].many)), i
		}
	}
	if operands == 1 {
		return ts[last]
	}
	out := Truth{Tri: want, many: make([]Evidence, 0, facts)}
	for i := range ts {
		switch t := &ts[i]; {
		case t.Tri != want:
		case t.many != nil:
			out.many = append(out.many, t.many...)
		case t.one.Fact != "":
			out.many = append(out.many, t.one)
		}
	}
	return out
}
