// Package channeltest is the suite that every kind of channel passes: what a far end shows after each step of a
// finding's life, what becomes of refusals, limits and silence, that no secret gets out and that no name of a trail or a
// session means anything in the far end's markup.
package channeltest

import (
	"testing"
	"time"

	"cairn.example/internal/notify"
)

// Far is a double of a far end: it checks what it is sent as the real one does (schema, limits, credentials, order),
// fails the test where that is wrong, and shows what a person would see.
type Far struct {
	Settings notify.Settings
	Env      notify.Env
	Secrets  []string         // of the settings: none is ever seen outside of a request
	Shown    func() []Shown   // everything that a person sees now, the oldest first
	Break    func(Fault) bool // how the next request is answered; false: this far end knows no such fault
	Requests func() int       // that reached it
	Silent   bool             // it has no way to say how long it wants to be left alone
}

// Shown is a ticket or a message as the far end shows it.
type Shown struct {
	Text string `json:"text"` // all that a person reads of it, without the far end's markup
	Open bool   `json:"open"` // a ticket that is not closed; true for a message that says so
}

// Fault is how a far end may fail.
type Fault int

// The faults.
const (
	Throttled Fault = iota // 429, wait 7 s
	Down                   // 503
	Refusing               // this message is wrong: 400
	Forbidden              // the credentials are wrong: 401 or 403
	Slow                   // an answer that does not end
	Dead                   // the connection is closed without an answer
)

var faults = []struct {
	fault Fault
	name  string
	wants notify.Failure
}{
	{Throttled, "throttled", notify.Later},
	{Down, "down", notify.Later},
	{Refusing, "refusing", notify.Refused},
	{Forbidden, "forbidden", notify.Closed},
	{Slow, "slow", notify.Later},
	{Dead, "dead", notify.Later},
}

// patience is how long a slow far end is waited for in the suite.
const patience = 300 * time.Millisecond

// Run runs the suite. Start starts a fresh far end for each of its tests.
func Run(t *testing.T, kind notify.Kind, start func(t *testing.T) *Far) {
	t.Helper()
	run := func(name string, test func(*stage, *testing.T)) {
		t.Run(name, func(t *testing.T) { test(newStage(t, kind, start(t)), t) })
	}
	run("life", (*stage).life)
	run("ended before it was told", (*stage).ended)
	run("posture", (*stage).posture)
	run("told again after a crash", (*stage).crash)
	run("ended before it was told, and crashes", (*stage).crashes)
	run("trial", (*stage).trial)
	run("huge", (*stage).huge)
	run("hostile names", (*stage).hostile)
	for _, f := range faults {
		t.Run("far end "+f.name, func(t *testing.T) { newStage(t, kind, start(t)).fault(t, f.fault, f.wants) })
	}
	t.Run("settings", func(t *testing.T) { settings(t, kind) })
}
