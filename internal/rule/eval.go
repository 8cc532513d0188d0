package rule

import (
	"fmt"

	"cairn.example/internal/model"
)

// Eval is one rule at work on one account.
type Eval struct {
	*Ground
	rule     *Rule
	options  map[string]string
	severity model.Severity
	verdicts []*Verdict
}

// Verdict is a finding in the making.
type Verdict struct {
	Status   model.Status
	Resource model.Ref
	Region   string
	Message  string
	Notes    []string
	Evidence []model.Evidence
}

// Note adds a sentence that does not change the verdict.
func (v *Verdict) Note(format string, args ...any) {
	v.Notes = append(v.Notes, fmt.Sprintf(format, args...))
}

// Option is the value of one of the rule's options.
func (e *Eval) Option(name string) string { return e.options[name] }

// Say is what to tell of each verdict. What takes work to word is a function, and is called when it is told.
// An unknown verdict is worded from its evidence unless Unknown says otherwise.
type Say struct {
	Pass, Fail, Unknown string
	PassBy, FailBy      func() string
}

func (s Say) of(truth model.Truth) string {
	text, by := s.Unknown, func() string { return unknownBecause(truth.Because) }
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
func (e *Eval) Trail(t *model.Trail, truth model.Truth, say Say) *Verdict {
	v := e.judge(t.Ref(), truth, say)
	v.Region, _ = t.Home.Get()
	return v
}

// OnAccount judges the account.
func (e *Eval) OnAccount(truth model.Truth, say Say) *Verdict {
	v := e.judge(e.Account.Ref(), truth, say)
	e.noteAccepted(v)
	return v
}

// NotApplicable says why the rule has nothing to judge on a trail.
func (e *Eval) NotApplicable(t *model.Trail, why string, because ...model.Evidence) *Verdict {
	v := e.add(&Verdict{Status: model.StatusNotApplicable, Resource: t.Ref(), Message: why, Evidence: because})
	v.Region, _ = t.Home.Get()
	return v
}

func (e *Eval) judge(ref model.Ref, truth model.Truth, say Say) *Verdict {
	return e.add(&Verdict{Status: model.StatusOf(truth.Tri), Resource: ref, Evidence: truth.Because, Message: say.of(truth)})
}

func (e *Eval) add(v *Verdict) *Verdict {
	e.verdicts = append(e.verdicts, v)
	return v
}

// report adds the verdicts as findings.
func (e *Eval) report(found []model.Finding) []model.Finding {
	for i := range e.verdicts {
		v := e.verdicts[i]
		found = append(found, model.Finding{
			ID: model.FindingID(e.Account.ID, e.rule.ID, v.Resource), Rule: e.rule.ID, Title: e.rule.Title,
			Status: v.Status, Severity: e.severity, Label: e.severity.Label(),
			Account: e.Account.ID, Region: v.Region, Resource: v.Resource,
			Message: v.Message, Notes: v.Notes, Evidence: v.Evidence,
		})
	}
	return found
}
