package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Problem is something that cannot be read, or was not acknowledged, for now. It is told when it begins, when its
// reason changes, and when it is over.
type Problem struct {
	Name                   string // what it is about: a path, "LookupEvents 111122223333 eu-west-1"
	Account, Region        string // of a call; Region is "" where it concerns the whole account
	Call, Code, Permission string // of a call: the operation, AWS's error code, the IAM action that it needs
	Err                    error  // nil when it is over
}

// String is the problem as one line.
func (p Problem) String() string {
	if p.Err == nil {
		return p.Name + ": works again"
	}
	subject, text := p.Name, p.Err.Error()
	if strings.HasPrefix(text, p.Call+" ") {
		subject = strings.TrimPrefix(subject, p.Call+" ")
	}
	if p.Account != "" {
		subject = "account " + p.Account
	}
	if !strings.Contains(text, subject) {
		text = subject + ": " + text
	}
	if p.Permission != "" {
		text += " (needs " + p.Permission + ")"
	}
	return text
}

// IncompleteError is the error of a run that came to its end, but for some things that it could not do.
type IncompleteError struct {
	Problems []Problem // the first of them, by name
	Count    int       // of all
}

// maxProblems bounds the error: every Region of a few accounts. Each problem was told by itself when it began.
const maxProblems = 100

// Error names the first problems.
func (e *IncompleteError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	if more := e.Count - len(e.Problems); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return "not everything was read: " + strings.Join(lines, "; ")
}

// Unwrap gives the problems' own errors.
func (e *IncompleteError) Unwrap() []error {
	errs := make([]error, 0, len(e.Problems))
	for _, p := range e.Problems {
		errs = append(errs, p.Err)
	}
	return errs
}

// problems are those of one run that are not over.
type problems struct {
	tell func(Problem) // may be nil; called by one goroutine at a time

	mu  sync.Mutex
	now map[string]Problem // by name
}

func newProblems(tell func(Problem)) *problems {
	return &problems{tell: tell, now: map[string]Problem{}}
}

// set tells that a thing has a problem, or none if its Err is nil; what is known already is not told again. AWS's
// code stands for its reason: the words may hold a request's id.
func (p *problems) set(one Problem) {
	reason := func(p Problem) string { return cmp.Or(p.Code, fmt.Sprint(p.Err)) }
	p.mu.Lock()
	defer p.mu.Unlock()
	was, known := p.now[one.Name]
	if known == (one.Err != nil) && (!known || reason(was) == reason(one)) {
		return
	}
	delete(p.now, one.Name)
	if one.Err != nil {
		p.now[one.Name] = one
	}
	if p.tell != nil {
		p.tell(one)
	}
}

// err is the run's error at its end.
func (p *problems) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.now) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(p.now))
	e := &IncompleteError{Count: len(names)}
	for _, name := range names[:min(len(names), maxProblems)] {
		e.Problems = append(e.Problems, p.now[name])
	}
	return e
}
