package rule

import (
	"fmt"

	"cairn.example/internal/model"
)

// Eval is one rule at work on one account.
type Eval struct {
	*Ground
	rule  InForce
	found []model.Finding
}

// Verdict is a finding that was just made, which may be given notes.
type Verdict struct {
	eval *Eval
	at   int
}

func (v Verdict) finding() *model.Finding { return &v.eval.found[v.at] }

// Note adds a sentence that does not change the verdict.
func (v Verdict) Note(format string, args ...any) { v.add(fmt.Sprintf(format, args...)) }

func (v Verdict) add(note string) {
	f := v.finding()
	f.Notes = append(f.Notes, note)
}

// Option is the value of one of the rule's options.
func (e *Eval) Option(name string) string { return e.rule.options[name] }

// Say is what to tell of each verdict. What takes work to word is a function, and is called when it is told.
// An unknown verdict is worded from its evidence unless Unknown says otherwise.
type Say struct {
	Pass, Fail, Unknown string
	PassBy, FailBy      func() string
}

func (s Say) of(truth model.Truth) string {
	text, by := s.Unknown, func() string { return unknownBecause(truth.Because()) }
	switch truth.Tri {
	case model.Yes:
		text, by = s.Pass, s.PassBy
	case model.No:
		text, by = s.Fail, s.FailBy
	case model.Unknown:
	}
	if text == "" && by != nil {
		text = by()
	}
	return text
}

// Trail judges a trail.
func (e *Eval) Trail(t *model.Trail, truth model.Truth, say Say) Verdict {
	return e.onTrail(t, e.judge(t.Ref(), truth, say))
}

// OnAccount judges the account.
func (e *Eval) OnAccount(truth model.Truth, say Say) Verdict {
	v := e.judge(e.Account.Ref(), truth, say)
	e.noteAccepted(v)
	return v
}

// NotApplicable says why the rule has nothing to judge on a trail.
func (e *Eval) NotApplicable(t *model.Trail, why string, because ...model.Evidence) Verdict {
	return e.onTrail(t, e.add(model.StatusNotApplicable, t.Ref(), why, because))
}

func (e *Eval) onTrail(t *model.Trail, v Verdict) Verdict {
	v.finding().Region, _ = t.Home.Get()
	return v
}

func (e *Eval) judge(ref model.Ref, truth model.Truth, say Say) Verdict {
	return e.add(model.StatusOf(truth.Tri), ref, say.of(truth), truth.Because())
}

func (e *Eval) add(is model.Status, ref model.Ref, message string, because []model.Evidence) Verdict {
	e.found = append(e.found, model.Finding{
		ID: model.FindingID(e.Account.ID, e.rule.ID, ref), Rule: e.rule.ID, Title: e.rule.Title,
		Status: is, Severity: e.rule.severity, Label: e.rule.severity.Label(),
		Account: e.Account.ID, Resource: ref, Message: message, Evidence: because,
	})
	return Verdict{e, len(e.found) - 1}
}
