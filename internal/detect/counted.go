package detect

import (
	"fmt"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
)

// counting says what a correlation has counted with an event: 12 events within 10 m, of sourceIPAddress
// "203.0.113.7".
func counting(h sigma.Hit) string {
	c := h.Rule.Correlation
	of := model.Count(h.Count, "event", "events")
	switch {
	case c.Field != "":
		of = model.Count(h.Count, "value", "values") + " of " + c.Field
	case strings.HasPrefix(c.Type, "temporal"):
		of = model.Count(h.Count, "rule", "rules")
	}
	var group []string
	for i, value := range h.Group {
		group = append(group, fmt.Sprintf("%s %q", c.GroupBy[i], value))
	}
	out := fmt.Sprintf("The rule counts %s within %s", of, model.Span(c.Timespan))
	if len(group) > 0 {
		out += ", of " + strings.Join(group, " and ")
	}
	return out + "."
}
