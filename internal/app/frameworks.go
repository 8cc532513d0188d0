package app

import (
	"fmt"
	"slices"
	"strings"

	"cairn.example/frameworks"
	"cairn.example/internal/rule"
)

// Framework finds a framework by its id, or says which ids were probably meant.
func Framework(all frameworks.Frameworks, id string) (frameworks.Framework, error) {
	f, err := all.Find(id)
	if err == nil {
		return f, nil
	}
	if meant := meantFramework(all, id); meant != "" {
		err = fmt.Errorf("no framework %q%s", id, meant)
	}
	return f, &UsageError{err}
}

// meantFramework suggests the versions of what was named without one, as in cis or PCI DSS, or the nearest id.
func meantFramework(all frameworks.Frameworks, id string) string {
	var ids []string
	for _, f := range all {
		ids = append(ids, f.ID)
	}
	part := strings.Join(strings.FieldsFunc(strings.ToLower(id), func(r rune) bool { return strings.ContainsRune(" _-", r) }), "-")
	of := slices.DeleteFunc(slices.Clone(ids), func(known string) bool { return !strings.Contains(known, part) })
	if len(of) == 0 { // a later edition of one that is known, as in pci-dss-4.0.1
		of = slices.DeleteFunc(slices.Clone(ids), func(known string) bool { return !strings.HasPrefix(part, known+".") })
	}
	switch last := len(of) - 1; {
	case part == "" || last < 0:
		return rule.Suggest(id, ids)
	case last == 0:
		return "; did you mean " + of[0] + "?"
	default:
		return "; did you mean " + strings.Join(of[:last], ", ") + " or " + of[last] + "?"
	}
}
