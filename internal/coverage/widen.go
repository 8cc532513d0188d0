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

// maxValues is how many values the advanced selectors of a trail may have (CloudTrail User Guide, "Quotas in AWS CloudTrail").
const maxValues = 500

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
		doc.AdvancedEventSelectors, err = widenAdvanced(doc.AdvancedEventSelectors)
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
	i := slices.IndexFunc(list, func(b BasicSelector) bool { return len(b.DataResources) == 0 })
	if i < 0 {
		i = slices.IndexFunc(list, func(b BasicSelector) bool { return b.ReadWrite() == "All" })
	}
	if i < 0 && len(list) < maxSelectors {
		list = append(list, BasicSelector{})
		i = len(list) - 1
	}
	if i >= 0 {
		list[i].ReadWriteType = "All"
		return managedBy(list, i), nil
	}
	reads, writes := ofType(list, "ReadOnly"), ofType(list, "WriteOnly")
	if reads < 0 || writes < 0 {
		return nil, errors.New("each of the 5 selectors that a trail may have chooses data events by its read-write type")
	}
	return managedBy(list, reads, writes), nil
}

func ofType(list []BasicSelector, readWrite string) int {
	return slices.IndexFunc(list, func(b BasicSelector) bool { return b.ReadWrite() == readWrite })
}

// managedBy leaves management events to some selectors. Users found that each further one which includes them makes,
// and costs, another copy (awslabs/landing-zone-accelerator-on-aws issue 449), and AWS refuses one that chooses nothing.
func managedBy(list []BasicSelector, those ...int) []BasicSelector {
	out := make([]BasicSelector, 0, len(list))
	for i, b := range list {
		manages := slices.Contains(those, i)
		if !manages && len(b.DataResources) == 0 {
			continue
		}
		b.IncludeManagementEvents, b.ExcludeManagementEventSources = &manages, nil
		out = append(out, b)
	}
	return out
}

// widenAdvanced makes of all selectors of management events one, where the first of them was.
func widenAdvanced(list []AdvancedSelector) ([]AdvancedSelector, error) {
	category := FieldSelector{Field: "eventCategory", Equals: []string{categoryManagement}}
	all := AdvancedSelector{Name: "Management events", FieldSelectors: []FieldSelector{category}}
	first := slices.IndexFunc(list, AdvancedSelector.Management)
	if first < 0 {
		if values(list) >= maxValues {
			return nil, fmt.Errorf("they have the %d values that a trail may have, and one more is needed", maxValues)
		}
		return append(list, all), nil
	}
	if len(list[first].FieldSelectors) == 1 { // else a name that told what was left out would be wrong from here on
		all.Name = list[first].Name
	}
	others := slices.DeleteFunc(list, AdvancedSelector.Management)
	return slices.Insert(others, first, all), nil
}

// values counts the values of all conditions.
func values(list []AdvancedSelector) int {
	n := 0
	for _, a := range list {
		for _, f := range a.FieldSelectors {
			n += len(f.Equals) + len(f.StartsWith) + len(f.EndsWith) + len(f.NotEquals) + len(f.NotStartsWith) + len(f.NotEndsWith)
		}
	}
	return n
}
