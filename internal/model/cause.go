package model

import (
	"strings"
	"time"
)

// Outcome is what became of a call.
type Outcome string

// The outcomes of a call.
const (
	OutcomeSuccess Outcome = "success"
	OutcomeDenied  Outcome = "denied" // the caller was not allowed to
	OutcomeFailed  Outcome = "failed" // any other error
)

// RealTime is what a finding has besides when events made it.
type RealTime struct {
	Kind     string   `json:"kind"`             // real-time
	Declared Severity `json:"declared"`         // what the catalogue says; the finding's own severity is worked out
	Reason   string   `json:"reason"`           // why the severity is what it is, by the worst event; "" where its kind is all that decides
	Means    string   `json:"means"`            // what such an event means, where the detection says
	Count    int      `json:"count"`            // events so far
	Author   string   `json:"author,omitempty"` // of a user's rule
	// Revises is the eventID of Cause, where the finding takes the place of what was told of that event before. With the
	// status pass it takes it back: an event that was read later shows that the detection is not met.
	Revises string `json:"revises,omitempty"`
	Cause   *Cause `json:"cause"` // the event told last
}

// Cause is the event behind a finding and what it came to.
type Cause struct {
	EventID     string    `json:"eventID"`
	EventTime   time.Time `json:"eventTime"`
	EventSource string    `json:"eventSource"`
	EventName   string    `json:"eventName"`
	Account     string    `json:"account"` // the record's recipientAccountId
	Region      string    `json:"region"`
	Outcome     Outcome   `json:"outcome"`
	ErrorCode   string    `json:"errorCode"`
	Severity    Severity  `json:"severity"` // of this event alone
	Reason      string    `json:"reason"`   // why that is so; "" where the kind of event is all that decides
	Actor       Actor     `json:"actor"`
	SourceIP    string    `json:"sourceIP"`
	UserAgent   string    `json:"userAgent"`
	Origin      string    `json:"origin"`     // console, CLI, SDK, AWS service, unknown
	OriginFrom  string    `json:"originFrom"` // the field of the record that says so
	Changes     []Edit    `json:"changes"`
	Lost        []Loss    `json:"lost"`
	Regained    []Loss    `json:"regained"`
	Verdicts    []Flip    `json:"verdicts"`
	Unknown     []string  `json:"unknown"` // what the event cannot tell, and why
}

// Actor is who made a call.
type Actor struct {
	Type        string `json:"type"` // userIdentity.type
	ARN         string `json:"arn"`
	AccessKeyID string `json:"accessKeyId"`
	Session     string `json:"session"` // the session's name
	Issuer      string `json:"issuer"`  // the ARN that issued the session
	Account     string `json:"account"`
}

// Edit is one attribute of a trail that an event changed. A null value is an unknown one.
type Edit struct {
	Resource  string `json:"resource"`  // ARN
	Attribute string `json:"attribute"` // as the API names it
	Before    any    `json:"before"`
	After     any    `json:"after"`
}

// Loss is something that is no longer recorded, or is again. Without a Resource no trail records it, which was decided
// over all trails of the account (event data stores are not counted); with one it is what that trail alone recorded,
// and whether another keeps the same is not known.
type Loss struct {
	Accounts []string   `json:"accounts"`
	Resource string     `json:"resource,omitempty"` // a trail's ARN
	What     string     `json:"what"`               // every management event in 17 Regions
	Witness  string     `json:"witness,omitempty"`  // an event of it: ec2 RunInstances in us-east-1
	AtLeast  bool       `json:"atLeast,omitempty"`  // it may not have been recorded before Since either
	By       string     `json:"by,omitempty"`       // eventID of what lost it; "" when no event told
	Since    time.Time  `json:"since"`
	Until    *time.Time `json:"until,omitempty"`   // when it was recorded again
	AtMost   bool       `json:"atMost,omitempty"`  // it may have been recorded again before Until, when that was seen
	Rest     string     `json:"rest,omitempty"`    // what of the same loss is still not recorded, where Until is set
	Seconds  int64      `json:"seconds,omitempty"` // how long it was not, where Until is set
}

// String says what is lost, since when and how long, in a sentence.
func (l Loss) String() string {
	out := l.What
	if n := len(l.Accounts); n > 1 {
		out += " in " + Count(n, "account", "accounts")
	}
	if l.Witness != "" {
		out += ", for example " + l.Witness
	}
	return out + l.extent() + "."
}

// extent is how long a loss goes on, and who else may record it.
func (l Loss) extent() string {
	from := "from " + Moment(l.Since) + " on"
	if l.Until == nil {
		switch {
		case l.Resource != "":
			return ", " + from + ", unless another trail records it"
		case l.AtLeast:
			return ", " + from + "; no trail records it, and whether one did before is not known"
		}
		return ", " + from + "; no trail records it"
	}
	span := Span(time.Duration(l.Seconds) * time.Second)
	switch {
	case l.AtMost:
		span = "at most " + span
	case l.AtLeast:
		span += " at least"
	}
	out := "; not recorded " + from + ", for " + span
	if l.Resource != "" {
		out += ", unless another trail recorded it"
	}
	if l.Rest != "" {
		out += "; still not recorded: " + l.Rest
	}
	return out
}

// Flip is a verdict that an event changed.
type Flip struct {
	Finding  string   `json:"finding"`
	Account  string   `json:"account"`
	Rule     string   `json:"rule"`
	Resource Ref      `json:"resource"`
	From     Status   `json:"from"` // "" for a resource that was not there
	To       Status   `json:"to"`   // "" for one that is no longer there
	Severity Severity `json:"severity"`
}

// Judged says what rules find: "CT-001 fails", "CT-001, CT-101 fail".
func Judged(rules []string, is Status) string {
	words := map[Status][2]string{
		StatusPass: {"passes", "pass"}, StatusFail: {"fails", "fail"}, StatusUnknown: {"is unknown", "are unknown"},
		StatusNotApplicable: {"does not apply", "do not apply"},
	}[is]
	word := words[1]
	if len(rules) == 1 {
		word = words[0]
	}
	return strings.Join(rules, ", ") + " " + word
}
