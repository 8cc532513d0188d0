package rule

import (
	"fmt"
	"time"

	"cairn.example/internal/coverage"
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

// Ground is what all rules of one account share: its world, and answers that are worked out once.
type Ground struct {
	Account   *model.Account
	World     coverage.World
	At        time.Time // when the account was read
	recorders []coverage.Recorder
	decided   map[question]coverage.Answer
	union     *coverage.Answer
}

// question is a coverage question about one trail; only equal questions share an answer.
type question struct {
	arn   string
	scope string
	alone bool // the trail as it is; else what its selectors would keep if it were on everywhere
}

// NewGround prepares an account for judgement.
func NewGround(a *model.Account, at time.Time) *Ground {
	return &Ground{Account: a, World: a.World(), At: at, decided: map[question]coverage.Answer{}}
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

// Say is what to tell of each verdict. An empty Unknown is written from the evidence.
type Say struct{ Pass, Fail, Unknown string }

// Trail judges a trail.
func (e *Eval) Trail(t *model.Trail, truth model.Truth, say Say) *Verdict {
	v := e.judge(t.Ref(), truth, say)
	v.Region, _ = t.Home.Get()
	return v
}

// OnAccount judges the account.
func (e *Eval) OnAccount(truth model.Truth, say Say) *Verdict {
	return e.judge(e.Account.Ref(), truth, say)
}

// NotApplicable says why the rule has nothing to judge on a trail.
func (e *Eval) NotApplicable(t *model.Trail, why string, because ...model.Evidence) *Verdict {
	v := e.add(&Verdict{Status: model.StatusNotApplicable, Resource: t.Ref(), Message: why, Evidence: because})
	v.Region, _ = t.Home.Get()
	return v
}

func (e *Eval) judge(ref model.Ref, truth model.Truth, say Say) *Verdict {
	v := &Verdict{Status: model.StatusOf(truth.Tri), Resource: ref, Evidence: truth.Because}
	switch truth.Tri {
	case model.Yes:
		v.Message = say.Pass
	case model.No:
		v.Message = say.Fail
	case model.Unknown:
		v.Message = say.Unknown
		if v.Message == "" {
			v.Message = unknownBecause(truth.Because)
		}
	}
	return e.add(v)
}

func (e *Eval) add(v *Verdict) *Verdict {
	e.verdicts = append(e.verdicts, v)
	return v
}

// Finish turns the verdicts into findings.
func (e *Eval) findings() []model.Finding {
	out := make([]model.Finding, len(e.verdicts))
	for i, v := range e.verdicts {
		out[i] = model.Finding{
			ID: model.FindingID(e.Account.ID, e.rule.ID, v.Resource), Rule: e.rule.ID, Title: e.rule.Title,
			Status: v.Status, Severity: e.severity, Label: e.severity.Label(),
			Account: e.Account.ID, Region: v.Region, Resource: v.Resource,
			Message: v.Message, Notes: v.Notes, Evidence: v.Evidence,
		}
	}
	return out
}
