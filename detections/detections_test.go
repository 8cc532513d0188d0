package detections_test

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/detect"
	"cairn.example/internal/kb"
	"cairn.example/internal/sigma"
)

// meaning is one entry of a rule's actions.
type meaning struct{ name, severity, means string }

func meanings(t *testing.T, r *sigma.Rule) []meaning {
	t.Helper()
	actions, ok := r.Custom["actions"].(map[string]any)
	if !ok {
		t.Fatalf("%s: no actions", r.Title)
	}
	var out []meaning
	for _, name := range slices.Sorted(maps.Keys(actions)) {
		a, ok := actions[name].(map[string]any)
		if !ok {
			t.Fatalf("%s: %s: want severity and means", r.Title, name)
		}
		out = append(out, meaning{name, fmt.Sprint(a["severity"]), fmt.Sprint(a["means"])})
	}
	return out
}

var (
	uuid4     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	technique = regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	// ATT&CK v19 took these ids out of use; a rule carries the ones that came in their place.
	retired = regexp.MustCompile(`^attack\.(t1562(\.\d{3})?|defense[-_]evasion)$`)
)

// What somebody else's SIEM asks of a Sigma rule, and what ours asks on top.
func TestRulesAreComplete(t *testing.T) {
	titles := map[string]string{} // of Sigma ids
	for _, d := range load(t) {
		for _, r := range d.Rules {
			where := d.ID + ", " + r.Title
			if !uuid4.MatchString(r.ID) {
				t.Errorf("%s: id %q is no UUID of version 4", where, r.ID)
			}
			if other, taken := titles[r.ID]; taken {
				t.Errorf("%s: the id is that of %s", where, other)
			}
			titles[r.ID] = where
			if r.Level != d.Rules[0].Level {
				t.Errorf("%s: level %s, the first rule of the file has %s", where, r.Level, d.Rules[0].Level)
			}
			if r.Status != "stable" && r.Status != "test" {
				t.Errorf("%s: status %q: want stable or test", where, r.Status)
			}
			if r.Description == "" || r.Author == "" || r.License == "" || r.Date == "" || len(r.References) == 0 || len(r.FalsePositives) == 0 {
				t.Errorf("%s: want description, author, license, date, references and falsepositives", where)
			}
			if !slices.ContainsFunc(r.Tags, technique.MatchString) || slices.ContainsFunc(r.Tags, retired.MatchString) {
				t.Errorf("%s: tags %v: want a technique of ATT&CK v19", where, r.Tags)
			}
			for _, w := range r.Warnings {
				t.Errorf("%s: %s", where, w)
			}
			if names := r.Placeholders(); len(names) > 1 {
				t.Errorf("%s: placeholders %v: where one has no value, the rule would not run for the other either", where, names)
			}
			for _, m := range meanings(t, r) {
				if !strings.HasSuffix(m.means, ".") || strings.ToUpper(m.means[:1]) != m.means[:1] {
					t.Errorf("%s: %s: %q is no sentence", where, m.name, m.means)
				}
			}
		}
	}
}

func TestEveryRuleIsIndexed(t *testing.T) {
	for _, d := range load(t) {
		for _, r := range d.Rules {
			keys, ok := r.Keys()
			if !ok || slices.ContainsFunc(keys, func(k sigma.Key) bool { return k.Source == "" }) {
				t.Errorf("%s, %s must see every record, or those of every service: %v", d.ID, r.Title, keys)
			}
		}
	}
}

// An action that no record can meet says nothing, and an event without one is told without what it means.
func TestActionsAreTheEventsOfTheRule(t *testing.T) {
	for _, d := range load(t) {
		for _, r := range d.Rules {
			met := map[string]bool{}
			keys, _ := r.Keys()
			for _, k := range keys {
				met[k.Name] = true // "" for any
			}
			said := map[string]bool{}
			for _, m := range meanings(t, r) {
				said[strings.ToLower(strings.TrimPrefix(m.name, "*"))] = true
			}
			if diff := cmp.Diff(met, said); diff != "" {
				t.Errorf("%s, %s: events that it can meet, and actions:\n%s", d.ID, r.Title, diff)
			}
		}
	}
}

