// Package remediate turns the state that a rule wants into a plan, and a plan into text that people run.
//
// A rule edits a copy of the account; [Fix] settles what AWS implies, compares once and gives a [Plan] of API calls
// with its undo. [Render] writes a plan in one of the [Forms]. The patch forms (CLI, console) name only what changes.
// The full-state forms (Terraform, CloudFormation) hold the whole trail, since what they leave out goes back to their
// default, and so need every attribute to be known. One table of attributes says how each is spelled where.
package remediate

import (
	"encoding/json"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// Plan is how to get from an account as it is to what a rule wants.
type Plan struct {
	Rule    *rule.Rule
	At      model.Ref         // what the finding is about
	Account string            // whose credentials it needs
	Changes []Change          // each attribute that changes
	Steps   []Step            // in order
	Undo    []Step            // in order; empty when NoUndo says why
	Asks    []Ask             // what a person must fill in
	Costs   []string          // what AWS charges for it
	Notes   []string          // for whoever applies it
	Refused []string          // why there is no plan at all; the rest is then empty
	NoUndo  []string          // why it cannot be undone in full
	NoForm  map[Form][]string // why a form cannot say it

	trails []delta
	back   bool // it takes another plan back
}

// delta is one trail before and after.
type delta struct {
	was  *model.Trail // nil: it is created
	want *model.Trail
	attr []model.Attribute // those that change
}

// Change is one attribute of one trail. A nil value in From or To is an unknown one.
type Change struct {
	Trail    string // ARN
	From, To model.Evidence
}

// Ask is something only a person can decide. Its value stands in steps as [rule.Placeholder].
type Ask struct {
	rule.Param
	Default string // the present value, where the plan is an example
}

// Step is one API call.
type Step struct {
	Service string // as the AWS CLI spells it: cloudtrail
	Op      string // UpdateTrail
	Account string
	Region  string // the trail's home: no other Region accepts it
	Input   []Member
}

// Member is one member of a call's input, as the API spells it.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Request is the body of the call. Asked values still stand in it as placeholders.
func (s Step) Request() (json.RawMessage, error) {
	doc := make(object, 0, len(s.Input))
	for _, m := range s.Input {
		doc = append(doc, entry{m.Name, m.Value})
	}
	return json.Marshal(doc)
}
