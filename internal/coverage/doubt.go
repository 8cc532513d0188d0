package coverage

import (
	"slices"
	"strings"
)

// doubts names what keeps the rest, which no recorder keeps for certain, from being decided: the facts of each
// recorder that may keep some of it, and the Regions of which it is not known whether they are enabled.
func (j *judge) doubts(rest pile, recorders []Recorder) []Doubt {
	var out []Doubt
	nobody := rest.clone()
	for i := range recorders {
		r := &recorders[i]
		nobody = j.minus(nobody, r, maybeOf)
		if held := j.meet(rest, r, maybeOf); len(held.boxes) > 0 {
			out = append(out, j.unknowns(held, r)...)
		}
	}
	if regions := j.regionsOf(nobody); len(regions) > 0 {
		out = append(out, Doubt{Fact: FactRegions, Why: "whether " + words(regions) + " can be used is not known"})
	}
	return out
}

// unknowns lists the facts that keep the recorder from keeping the held events for certain, and no others: that
// global service events are in doubt is no reason where none are missing.
func (j *judge) unknowns(held pile, r *Recorder) []Doubt {
	var out []Doubt
	say := func(f Fact, why string) { out = append(out, Doubt{r.ID, f, why}) }
	if r.Logging == Unknown {
		say(FactLogging, "whether it is logging is not known")
	}
	if r.Sees == Unknown {
		say(FactSees, "whether it sees this account is not known")
	}
	regions := j.regionsOf(held)
	away := slices.ContainsFunc(regions, func(s string) bool { return s != r.Home })
	if r.MultiRegion == Unknown && away {
		say(FactMultiRegion, "whether it records every Region is not known")
	}
	if r.MultiRegion != Yes && r.Home == "" {
		say(FactHome, "its home Region is not known")
	}
	global, doubtful := j.kindIn(held, kindGlobal), j.kindIn(held, kindDoubtful)
	if (r.Global == Unknown && global) || (r.Global != Yes && doubtful) {
		say(FactGlobal, r.globalDoubt())
	}
	if why := j.selectorDoubt(held, r); why != "" {
		say(FactSelectors, why)
	}
	return out
}

// globalDoubt says what is not known of the recorder's global service events.
func (r *Recorder) globalDoubt() string {
	if r.Global == No {
		return "whether IncludeGlobalServiceEvents=false drops the events of Route 53, Organizations and other global " +
			"services is not documented"
	}
	return "whether it records global service events is not known"
}

// selectorDoubt says what of the recorder's selectors is not known, "" when they keep all held events for certain.
func (j *judge) selectorDoubt(held pile, r *Recorder) string {
	if r.Selectors == nil || r.Selectors.parsed == nil {
		return "its selectors are not known"
	}
	alone := Recorder{Logging: Yes, Sees: Yes, MultiRegion: Yes, Global: Yes, Selectors: r.Selectors}
	p := j.minus(held.clone(), &alone, sureOf)
	if len(p.boxes) == 0 {
		return ""
	}
	return strings.Join(r.Selectors.Doubts(), "; ")
}

// regionsOf lists the Regions of a pile.
func (j *judge) regionsOf(p pile) []string {
	var out []string
	for i, region := range j.sp.fields[fieldRegion].literals {
		for b := 0; b < len(p.boxes); b += j.sp.words() {
			if has(j.sp.set(p.boxes[b:b+j.sp.words()], fieldRegion), i) {
				out = append(out, region)
				break
			}
		}
	}
	return out
}

func (j *judge) kindIn(p pile, k kind) bool {
	for b := 0; b < len(p.boxes); b += j.sp.words() {
		if has(j.sp.set(p.boxes[b:b+j.sp.words()], fieldKind), int(k)) {
			return true
		}
	}
	return false
}

// words joins names for a sentence: "a", "a and b", "a, b and c".
func words(names []string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}
