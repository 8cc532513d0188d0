// Package notify brings findings to people: what a message says ([Compose]), which channel it goes to ([Route]), and
// what a channel is ([Channel], [Kind]). Each kind of channel is a package below this one, and internal/channeltest is
// the suite that all of them pass.
//
// Nothing here remembers anything. What a channel is owed, what it shows and when it is tried again stand in the store,
// so a channel makes one attempt and says what became of it.
package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cairn.example/internal/model"
)

// State is where the life of a finding stands, as a channel shows it.
type State string

// The states that are told.
const (
	Open     State = "open"
	Resolved State = "resolved"
)

// Notice is a finding as it stands: what a channel should show, whatever it shows now.
type Notice struct {
	Finding  model.Finding  `json:"finding"`
	Began    *model.Finding `json:"began,omitempty"` // as it stood after the event that cost most since it opened, where a later one is the last
	State    State          `json:"state"`
	Version  int64          `json:"version"` // it grows with each change; a lower one is older
	Count    int            `json:"count"`   // how often it was seen
	Opened   time.Time      `json:"opened"`  // the last time that it did
	Changed  time.Time      `json:"changed"`
	Resolved time.Time      `json:"resolved,omitzero"` // zero while it is open
	Before   State          `json:"before,omitempty"`  // what the channel was told last; "" for nothing
	Was      model.Severity `json:"was,omitempty"`     // and with which severity; 0 for nothing
	Test     bool           `json:"test,omitempty"`    // somebody tries the channel
}

// Channel is one destination. Calls of one key never overlap, but those of different keys may.
type Channel interface {
	// Show makes the far end show the message, whatever it shows now: it opens, updates or closes a ticket, or sends
	// one more message where nothing can be taken back. ref is what an earlier Show of the same key returned, "" where
	// none did: the far end's name of what it shows. The ref that comes back is kept even beside an error. Any error is an
	// [*Error]. Show makes one attempt and ends with the context. What takes several steps, of which a crash must not
	// repeat one, is one step a call: [Step] asks for the next.
	Show(ctx context.Context, m Message, ref string) (string, error)
}

// Kind is a kind of channel: what may be set, what the far end can do, and how one is made.
type Kind struct {
	Name     string // as cairn.yaml spells it: pagerduty
	Title    string // as its maker spells it: PagerDuty
	Settings []Setting
	Keyed    bool  // the far end knows a finding by a key, so that a repeat is harmless; else one message is sent at a time
	Edits    bool  // what is shown can be changed without disturbing anybody
	AWS      bool  // it is called with AWS credentials
	Limit    Limit // how much the far end takes
	New      func(Settings, Env) (Channel, error)
}

// Limit is a bound on messages: Burst at once, then one each Every. The zero value is no bound.
type Limit struct {
	Every time.Duration
	Burst int
}

// Setting is something that cairn.yaml may or must say of a channel.
type Setting struct {
	Name     string
	Help     string
	Secret   bool // written as {env: NAME}, {file: PATH} or {awsSecret: NAME}, never in clear
	Required bool
	List     bool
	Default  string
	Values   []string           // the only ones; nil is any
	Check    func(string) error // of one value; nil is any
}

// Settings are values by the names of settings, defaults filled in and secrets resolved.
type Settings map[string][]string

// Get is the value of a setting that is no list, "" where it is not set.
func (s Settings) Get(name string) string { return strings.Join(s[name], ",") }

// All are the values of a list.
func (s Settings) All(name string) []string { return s[name] }

// On tells whether a switch is set.
func (s Settings) On(name string) bool { return s.Get(name) == "true" }

// Env is what a channel needs from outside.
type Env struct {
	HTTP *http.Client     // with bounds on connecting and on each answer
	AWS  aws.Config       // for channels of AWS
	Now  func() time.Time // wanted
}

// Kinds are kinds of channels.
type Kinds []Kind

// Find is the kind of that name.
func (k Kinds) Find(name string) (Kind, bool) {
	i := slices.IndexFunc(k, func(one Kind) bool { return one.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return k[i], true
}

// Names are the kinds' names.
func (k Kinds) Names() []string {
	var out []string
	for _, one := range k {
		out = append(out, one.Name)
	}
	return out
}

// Failure is what may be done about a message that was not taken.
type Failure string

// The failures. What is not known to last is tried again.
const (
	Later   Failure = "later"   // it may pass by itself
	Refused Failure = "refused" // this message will never be taken as it is
	Closed  Failure = "closed"  // the channel takes nothing until somebody changes something
	More    Failure = "more"    // none yet: a step was taken, see [Step]
)

// Error is why a message was not taken.
type Error struct {
	Failure Failure
	After   time.Duration // how long the far end wants to be left alone; 0 where it does not say
	Unsure  bool          // the message may have arrived
	Some    bool          // some recipients have it, and what failed is about the others alone; if Refused, it counts as shown
	Err     error         // what was tried and what came back, without any secret
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives what came back.
func (e *Error) Unwrap() error { return e.Err }

// FailureOf is an error as an [*Error]: one that a channel did not judge may pass by itself.
func FailureOf(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Failure: Later, Unsure: true, Err: err}
}

// Refuse is an error of a message that will never be taken.
func Refuse(format string, args ...any) error {
	return &Error{Failure: Refused, Err: fmt.Errorf(format, args...)}
}

// Step says that a step of a message was taken, which the ref beside it stands for, and that the next is to follow at
// once. The ref is kept in between, so that a crash repeats one step and no more.
func Step() error {
	return &Error{Failure: More, Err: errors.New("a step of the message was taken, and the next was not")}
}

// Digest is what a ref holds in place of an address or a text: it is short, and says nothing to those who read what is
// stored.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// Show makes a channel take every step of a message. keep keeps each ref before the next step.
func Show(ctx context.Context, c Channel, m Message, ref string, keep func(ref string) error) (string, error) {
	for {
		next, err := c.Show(ctx, m, ref)
		if err == nil || FailureOf(err).Failure != More {
			return next, err
		}
		if err := keep(next); err != nil {
			return next, &Error{Failure: Later, Unsure: true, Err: fmt.Errorf("keep how far the message came: %w", err)}
		}
		ref = next
	}
}
