package rule

import (
	"strings"
	"sync"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// Worlds are those of the accounts that are judged together: accounts with the same Regions share one, and in
// it trails of the same settings share their answers. Safe for concurrent use.
type Worlds struct {
	mu sync.Mutex
	by map[string]*world
}

// world is where events happen, with what was worked out about it.
type world struct {
	coverage.World
	mu      sync.Mutex
	goals   map[string]coverage.Goal
	answers map[question]coverage.Answer
	words   map[*coverage.Box]string

	witnesses map[*coverage.Event]model.Evidence
}

// question is a coverage question about one trail: equal ones have one answer, whosever the trail is.
type question struct {
	selectors, home, scope             string
	unknown                            bool // what it selects
	logging, multiRegion, global, sees model.Tri
}

// of is the account's world.
func (w *Worlds) of(a *model.Account) *world {
	one := a.World()
	var room [1024]byte // most names are shorter, and need no allocation
	name := append(append(room[:0], one.Partition...), '|')
	for _, r := range one.Regions {
		name = append(append(name, r...), ' ')
	}
	for _, r := range one.Maybe {
		name = append(append(name, '|'), r...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[string]*world{}
	}
	shared, ok := w.by[string(name)]
	if !ok {
		shared = &world{
			World: one, goals: map[string]coverage.Goal{}, answers: map[question]coverage.Answer{},
			words: map[*coverage.Box]string{}, witnesses: map[*coverage.Event]model.Evidence{},
		}
		w.by[string(name)] = shared
	}
	return shared
}

// goal is every management event in scope.
func (w *world) goal(scope coverage.Scope) coverage.Goal {
	name := nameOf(scope)
	w.mu.Lock()
	defer w.mu.Unlock()
	goal, ok := w.goals[name]
	if !ok {
		goal = w.Management(scope)
		w.goals[name] = goal
	}
	return goal
}

func nameOf(scope coverage.Scope) string {
	if scope.ReadOnly == model.Unknown && len(scope.Without) == 0 {
		return ""
	}
	return scope.ReadOnly.String() + " " + strings.Join(scope.Without, " ")
}

// decide answers for one trail. What is in doubt names the trail, so only certain answers are shared.
func (w *world) decide(scope coverage.Scope, r coverage.Recorder) coverage.Answer {
	q := question{
		home: r.Home, scope: nameOf(scope), unknown: r.Selectors == nil, logging: r.Logging, multiRegion: r.MultiRegion, global: r.Global, sees: r.Sees,
	}
	if r.Selectors != nil {
		q.selectors = r.Selectors.Choice()
	}
	w.mu.Lock()
	answer, ok := w.answers[q]
	w.mu.Unlock()
	if ok {
		return answer
	}
	answer = w.Decide(w.goal(scope), []coverage.Recorder{r})
	if answer.Verdict != model.Unknown {
		w.mu.Lock()
		w.answers[q] = answer
		w.mu.Unlock()
	}
	return answer
}

// missing is what an answer found not to be recorded, to stand behind "no trail records" and "does not record": KMS
// events; any management event.
func (w *world) missing(answer coverage.Answer) string {
	if len(answer.Missing) == 0 || answer.Witness == nil {
		return "some management events"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	said, ok := w.words[&answer.Missing[0]]
	if !ok {
		said = w.Describe(answer.Missing)
		if rest, every := strings.CutPrefix(said, "every "); every {
			said = "any " + rest
		}
		w.words[&answer.Missing[0]] = said
	}
	return said
}

// witness is the event that is lost, as evidence.
func (w *world) witness(e *coverage.Event) model.Evidence {
	w.mu.Lock()
	defer w.mu.Unlock()
	ev, ok := w.witnesses[e]
	if !ok {
		ev = model.Evidence{Fact: "witness", Value: e.String()}
		w.witnesses[e] = ev
	}
	return ev
}
