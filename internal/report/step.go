package report

import (
	"strings"
	"time"

	"cairn.example/internal/model"
)

// Step is what became of a finding, where no event of its own says it: an audit found it, or it is over.
type Step struct {
	At      time.Time     `json:"at"`
	Step    string        `json:"step"`  // opened, severity raised, resolved, reopened, ...
	State   string        `json:"state"` // open, resolved, excepted
	Finding model.Finding `json:"finding"`
}

// Step writes a line as JSON.
func (w *watchLines) Step(s Step) error {
	return w.line(struct {
		Type string `json:"type"`
		Step
	}{"step", s})
}

// wordResolved and wordExcepted stand where a severity does, of what is over and of what nobody is told.
const (
	wordResolved = "RESOLVED"
	wordExcepted = "EXCEPTED"
)

// Step writes what an audit found as a finding of an audit is written, and of what is over one sentence.
func (w *timeline) Step(s Step) error {
	f := s.Finding
	if w.wrote {
		w.blank()
	}
	w.wrote = true
	word := strings.ToUpper(f.Severity.String())
	switch {
	case s.State == "resolved":
		word = wordResolved
	case s.State == "excepted":
		word = wordExcepted
	case f.Status == model.StatusUnknown:
		word = wordUnknown
	}
	head := f.Title
	if f.Resource.Kind != model.AccountKind {
		head += ": " + shortRef(f.Resource)
	}
	if s.Step != "opened" && s.Step != strings.ToLower(word) {
		head += " (" + s.Step + ")"
	}
	w.entry(s.At, word, f.Rule, head)
	if f.Account != "" {
		where := "account " + f.Account
		if f.Region != "" {
			where += ", " + f.Region
		}
		w.say("where", where)
	}
	w.say("what", f.Message)
	if s.State == "open" {
		w.each("note", f.Notes)
		w.commands(f)
	}
	return w.flush()
}

// shortRef is a resource as people call it.
func shortRef(r model.Ref) string {
	if name := model.ARNName(r.ID); r.Kind == model.TrailKind && name != "" {
		return name
	}
	return r.ID
}
