package notify

// Change is what is new of a finding to those who were told of it before.
type Change string

// The changes. All but the first of them people must see.
const (
	Same     Change = ""         // as before: seen once more, or with other details
	First    Change = "first"    // nobody was told yet
	Raised   Change = "raised"   // it is worse than they know
	Ended    Change = "ended"    // it is resolved
	Reopened Change = "reopened" // it was resolved and is not any more
)

// Change is what a channel has to tell.
func (n Notice) Change() Change {
	switch {
	case n.Test, n.Before == "":
		return First
	case n.Before != n.State && n.State == Resolved:
		return Ended
	case n.Before != n.State:
		return Reopened
	case n.State == Open && n.Was > 0 && n.Finding.Severity > n.Was:
		return Raised
	}
	return Same
}
