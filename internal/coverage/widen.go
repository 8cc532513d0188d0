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
	doc, err := s.Document()
	if err != nil {
		return s, err
	}
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
func widenBasic(list []BasicSelector) ([]BasicSelector, error) {
	yes := true
	i := slices.IndexFunc(list, func(b BasicSelector) bool { return len(b.DataResources) == 0 })
	if i < 0 {
		i = slices.IndexFunc(list, func(b BasicSelector) bool { return b.ReadWrite() == "All" })
	}
	if i < 0 && len(list) >= maxSelectors {
		return nil, errors.New("each of the 5 selectors that a trail may have chooses data events by its read-write type")
	}
	if i < 0 {
		list = append(list, BasicSelector{})
		i = len(list) - 1
	}
	list[i].ReadWriteType, list[i].IncludeManagementEvents, list[i].ExcludeManagementEventSources = "All", &yes, nil
	return list, nil
}

func widenAdvanced(list []AdvancedSelector) []AdvancedSelector {
	category := FieldSelector{Field: "eventCategory", Equals: []string{categoryManagement}}
	i := slices.IndexFunc(list, AdvancedSelector.Management)
	if i < 0 {
		return append(list, AdvancedSelector{Name: "Management events", FieldSelectors: []FieldSelector{category}})
	}
	if len(list[i].FieldSelectors) > 1 { // a name that told what was left out would be wrong from here on
		list[i].Name = "Management events"
	}
	list[i].FieldSelectors = []FieldSelector{category}
	return list
}
