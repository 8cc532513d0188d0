package awsfake

import (
	"net/http"
	"strconv"
	"time"
)

// Fault changes the answers to chosen calls.
type Fault struct {
	Match  Call // empty members match anything
	First  int  // how many matching requests it meets; 0 is all of them
	Action Action
}

// Action is what a Fault does to an answer. Make one with the functions below.
type Action struct {
	name string
	edit func(*answer)
}

// String names the action, for the names of tests.
func (a Action) String() string { return a.name }

// planned is a fault with what is left of its count.
type planned struct {
	Fault
	left int
}

// Inject adds a fault. Several may meet one request, in the order in which they
// were added; the last one that sets an error decides it.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &planned{Fault: f, left: f.First})
}

// meddle lets the faults that match edit the answer.
func (s *Server) meddle(a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Action.edit == nil || f.First > 0 && f.left == 0 || !a.q.matches(f.Match) {
			continue
		}
		f.left--
		f.Action.edit(a)
	}
}

// Deny refuses in the service's own words, as for a missing permission.
func Deny() Action {
	return Action{"deny", func(a *answer) { a.refuse(dialectOf(a.q.Service).denied) }}
}

// DenySCP refuses as an explicit deny in a service control policy does.
func DenySCP() Action {
	return Action{"deny by SCP", func(a *answer) {
		f := dialectOf(a.q.Service).denied
		f.message = notAuthorized(a.caller, a.q.Call, "with an explicit deny in a service control policy")
		a.refuse(f)
	}}
}

// Throttle answers that too many requests were made.
func Throttle() Action {
	return Action{"throttle", func(a *answer) { a.refuse(dialectOf(a.q.Service).throttled) }}
}

// Expired answers that the credentials have expired.
func Expired() Action {
	return Action{"expired", func(a *answer) { a.refuse(dialectOf(a.q.Service).expired) }}
}

// UnrecognizedClient answers that the credentials are not known in this Region.
func UnrecognizedClient() Action {
	return Action{"unrecognized client", func(a *answer) { a.refuse(dialectOf(a.q.Service).unrecognized) }}
}

// Error answers with any code and message.
func Error(code, message string) Action {
	return Action{code, func(a *answer) { a.refuse(failure{code: code, message: message}) }}
}

func (a *answer) refuse(f failure) { a.body, a.fail = nil, &f }

// Delay waits before answering, or until the client gives up.
func Delay(d time.Duration) Action {
	return Action{"delay " + d.String(), func(a *answer) { a.wait += d }}
}

// Drop closes the connection instead of answering.
func Drop() Action {
	return Action{"drop", func(a *answer) { a.drop = true }}
}

// Truncate announces the whole length and sends half of it.
func Truncate() Action {
	return Action{"truncate", func(a *answer) { a.truncate = true }}
}

// Status answers with a bare HTTP status and a page that is no AWS error, as load
// balancers do.
func Status(code int) Action {
	return Action{"status " + strconv.Itoa(code), func(a *answer) {
		a.instead(code, "text/html", "<html><body>"+http.StatusText(code)+"</body></html>")
	}}
}

// Empty answers 200 without a body.
func Empty() Action {
	return Action{"empty", func(a *answer) { a.instead(http.StatusOK, "", "") }}
}

// EmptyObject answers 200 with an object, or an XML envelope, that has no members.
func EmptyObject() Action {
	return Action{"empty object", func(a *answer) { a.body, a.fail = map[string]any{}, nil }}
}

// Null answers 200 with the JSON text null, which is no document at all in XML.
func Null() Action {
	return Action{"null", func(a *answer) { a.instead(http.StatusOK, "application/json", "null") }}
}

// NullLists makes null of every list and object among the answer's own members;
// in XML they are absent.
func NullLists() Action {
	return Action{"null lists", func(a *answer) {
		for name, v := range a.body {
			switch v.(type) {
			case []any, map[string]any:
				a.body = with(a.body, name, nil)
			}
		}
	}}
}

// Page cuts lists into pages of n items where the API has pages; elsewhere it
// does nothing.
func Page(n int) Action {
	return Action{"page " + strconv.Itoa(n), func(a *answer) { a.page = n }}
}
