package model

import "encoding/json"

// Evidence is one fact that decided a verdict. A nil Value is an unknown one.
type Evidence struct {
	Fact   string          `json:"fact"`
	Value  json.RawMessage `json:"value"`
	Origin Origin          `json:"origin"`
}

// Truth is a three-valued answer with every fact that decided it.
type Truth struct {
	Tri
	Because []Evidence
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
		if out := pick(want, ts); len(out.found) > 0 {
			return out.truth(want)
		}
	}
	return pick(rest, ts).truth(rest)
}

// Not turns true and false round and keeps the evidence.
func Not(t Truth) Truth {
	switch t.Tri {
	case Yes:
		t.Tri = No
	case No:
		t.Tri = Yes
	case Unknown:
	}
	return t
}

// Fact is a truth that was worked out rather than read, under its own name.
func Fact(is Tri, name string, value any, from Origin) Truth {
	raw, err := json.Marshal(value)
	if err != nil || is == Unknown {
		raw = nil
	}
	return Truth{Tri: is, Because: []Evidence{{Fact: name, Value: raw, Origin: from}}}
}

type picked struct{ found []Truth }

func pick(want Tri, ts []Truth) picked {
	var p picked
	for _, t := range ts {
		if t.Tri == want {
			p.found = append(p.found, t)
		}
	}
	return p
}

func (p picked) truth(is Tri) Truth {
	out := Truth{Tri: is}
	for _, t := range p.found {
		out.Because = append(out.Because, t.Because...)
	}
	return out
}
