package remediate

import (
	"encoding/json"
	"fmt"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// selectors are a trail's event selectors as PutEventSelectors, Terraform and CloudFormation all know them.
type selectors struct{ coverage.Document }

// read gives the selectors of a trail that knows them, and refuses those that are not wholly understood: what is
// written back must be all that was there.
func read(t *model.Trail) (selectors, error) {
	s, ok := t.Selectors.Get()
	if !ok {
		return selectors{}, fmt.Errorf("the selectors are not known (%s)", t.Selectors.Origin().Reason())
	}
	if doubts := s.Doubts(); len(doubts) > 0 {
		return selectors{}, fmt.Errorf("the selectors are not understood: %s", doubts[0])
	}
	doc, err := s.Document()
	return selectors{doc}, err
}

// members are PutEventSelectors' selectors. Where none are there AWS's default is written out.
func (s selectors) members() []Member {
	name, list := "EventSelectors", any(s.EventSelectors)
	switch {
	case len(s.AdvancedEventSelectors) > 0:
		name, list = "AdvancedEventSelectors", s.AdvancedEventSelectors
	case len(s.EventSelectors) == 0:
		management := true
		list = []coverage.BasicSelector{{ReadWriteType: "All", IncludeManagementEvents: &management}}
	}
	raw, err := json.Marshal(list)
	if err != nil { // strings and booleans cannot fail
		return nil
	}
	return []Member{{name, raw}}
}

// data are the parts that choose anything but management events, in their order, to compare.
func (s selectors) data() []string {
	var out []string
	add := func(v any) {
		raw, err := json.Marshal(v)
		if err != nil { // strings and booleans cannot fail
			raw = nil
		}
		out = append(out, string(raw))
	}
	for _, b := range s.EventSelectors {
		if len(b.DataResources) > 0 {
			add([]any{b.ReadWrite(), b.DataResources})
		}
	}
	for _, a := range s.AdvancedEventSelectors {
		if !a.Management() {
			add(a)
		}
	}
	return out
}
