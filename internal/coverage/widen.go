package coverage

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxSelectors is how many basic selectors a trail may have (CloudTrail API reference, PutEventSelectors).
const maxSelectors = 5

// document is GetEventSelectors' answer, to edit. Members stay in the order in which the API documents them.
type document struct {
	TrailARN               string        `json:"TrailARN"`
	EventSelectors         []basicDoc    `json:"EventSelectors,omitempty"`
	AdvancedEventSelectors []advancedDoc `json:"AdvancedEventSelectors,omitempty"`
}

type basicDoc struct {
	ReadWriteType                 string            `json:"ReadWriteType,omitempty"`
	IncludeManagementEvents       *bool             `json:"IncludeManagementEvents,omitempty"`
	DataResources                 []json.RawMessage `json:"DataResources,omitempty"`
	ExcludeManagementEventSources []string          `json:"ExcludeManagementEventSources,omitempty"`
}

type advancedDoc struct {
	Name           string     `json:"Name,omitempty"`
	FieldSelectors []fieldDoc `json:"FieldSelectors"`
}

type fieldDoc struct {
	Field         string   `json:"Field"`
	Equals        []string `json:"Equals,omitempty"`
	StartsWith    []string `json:"StartsWith,omitempty"`
	EndsWith      []string `json:"EndsWith,omitempty"`
	NotEquals     []string `json:"NotEquals,omitempty"`
	NotStartsWith []string `json:"NotStartsWith,omitempty"`
	NotEndsWith   []string `json:"NotEndsWith,omitempty"`
}

// WithManagement returns selectors of the same kind that choose every management event, and of all other events
// exactly those that s chooses. What it does not understand it refuses to rewrite.
func (s Selectors) WithManagement() (Selectors, error) {
	if s.parsed == nil {
		return s, errors.New("they were not read")
	}
	if s.assumed && len(s.doubts) == 0 {
		return s, nil
	}
	if len(s.doubts) > 0 {
		return s, fmt.Errorf("they are not understood: %s", strings.Join(s.Doubts(), "; "))
	}
	var doc document
	if err := json.Unmarshal([]byte(s.raw), &doc); err != nil {
		return s, fmt.Errorf("read the selectors again: %w", err)
	}
	var err error
	if len(doc.AdvancedEventSelectors) > 0 {
		doc.AdvancedEventSelectors = widenAdvanced(doc.AdvancedEventSelectors)
	} else {
		doc.EventSelectors, err = widenBasic(doc.EventSelectors)
	}
	if err != nil {
		return s, err
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return s, fmt.Errorf("write the selectors: %w", err)
	}
	return Parse(raw)
}

// widenBasic prefers a selector whose read-write type governs no data events, since that type holds for both.
func widenBasic(list []basicDoc) ([]basicDoc, error) {
	yes := true
	i := slices.IndexFunc(list, func(b basicDoc) bool { return len(b.DataResources) == 0 })
	if i < 0 {
		i = slices.IndexFunc(list, func(b basicDoc) bool { return b.ReadWriteType == "" || b.ReadWriteType == "All" })
	}
	if i < 0 && len(list) >= maxSelectors {
		return nil, errors.New("each of the 5 selectors that a trail may have chooses data events by its read-write type")
	}
	if i < 0 {
		list = append(list, basicDoc{})
		i = len(list) - 1
	}
	list[i].ReadWriteType, list[i].IncludeManagementEvents, list[i].ExcludeManagementEventSources = "All", &yes, nil
	return list, nil
}

func widenAdvanced(list []advancedDoc) []advancedDoc {
	category := fieldDoc{Field: "eventCategory", Equals: []string{categoryManagement}}
	i := slices.IndexFunc(list, advancedDoc.management)
	if i < 0 {
		return append(list, advancedDoc{Name: "Management events", FieldSelectors: []fieldDoc{category}})
	}
	if len(list[i].FieldSelectors) > 1 { // a name that told what was left out would be wrong from here on
		list[i].Name = "Management events"
	}
	list[i].FieldSelectors = []fieldDoc{category}
	return list
}

func (a advancedDoc) management() bool {
	return slices.ContainsFunc(a.FieldSelectors, func(f fieldDoc) bool {
		return f.Field == "eventCategory" && slices.Equal(f.Equals, []string{categoryManagement})
	})
}
