package model

import "cmp"

// Value is a fact that is known or not; its zero value is unknown, so that a field which nobody
// filled can never pass for an answer. There is no way to the value but through [Value.Get].
type Value[T any] struct {
	v     T
	known bool
	from  Origin
}

// Known is a fact that was read.
func Known[T any](v T, from Origin) Value[T] {
	from.Why = ""
	return Value[T]{v: v, known: true, from: from}
}

// Unread is a fact that could not be read; from.Why says why.
func Unread[T any](from Origin) Value[T] { return Value[T]{from: from} }

// Get returns the fact and whether it is known.
func (v Value[T]) Get() (T, bool) { return v.v, v.known }

// Known tells whether the fact is known.
func (v Value[T]) Known() bool { return v.known }

// Origin tells where the fact was read, or why it is unknown.
func (v Value[T]) Origin() Origin {
	if !v.known && v.from.Why == "" {
		v.from.Why = notAsked
	}
	return v.from
}

// Origin is where a fact comes from: an API call in a Region.
type Origin struct {
	Call   string `json:"call,omitempty"`   // the API operation, e.g. GetTrailStatus
	Region string `json:"region,omitempty"` // where it was called
	// Account is set when another account told it: an organization's trail is read by its owner.
	Account string `json:"account,omitempty"`
	Why     string `json:"why,omitempty"` // only when the fact is unknown: the error code or a sentence
}

// String is the origin for people: "GetTrailStatus eu-west-1".
func (o Origin) String() string {
	if o.Region == "" {
		return o.Call
	}
	return o.Call + " " + o.Region
}

// Reason says in a clause why a fact of this origin is unknown.
func (o Origin) Reason() string {
	why := cmp.Or(o.Why, notAsked)
	switch {
	case o.Call == "":
		return why
	case o.Region == "":
		return o.Call + ": " + why
	}
	return o.Call + " in " + o.Region + ": " + why
}

const notAsked = "was not read"

// Unasked tells of an unknown fact that no call failed to tell: nobody asked for it.
func (o Origin) Unasked() bool { return o.Call == "" && cmp.Or(o.Why, notAsked) == notAsked }

// List is what was found, with what could not be read while looking.
type List[T any] struct {
	Items []T   `json:"items"`
	Gaps  []Gap `json:"gaps"`
}

// Whole tells that nothing was refused while the list was read.
func (l List[T]) Whole() bool { return len(l.Gaps) == 0 }
