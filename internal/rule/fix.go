package rule

import (
	"fmt"

	"cairn.example/internal/model"
)

// Fix is a rule's wish: it edits a copy of the account until the rule would pass, and nothing else.
// The engine works out the steps.
type Fix struct {
	Want    *model.Account // a deep copy, to edit
	At      model.Ref      // what the finding is about
	Asks    []Param
	Notes   []string
	Refusal string // why there is no safe fix; "" when there is one
}

// Param is something only a person can decide: a bucket's name, a key.
type Param struct {
	Name string // CamelCase, as a CloudFormation parameter
	What string
}

// Trail is the trail that the finding is about, in the wanted state; nil when it is about the account.
func (f *Fix) Trail() *model.Trail { return f.Want.Trail(f.At.ID) }

// Ask gives a value that a person fills in. Two asks of one name are the same question.
func (f *Fix) Ask(name, what string) model.Value[string] {
	known := false
	for _, p := range f.Asks {
		known = known || p.Name == name
	}
	if !known {
		f.Asks = append(f.Asks, Param{name, what})
	}
	return model.Known(Placeholder(name), model.Origin{})
}

// Placeholder is how an asked value stands in the wanted state until it is rendered.
func Placeholder(name string) string { return "${" + name + "}" }

// Note adds a sentence for whoever applies the fix.
func (f *Fix) Note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// Refuse says why there is no safe fix.
func (f *Fix) Refuse(format string, args ...any) { f.Refusal = fmt.Sprintf(format, args...) }
