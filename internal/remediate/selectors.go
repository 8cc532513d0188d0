package remediate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cairn.example/internal/model"
)

// selectors are a trail's event selectors as PutEventSelectors, Terraform and CloudFormation all know them.
type selectors struct {
	EventSelectors         []basic
	AdvancedEventSelectors []advanced
}

type basic struct {
	ReadWriteType                 string         `json:",omitempty"`
	IncludeManagementEvents       *bool          `json:",omitempty"`
	DataResources                 []dataResource `json:",omitempty"`
	ExcludeManagementEventSources []string       `json:",omitempty"`
}

type dataResource struct {
	Type   string
	Values []string `json:",omitzero"` // an empty list is not the same as none
}

type advanced struct {
	Name           string `json:",omitempty"`
	FieldSelectors []fieldSelector
}

type fieldSelector struct {
	Field         string
	Equals        []string `json:",omitempty"`
	StartsWith    []string `json:",omitempty"`
	EndsWith      []string `json:",omitempty"`
	NotEquals     []string `json:",omitempty"`
	NotStartsWith []string `json:",omitempty"`
	NotEndsWith   []string `json:",omitempty"`
}

// read gives the selectors of a trail that knows them, and refuses those that are not wholly understood: what is
// written back must be all that was there.
func read(t *model.Trail) (selectors, error) {
	var out selectors
	s, ok := t.Selectors.Get()
	if !ok {
		return out, fmt.Errorf("the selectors are not known (%s)", t.Selectors.Origin().Reason())
	}
	if doubts := s.Doubts(); len(doubts) > 0 {
		return out, fmt.Errorf("the selectors are not understood: %s", doubts[0])
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return out, fmt.Errorf("write the selectors: %w", err)
	}
	var doc struct {
		Basic    json.RawMessage `json:"EventSelectors"`
		Advanced json.RawMessage `json:"AdvancedEventSelectors"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return out, fmt.Errorf("read the selectors: %w", err)
	}
	return out, errors.Join(strict(doc.Basic, &out.EventSelectors), strict(doc.Advanced, &out.AdvancedEventSelectors))
}

// strict refuses members that it has no place for: they would be lost.
func strict(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read the selectors: %w", err)
	}
	return nil
}

// members are PutEventSelectors' selectors. Where none are there AWS's default is written out.
func (s selectors) members() []Member {
	name, list := "EventSelectors", any(s.EventSelectors)
	switch {
	case len(s.AdvancedEventSelectors) > 0:
		name, list = "AdvancedEventSelectors", s.AdvancedEventSelectors
	case len(s.EventSelectors) == 0:
		management := true
		list = []basic{{ReadWriteType: "All", IncludeManagementEvents: &management}}
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
			add([]any{b.readWrite(), b.DataResources})
		}
	}
	for _, a := range s.AdvancedEventSelectors {
		if !a.management() {
			add(a)
		}
	}
	return out
}

// readWrite is the type with AWS's default (API reference, EventSelector).
func (b basic) readWrite() string {
	if b.ReadWriteType == "" {
		return "All"
	}
	return b.ReadWriteType
}

// management tells whether the selector includes management events, which is AWS's default.
func (b basic) management() bool {
	return b.IncludeManagementEvents == nil || *b.IncludeManagementEvents
}

func (a advanced) management() bool {
	return slices.ContainsFunc(a.FieldSelectors, func(f fieldSelector) bool {
		return f.Field == "eventCategory" && slices.Equal(f.Equals, []string{"Management"})
	})
}
