package coverage

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Document is GetEventSelectors' answer as data, to edit and to write. Members stay in the order in which the API
// documents them.
type Document struct {
	TrailARN               string             `json:"TrailARN"`
	EventSelectors         []BasicSelector    `json:"EventSelectors,omitempty"`
	AdvancedEventSelectors []AdvancedSelector `json:"AdvancedEventSelectors,omitempty"`
}

// BasicSelector is a basic event selector.
type BasicSelector struct {
	ReadWriteType                 string         `json:"ReadWriteType,omitempty"`
	IncludeManagementEvents       *bool          `json:"IncludeManagementEvents,omitempty"`
	DataResources                 []DataResource `json:"DataResources,omitempty"`
	ExcludeManagementEventSources []string       `json:"ExcludeManagementEventSources,omitempty"`
}

// DataResource is what a basic selector names of one type, to choose data events of.
type DataResource struct {
	Type   string   `json:"Type"`
	Values []string `json:"Values,omitzero"` // an empty list is not the same as none
}

// AdvancedSelector is an advanced event selector.
type AdvancedSelector struct {
	Name           string          `json:"Name,omitempty"`
	FieldSelectors []FieldSelector `json:"FieldSelectors"`
}

// FieldSelector is a field of an advanced selector with its conditions.
type FieldSelector struct {
	Field         string   `json:"Field"`
	Equals        []string `json:"Equals,omitempty"`
	StartsWith    []string `json:"StartsWith,omitempty"`
	EndsWith      []string `json:"EndsWith,omitempty"`
	NotEquals     []string `json:"NotEquals,omitempty"`
	NotStartsWith []string `json:"NotStartsWith,omitempty"`
	NotEndsWith   []string `json:"NotEndsWith,omitempty"`
}

// Document gives the selectors as data. Those with members that it has no place for are refused: what is written back
// must be all that was there.
func (s Selectors) Document() (Document, error) {
	if s.parsed == nil {
		return Document{}, errors.New("they were not read")
	}
	var raw struct {
		Basic    json.RawMessage `json:"EventSelectors"`
		Advanced json.RawMessage `json:"AdvancedEventSelectors"`
	}
	if err := json.Unmarshal([]byte(s.raw), &raw); err != nil {
		return Document{}, fmt.Errorf("read the selectors: %w", err)
	}
	doc := Document{TrailARN: s.trail}
	return doc, errors.Join(strict(raw.Basic, &doc.EventSelectors), strict(raw.Advanced, &doc.AdvancedEventSelectors))
}

func strict(list json.RawMessage, into any) error {
	if len(list) == 0 {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(string(list)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read the selectors: %w", err)
	}
	return nil
}

// ReadWrite is the type with AWS's default (API reference, EventSelector).
func (b BasicSelector) ReadWrite() string {
	if b.ReadWriteType == "" {
		return "All"
	}
	return b.ReadWriteType
}

// Management tells whether the selector includes management events, which is AWS's default.
func (b BasicSelector) Management() bool {
	return b.IncludeManagementEvents == nil || *b.IncludeManagementEvents
}

// Management tells whether the selector is one of management events.
func (a AdvancedSelector) Management() bool {
	return slices.ContainsFunc(a.FieldSelectors, func(f FieldSelector) bool {
		return f.Field == "eventCategory" && slices.Equal(f.Equals, []string{categoryManagement})
	})
}
