// Package rule is what a rule is, and the loop that judges a snapshot by rules.
//
// A rule is data, a struct literal that says everything a driver, a page or a test may ask about it,
// and one function that judges an account. It reads nothing but the account it is given.
package rule

import (
	"io/fs"

	"cairn.example/internal/model"
)

// Kind tells what a rule judges.
type Kind string

// Posture rules judge state, real-time ones events.
const (
	Posture  Kind = "posture"
	RealTime Kind = "real-time"
)

// Category is a pillar of the AWS Well-Architected Framework.
type Category string

// The pillars, as the original pages name them.
const (
	Security              Category = "security"
	Reliability           Category = "reliability"
	Sustainability        Category = "sustainability"
	OperationalExcellence Category = "operational-excellence"
)

// Meta is a rule's index card.
type Meta struct {
	ID         string         // CT-001; never reused
	Title      string         // as the original page has it
	Aliases    []string       // what others call the same check, e.g. Security Hub's CloudTrail.1
	Kind       Kind           // posture or real-time
	Severity   model.Severity // of a failure
	Categories []Category
	External   []string // ids elsewhere, e.g. CCE-78913-1
	Published  string   // YYYY-MM-DD: the original page's date, or ours
	Updated    string   // YYYY-MM-DD: when what it promises last changed
	Files      fs.FS    // page.md and cases/*.txtar
}

// Trigger is an AWS API operation that may change a rule's verdict.
type Trigger struct {
	Source string   // eventSource
	Names  []string // eventName
}

// Option is a choice in what a rule promises. The first value is the default.
type Option struct {
	Name    string
	Values  []string
	Help    string
	Presets map[string]string // preset -> the value it takes
}

// Rule judges accounts by one promise, its title.
type Rule struct {
	Meta
	Needs    []*model.FactKind // what the judgement rests on, beyond identity, Regions and trails
	Triggers []Trigger
	Options  []Option
	Check    func(*Eval, *model.Account)
	Fix      func(*Fix)            // nil: only a person can, and the page says why
	Example  func() []*model.Trail // the failing case of the page, which shows its fix; nil: no trail at all
}

// Default and Conformity are the presets: what a rule's title promises, and the letter of the original page.
const (
	Default    = "default"
	Conformity = "conformity"
)

// Presets lists every preset.
var Presets = []string{Default, Conformity}

// Settings are a rule's options in force: preset and then what was set.
func (r *Rule) Settings(preset string, set map[string]string) map[string]string {
	out := make(map[string]string, len(r.Options))
	for _, o := range r.Options {
		out[o.Name] = o.Values[0]
		if v, ok := o.Presets[preset]; ok {
			out[o.Name] = v
		}
		if v, ok := set[o.Name]; ok {
			out[o.Name] = v
		}
	}
	return out
}
