// Package coverage decides which events an account's recorders keep, and when an event is lost it names one.
//
// A recorder (a trail) is a union of selectors, a selector a conjunction of constraints on fields, a constraint equals,
// prefix, suffix or their negations. For such constraints finitely many candidate values of each field decide
// everything, so the answers are exact: covered, not covered with a witness, or not known with the reasons.
//
// What is not known about a recorder splits what it keeps in two: the events it keeps for certain (must) and those it
// may keep. A goal is uncovered iff an event surely in it is outside every may, covered iff all of it is inside the
// union of the musts, and unknown otherwise.
//
// The package decides management events of trails; it imports nothing but the standard library.
package coverage

import (
	"cmp"
	"strings"
)

// Tri is a truth value of Kleene's logic.
type Tri uint8

// The zero Tri is Unknown, so a fact that nobody filled in can never decide anything.
const (
	Unknown Tri = iota
	No
	Yes
)

// String returns "unknown", "no" or "yes".
func (t Tri) String() string {
	switch t {
	case No:
		return "no"
	case Yes:
		return "yes"
	case Unknown:
	}
	return "unknown"
}

// Known returns Yes for true and No for false.
func Known(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// and is Kleene's conjunction: a known No beats an Unknown.
func (t Tri) and(u Tri) Tri {
	switch {
	case t == No || u == No:
		return No
	case t == Yes && u == Yes:
		return Yes
	default:
		return Unknown
	}
}

// or is Kleene's disjunction: a known Yes beats an Unknown.
func (t Tri) or(u Tri) Tri {
	switch {
	case t == Yes || u == Yes:
		return Yes
	case t == No && u == No:
		return No
	default:
		return Unknown
	}
}

// Event is what coverage needs to know of one CloudTrail record.
type Event struct {
	Account  string
	Region   string // "" = not known
	Category string // eventCategory; "" = Management
	Source   string // eventSource, such as kms.amazonaws.com
	Name     string // eventName
	ReadOnly Tri    // Unknown: the record does not carry the field, or it is not known
	// Global tells a global service event from a plain one where source and Region do not: STS in the global Region,
	// called at its global (Yes) or at its Regional endpoint (No).
	Global Tri
}

// String names the event for a person: "kms ScheduleKeyDeletion in us-east-1", or "rdsdata event in us-east-1" where no
// name is known.
func (e Event) String() string {
	s := shortSource(e.Source) + " " + cmp.Or(e.Name, "event")
	if e.Region != "" {
		s += " in " + e.Region
	}
	return s
}

// shortSource is an event source as people write it.
func shortSource(source string) string { return strings.TrimSuffix(source, ".amazonaws.com") }

// Recorder is a trail as one account sees it. A gap is a recorder too: a Region whose trails could not be listed is
// Recorder{Home: region, MultiRegion: No}, the rest unknown.
type Recorder struct {
	ID          string // names the recorder in doubts and explanations
	Home        string // home Region; "" = not known
	Logging     Tri
	MultiRegion Tri
	Global      Tri        // IncludeGlobalServiceEvents
	Sees        Tri        // No: an organization trail homed in a Region that this member has not enabled
	Selectors   *Selectors // nil = not known
}

// World is where events happen: one account's Regions.
type World struct {
	Partition string
	Regions   []string // enabled for certain
	Maybe     []string // those that may be enabled besides, where the list of Regions itself has a gap
}

// Scope narrows a goal; its zero value is every event.
type Scope struct {
	ReadOnly Tri      // Yes: reads, No: writes, Unknown: both
	Sources  []string // event sources asked about; nil = all
	Without  []string // event sources left out
	Regions  []string // nil = all
}

// Goal is a set of events that should be recorded. Sure holds those that can happen for certain, All also those of
// Regions that may be enabled. Both speak of records that carry readOnly.
type Goal struct {
	Sure, All []Box
}

// Answer is what Decide and Lost found.
type Answer struct {
	Verdict Tri
	Witness *Event  // an event that no recorder keeps; set iff Verdict is No
	Missing []Box   // all that is surely not kept; empty unless Verdict is No
	Doubts  []Doubt // why Verdict is Unknown
	TooHard bool    // the work budget ran out; Verdict is then Unknown
}

// Doubt is one fact whose not being known keeps a verdict from being known.
type Doubt struct {
	ID   string // the recorder; "" when the doubt is about the world
	Fact Fact
	Why  string // for a person
}

// Fact names what a Doubt is about: a member of Recorder or World.
type Fact string

// The facts that can be in doubt.
const (
	FactLogging      Fact = "Logging"
	FactMultiRegion  Fact = "MultiRegion"
	FactHome         Fact = "Home"
	FactGlobal       Fact = "Global"
	FactSees         Fact = "Sees"
	FactSelectors    Fact = "Selectors"
	FactRegions      Fact = "Regions"      // whether a Region is enabled
	FactGlobalRegion Fact = "GlobalRegion" // which Region global service events occur in
	FactGoal         Fact = "Goal"         // the goal holds no event
	FactEvent        Fact = "Event"        // what is explained is not fully known itself
)

// Explanation tells what becomes of one event: Verdict Yes: recorded; No: not recorded; Unknown: not known.
type Explanation struct {
	Verdict Tri
	By      []Reason // one for each recorder, in their order
}

// Reason is one recorder's part in an Explanation.
type Reason struct {
	ID       string
	Kept     Tri
	Selector int    // index of the selector that decided, -1 when none did
	Fact     Fact   // what decided when no selector did
	Why      string // for a person
}
