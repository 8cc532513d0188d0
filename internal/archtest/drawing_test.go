package archtest_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// anything is the allow-list entry of the two packages that put the parts together.
const anything = "*"

// drawing says for every package which packages of ours it may import; docs/architecture.md shows
// the same as a picture. A pattern's last element may be *, the most exact pattern wins. A
// package that no pattern matches is not in the drawing, and the tests say so.
var drawing = map[string][]string{
	"internal/coverage":  nil,
	"internal/event":     nil,
	"internal/integrity": nil,
	"internal/hunt":      nil,
	"detections":         nil,
	"frameworks":         nil,

	"internal/model": {"internal/coverage"},
	"internal/sigma": {"internal/event"},

	"internal/rule":   {"internal/model", "internal/coverage"},
	"internal/notify": {"internal/model"},

	"rules/*":            {"internal/rule", "internal/model", "internal/coverage"},
	"internal/collect":   {"internal/model", "internal/coverage"},
	"internal/template":  {"internal/model", "internal/coverage"},
	"internal/source":    {"internal/event"},
	"internal/notify/*":  {"internal/notify", "internal/model"},
	"internal/remediate": {"internal/rule", "internal/model", "internal/coverage"},

	"rules/all":       {"rules/*", "internal/rule"},
	"internal/config": {"internal/rule", "internal/notify", "internal/model"},
	"internal/audit":  {"internal/rule", "internal/model", "frameworks"},
	"internal/detect": {
		"internal/rule", "internal/model", "internal/coverage", "internal/sigma", "internal/event", "internal/remediate",
	},
	"internal/kb": {"internal/rule", "internal/model", "internal/remediate", "frameworks"},

	"internal/report": {"internal/model", "internal/rule", "internal/remediate"},
	"internal/store":  {"internal/model", "internal/notify"},

	"internal/app": {anything},
	"cmd/cairn":    {anything},

	// Rooms of the tests. onlyTests says who else may enter.
	"internal/awsfake":     nil,
	"internal/ruletest":    {anything},
	"internal/channeltest": {"internal/notify", "internal/model"},
	"internal/newrule":     {anything},
	"internal/archtest":    nil,
	"test/fidelity":        nil,
	"test/*":               {anything},
}

// onlyTests lists packages that no production code imports, but for the ones named here.
var onlyTests = map[string][]string{
	"internal/awsfake":     {"internal/app", "cmd/cairn", "internal/ruletest", "internal/newrule", "test/*"},
	"internal/ruletest":    {"internal/newrule"},
	"internal/channeltest": nil,
	"internal/archtest":    nil,
	"test/fidelity":        {"test/*"},
	"test/*":               nil,
}

// find returns the most exact entry of a table for a package.
func find(table map[string][]string, pkg string) ([]string, bool) {
	if entry, ok := table[pkg]; ok {
		return entry, true
	}
	for _, pattern := range slices.Sorted(maps.Keys(table)) {
		if matches([]string{pattern}, pkg) {
			return table[pattern], true
		}
	}
	return nil, false
}

func matches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, pkg)
		return err == nil && ok
	})
}

// wrongArrows lists the production imports that the drawing does not have, each as a sentence.
func wrongArrows(imports map[string][]string) []string {
	var wrong []string
	for _, from := range slices.Sorted(maps.Keys(imports)) {
		allowed, ok := find(drawing, from)
		if !ok {
			wrong = append(wrong, fmt.Sprintf(
				"%s is not in the drawing: give it a place in docs/architecture.md and in internal/archtest/drawing_test.go", from))
			continue
		}
		for _, to := range imports[from] {
			if visitors, closed := find(onlyTests, to); closed && !matches(visitors, from) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which is for tests only", from, to))
				continue
			}
			if !slices.Contains(allowed, anything) && !matches(allowed, to) || to == "cmd/cairn" {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: the drawing lets it import %s", from, to, listed(allowed)))
			}
		}
	}
	return wrong
}

func listed(allowed []string) string {
	if len(allowed) == 0 {
		return "nothing of ours"
	}
	return "only " + strings.Join(allowed, ", ")
}
