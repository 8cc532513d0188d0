package kb

import (
	"regexp"
	"slices"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// card is what the rule's metadata says, a row each.
func (l *Library) card(r *rule.Rule) Block {
	b := Block{Kind: Table}
	row := func(name, text string) {
		if text != "" {
			b.Rows = append(b.Rows, []string{name, text})
		}
	}
	var categories []string
	for _, c := range r.Categories {
		categories = append(categories, string(c))
	}
	if r.Kind == rule.RealTime {
		row("Severity", r.Severity.String()+" in the catalogue; see Verdicts for that of an event")
	} else {
		row("Severity", r.Severity.String()+": "+r.Severity.Label())
	}
	row("Kind", string(r.Kind))
	row("Categories", strings.Join(categories, ", "))
	elsewhere, techniques := techniques(r.External)
	row("Also called", strings.Join(slices.Concat(r.Aliases, elsewhere), ", "))
	row("ATT&CK", strings.Join(techniques, ", "))
	row("Helps with", strings.Join(l.tags[r.ID], ", "))
	row("Published", r.Published+", updated "+r.Updated)
	return b
}

// technique is the id of one in MITRE ATT&CK.
var technique = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

// techniques parts the ids elsewhere.
func techniques(external []string) (others, ids []string) {
	for _, id := range external {
		if technique.MatchString(id) {
			ids = append(ids, id)
		} else {
			others = append(others, id)
		}
	}
	return others, ids
}

// settings tells what can be chosen of a detection: how severe its events are.
func settings(r *rule.Rule) Section {
	text := "The severity of an event is that of the table above, moved by what became of the call and by what it cost. Preset " +
		"`conformity` gives every event that of the catalogue, " + r.Severity.String() + ". One of your own holds for every event, " +
		"too: `rules: {" + r.ID + ": {severity: high}}` in `cairn.yaml`, for one run `--set " + r.ID + ".severity=high`."
	return Section{Level: 2, Title: "Settings", Blocks: []Block{{Kind: Paragraph, Text: text}}}
}

// options tells what can be chosen. The values that a preset takes are computed, so the page cannot lag behind.
func options(r *rule.Rule) Section {
	s := Section{Level: 2, Title: "Options"}
	if len(r.Options) == 0 {
		s.Blocks = []Block{{Kind: Paragraph, Text: "None, and no preset changes this rule."}}
		return s
	}
	t := Block{Kind: Table, Head: append([]string{"option", "what it decides", "values"}, rule.Presets...)}
	for _, o := range r.Options {
		cells := []string{"`" + o.Name + "`", o.Help, strings.Join(o.Values, ", ")}
		for _, preset := range rule.Presets {
			cells = append(cells, r.Settings(preset, nil)[o.Name])
		}
		t.Rows = append(t.Rows, cells)
	}
	first := r.Options[0]
	example := "cairn audit --rules " + r.ID + " --set " + r.ID + "." + first.Name + "=" + first.Values[1]
	s.Blocks = []Block{t, {Kind: Paragraph, Text: "For one run: `" + example + "`. For every run: `cairn.yaml`."}}
	return s
}

// permissions tells what is read and what AWS must allow for it.
func permissions(r *rule.Rule) Section {
	t := Block{Kind: Table, Head: []string{"what is read", "call", "permission"}}
	for _, f := range model.Closure(r.Needs) {
		var calls, allowed []string
		for _, c := range f.Calls {
			calls = append(calls, c.Op)
			if c.Permission != "" {
				allowed = append(allowed, c.Permission)
			}
		}
		if len(allowed) == 0 {
			allowed = []string{"none"}
		}
		t.Rows = append(t.Rows, []string{f.What, strings.Join(calls, ", else "), strings.Join(allowed, " or ")})
	}
	text := "As a policy: `cairn policy --rules " + r.ID + "`. What is refused is unknown, never a pass or a fail."
	return Section{Level: 2, Title: "Permissions", Blocks: []Block{t, {Kind: Paragraph, Text: text}}}
}
