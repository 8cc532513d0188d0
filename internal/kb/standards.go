package kb

import (
	"slices"
	"strings"

	"cairn.example/frameworks"
	"cairn.example/internal/rule"
)

// demand is one requirement as the versions of a standard that word it alike have it.
type demand struct {
	family, title string
	ids           []string            // in the order of the versions, with "(not verified)" where that is so
	versions      map[string][]string // of each id; empty where the standard's id holds no version
}

// standards tells which requirements the rule answers, and which ones its original page claims for it although
// another rule answers them.
func (l *Library) standards(r *rule.Rule) Section {
	t := Block{Kind: Table, Head: []string{"standard", "requirement", "in our words"}}
	for _, d := range l.demands(r) {
		t.Rows = append(t.Rows, []string{d.family, d.where(), d.title})
	}
	text := "`cairn audit --framework ID` judges by one version; `cairn frameworks` lists them."
	if r.Kind == rule.RealTime { // no audit can tell that somebody watches
		text = "No score of `cairn audit` counts what is watched for; `cairn frameworks` lists the versions."
	}
	s := Section{Level: 2, Title: "Standards", Blocks: []Block{t, {Kind: Paragraph, Text: text}}}
	if len(t.Rows) == 0 {
		s.Blocks = []Block{{Kind: Paragraph, Text: "None names what this looks at."}}
	}
	return s
}

// demands gathers equal requirements of a standard's versions: CIS alone has nine.
func (l *Library) demands(r *rule.Rule) []demand {
	var out []demand
	for _, f := range l.frameworks {
		family := strings.TrimSuffix(f.ID, "-"+f.Version)
		for _, q := range f.Requirements {
			title, ok := answer(q, r.ID)
			if !ok {
				continue
			}
			i := slices.IndexFunc(out, func(d demand) bool { return d.family == family && d.title == title })
			if i < 0 {
				i = len(out)
				out = append(out, demand{family: family, title: title, versions: map[string][]string{}})
			}
			id := q.ID
			if !q.Verified {
				id += " (not verified)"
			}
			if !slices.Contains(out[i].ids, id) {
				out[i].ids = append(out[i].ids, id)
			}
			if family != f.ID {
				out[i].versions[id] = append(out[i].versions[id], f.Version)
			}
		}
	}
	return out
}

// answer is what a requirement asks, if the rule answers it or its original page says so.
func answer(q frameworks.Requirement, id string) (string, bool) {
	switch {
	case q.AnsweredBy(id):
		return q.Title, true
	case slices.Contains(q.Instead, id):
		return q.Title + "; answered by " + strings.Join(slices.Concat(q.Rules, q.Detections, q.Later), ", "), true
	}
	return "", false
}

// where writes the ids: 2.1 in 1.2.0; 3.1 in 1.4.0, 1.5.0.
func (d demand) where() string {
	var out []string
	for _, id := range d.ids {
		if in := d.versions[id]; len(in) > 0 {
			id += " in " + strings.Join(in, ", ")
		}
		out = append(out, id)
	}
	return strings.Join(out, "; ")
}