// Ids that are given out stay given.
func TestDetectionsThatAre(t *testing.T) {
	want := []string{
		"CT-013", "RTM-101", "RTM-102", "RTM-103", "RTM-104", "RTM-105", "RTM-106", "RTM-107", "RTM-108", "RTM-109",
		"RTM-110", "RTM-111", "RTM-112", "RTM-113", "RTM-114",
	}
	var got []string
	for _, d := range load(t) {
		got = append(got, d.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the detections are not those of this list: add a new one to it; one that is missing has been lost:\n%s", diff)
	}
}

// headings are those of every page, as the pages of rules have them, without the forms of a fix.
var headings = []struct {
	level    int
	title    string
	optional bool
}{
	{2, "Description", false},
	{2, "Rationale", false},
	{2, "Impact", false},
	{2, "Default value", false},
	{2, "Audit", false},
	{3, "AWS console", false},
	{3, "AWS CLI", false},
	{2, "Verdicts", false},
	{2, "Remediation", false},
	{2, "Verify", false},
	{2, "Where the original page differs", true},
	{2, "References", false},
}

func page(t *testing.T, d *detect.Detection) kb.Page {
	t.Helper()
	data, err := fs.ReadFile(d.Files, "page.md")
	if err != nil {
		t.Fatal(err)
	}
	p, err := kb.Parse(data)
	if err != nil {
		t.Fatalf("the page of %s: %v", d.ID, err)
	}
	return p
}

func TestPagesHaveTheFixedForm(t *testing.T) {
	for _, d := range load(t) {
		p := page(t, d)
		if want := d.ID + " " + d.Title; p.Title != want {
			t.Errorf("the title of the page is %q, want %q", p.Title, want)
		}
		rest := p.Sections
		for _, h := range headings {
			switch {
			case len(rest) > 0 && rest[0].Level == h.level && rest[0].Title == h.title:
				if len(rest[0].Blocks) == 0 && h.title != "Audit" {
					t.Errorf("%s: nothing under %s", d.ID, h.title)
				}
				rest = rest[1:]
			case !h.optional:
				t.Fatalf("%s: the heading %q is missing before %v", d.ID, h.title, rest)
			}
		}
		if len(rest) > 0 {
			t.Errorf("%s: line %d: the heading %q is one too many", d.ID, rest[0].Line, rest[0].Title)
		}
		checkCode(t, d.ID, p)
		end := p.Sections[len(p.Sections)-1].Blocks
		if want := "Check it: `cairn watch --detections " + d.ID + "`"; end[len(end)-1].Text != want {
			t.Errorf("%s: the last paragraph is not: %s", d.ID, want)
		}
	}
}

// checkCode wants the audit to show the command and what it prints when something was done.
func checkCode(t *testing.T, id string, p kb.Page) {
	t.Helper()
	var audit []string
	for _, s := range p.Sections {
		for _, b := range s.Blocks {
			if b.Kind != kb.Code {
				continue
			}
			if b.Lang == "" || b.Text == "" {
				t.Errorf("%s: line %d: a code block without a language or without a line", id, b.Line)
			}
			if s.Parent == "Audit" && s.Title == "AWS CLI" {
				audit = append(audit, b.Lang)
			}
		}
	}
	if len(audit) < 2 || audit[0] != "sh" || audit[1] == "sh" {
		t.Errorf("%s: the audit by CLI has the code blocks %v, want a command and its output", id, audit)
	}
}

// The table of a page and the actions say the same of each event.
func TestVerdictsNameEveryAction(t *testing.T) {
	for _, d := range load(t) {
		rows := map[string]bool{}
		for _, s := range page(t, d).Sections {
			for _, b := range s.Blocks {
				for _, row := range b.Rows {
					if s.Title == "Verdicts" && len(row) == 3 {
						for name := range strings.SplitSeq(row[0], ", ") {
							name, _, _ = strings.Cut(name, " (")
							rows[name+" "+row[2]] = true
						}
					}
				}
			}
		}
		for _, r := range d.Rules {
			for _, m := range meanings(t, r) {
				named := rows["`"+m.name+"` "+m.severity]
				if m.name == "*" {
					named = slices.ContainsFunc(slices.Collect(maps.Keys(rows)), func(row string) bool {
						return strings.HasPrefix(row, "any ") && strings.HasSuffix(row, " "+m.severity)
					})
				}
				if !named {
					t.Errorf("%s: the Verdicts lack %s, %s", d.ID, m.name, m.severity)
				}
			}
		}
	}
}
