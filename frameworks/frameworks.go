// Package frameworks holds which requirement of which standard each rule and each detection answers: one YAML file
// per framework version, embedded. It knows nothing of these themselves, only their ids.
//
// Titles are our words, never the standard's. A requirement is Verified when its number and text stand in a
// source that its file names; the choice of rules is always a judgement of ours.
package frameworks

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// table is what the YAML files say, as a program reads it fast: parsing YAML took a sixth of an audit's processor time.
//
//go:generate go test -count=1 -run TestTable . -update
//go:embed frameworks.json
var table []byte

// contents is what the table holds.
type contents struct {
	Frameworks Frameworks          `json:"frameworks"`
	Tags       map[string][]string `json:"tags"`
}

// Framework is one version of a standard.
type Framework struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Version      string        `json:"version"`
	Tag          string        `json:"tag,omitempty"` // the original pages' word for it, empty where they have none
	Source       string        `json:"source"`        // where the requirements' own text lives
	Requirements []Requirement `json:"requirements"`
}

// Requirement is one numbered demand of a framework, and what answers it.
type Requirement struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Rules []string `json:"rules,omitempty"`
	// Detections answer it by being watched for. No audit can tell that they are, so no score counts them.
	Detections []string `json:"detections,omitempty"`
	// Instead names rules whose original page claims this standard, although Rules answer it better.
	Instead []string `json:"instead,omitempty"`
	// Later names rules and detections that will answer it and do not exist yet; they are no evidence of anything.
	Later    []string `json:"later,omitempty"`
	Verified bool     `json:"verified"`
	Note     string   `json:"note,omitempty"`
}

// Control names one requirement of one framework, as findings carry it.
type Control struct {
	Framework string
	ID        string
}

// Frameworks are all versions known, sorted by id.
type Frameworks []Framework

// All gives every framework.
func All() (Frameworks, error) {
	all, err := read()
	return all.Frameworks, err
}

// Tags are what the original pages say they help with: their words, by rule.
func Tags() (map[string][]string, error) {
	all, err := read()
	return all.Tags, err
}

func read() (contents, error) {
	var all contents
	if err := json.Unmarshal(table, &all); err != nil {
		return contents{}, fmt.Errorf("read frameworks.json: %w", err)
	}
	return all, nil
}

// Controls are the requirements that the rule or detection answers, in the order of the frameworks and of their files.
// A framework that only claims it (Instead) or waits for it (Later) is left out.
func (f Frameworks) Controls(id string) []Control {
	var controls []Control
	for _, framework := range f {
		for _, r := range framework.Requirements {
			if r.AnsweredBy(id) {
				controls = append(controls, Control{Framework: framework.ID, ID: r.ID})
			}
		}
	}
	return controls
}

// AnsweredBy tells whether the rule or detection answers the requirement.
func (r Requirement) AnsweredBy(id string) bool {
	return slices.Contains(r.Rules, id) || slices.Contains(r.Detections, id)
}

// Find returns the framework with that id, or an error that says where they are listed.
func (f Frameworks) Find(id string) (Framework, error) {
	i := slices.IndexFunc(f, func(one Framework) bool { return one.ID == id })
	if i < 0 {
		return Framework{}, fmt.Errorf("no framework %q; cairn frameworks lists them", id)
	}
	return f[i], nil
}

// Title is the name with the version, which stands once: some names hold it, and some standards have none.
func (f Framework) Title() string {
	if f.Version == unversioned || strings.HasSuffix(f.Name, f.Version) {
		return f.Name
	}
	return f.Name + " " + f.Version
}

// unversioned is the version of a standard that is only ever had as it is now.
const unversioned = "current"

// Family is the standard's short name, as people ask for it: CIS, NIST, PCI.
func (f Framework) Family() string {
	first, _, _ := strings.Cut(f.ID, "-")
	return strings.ToUpper(first)
}

// Rules are the ids of the rules that answer any requirement, sorted, each once: what an audit of this framework runs.
func (f Framework) Rules() []string {
	var rules []string
	for _, r := range f.Requirements {
		rules = append(rules, r.Rules...)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}
