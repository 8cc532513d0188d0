package store

import (
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// State is where a finding's life stands. What is told of it is only whether it is open: notify.State.
type State string

// The states. A finding that nobody has seen has none.
const (
	StateUnseen   State = ""
	StateOpen     State = "open"
	StateResolved State = "resolved"
	StateExcepted State = "excepted" // its risk is accepted: it is counted and shown, and nobody is told
)

// Step is what happens to a finding.
type Step string

// The steps, and where they lead:
//
//	            seen                quiet, gone   accepted   no longer accepted
//	unseen      open                -             -          -
//	open        count + 1           resolved      excepted   -
//	resolved    open (reopened)     -             -          -
//	excepted    count + 1           resolved      -          open (reopened)
//
// A finding that is seen for the first time while it is accepted opens and is excepted in one transaction, so that
// nobody is told. Told anew and taken back change what an earlier step said, and no state.
const (
	Seen      Step = "seen"      // it fails, or cannot be told
	Anew      Step = "anew"      // what was said of it is said otherwise
	Gone      Step = "gone"      // it passes, what it cost is made good, or what it was about is no more
	Quiet     Step = "quiet"     // nothing more was seen of what nothing can make good
	Accepted  Step = "accepted"  // an exception covers it
	Unexcused Step = "unexcused" // none does any more
)

// Steps as history has them: what a step came to.
const (
	opened   = "opened"
	again    = "seen again"
	raised   = "severity raised"
	lowered  = "severity lowered"
	anew     = "told anew"
	resolved = "resolved"
	reopened = "reopened"
	excepted = "excepted"
)

// life is the part of a finding that steps change.
type life struct {
	State    State
	Severity model.Severity
	Version  int64
	Count    int
	Opened   time.Time
	Changed  time.Time
	Resolved time.Time
	Quiet    time.Time
}

// step does a step that happened at a time, with the severity after it, and says what it came to: "" for nothing.
func (l *life) step(s Step, severity model.Severity, at time.Time) string {
	was := *l
	var came string
	switch s {
	case Seen:
		came = l.seen(severity, at)
	case Anew:
		if l.State == StateUnseen {
			return ""
		}
		came, l.Severity = moved(was.Severity, severity, anew), severity
	case Gone, Quiet:
		if l.State != StateOpen && l.State != StateExcepted {
			return ""
		}
		l.State, l.Resolved, l.Quiet, came = StateResolved, at, time.Time{}, resolved
	case Accepted:
		if l.State != StateOpen {
			return ""
		}
		l.State, came = StateExcepted, excepted
	case Unexcused:
		if l.State != StateExcepted {
			return ""
		}
		l.State, l.Opened, came = StateOpen, at, reopened
	}
	l.Version++
	return came
}

func (l *life) seen(severity model.Severity, at time.Time) string {
	before := l.State
	was := l.Severity
	l.Count++
	l.Severity = severity
	switch before {
	case StateUnseen:
		l.State, l.Opened = StateOpen, at
		return opened
	case StateResolved:
		l.State, l.Opened, l.Resolved = StateOpen, at, time.Time{}
		return reopened
	case StateOpen, StateExcepted:
	}
	return moved(was, severity, again)
}

// moved says that a severity changed, or else what happened.
func moved(was, is model.Severity, otherwise string) string {
	switch {
	case is > was:
		return raised
	case is < was:
		return lowered
	}
	return otherwise
}

// told is the state as channels have it.
func (l *life) told() notify.State {
	if l.State == StateResolved {
		return notify.Resolved
	}
	return notify.Open
}
