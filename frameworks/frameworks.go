// Package frameworks holds which requirement of which standard each rule answers: one YAML file per
// framework version, embedded. It knows nothing of the rules themselves, only their ids.
//
// Titles are our words, never the standard's. A requirement is Verified when its number and text stand in a
// source that its file names; the choice of rules is always a judgement of ours.
package frameworks

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var files embed.FS

// tagsFile is the one embedded file that is not a framework.
const tagsFile = "tags.yaml"

// Framework is one version of a standard.
type Framework struct {
	ID           string        `yaml:"id"`
	Name         string        `yaml:"name"`
	Version      string        `yaml:"version"`
	Tag          string        `yaml:"tag,omitempty"` // the original pages' word for it, empty where they have none
	Source       string        `yaml:"source"`        // where the requirements' own text lives
	Requirements []Requirement `yaml:"requirements"`
}

// Requirement is one numbered demand of a framework and the rules that answer it.
type Requirement struct {
	ID    string   `yaml:"id"`
	Title string   `yaml:"title"`
	Rules []string `yaml:"rules,omitempty"`
	// Instead names rules whose original page claims this standard, although Rules answer it better.
	Instead []string `yaml:"instead,omitempty"`
	// Later names rules that will answer it and do not exist yet; they are no evidence of anything.
	Later    []string `yaml:"later,omitempty"`
	Verified bool     `yaml:"verified"`
	Note     string   `yaml:"note,omitempty"`
}

// Control names one requirement of one framework, as findings carry it.
type Control struct {
	Framework string
	ID        string
}

// Frameworks are all versions known, sorted by id.
type Frameworks []Framework

// All parses every embedded framework. An error names the file and, for a mistake in YAML, the line.
func All() (Frameworks, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list frameworks: %w", err)
	}
	var all Frameworks
	for _, name := range names {
		if name == tagsFile {
			continue
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read frameworks/%s: %w", name, err)
		}
		f, err := parse(data)
		if err != nil {
			return nil, fmt.Errorf("frameworks/%s: %w", name, err)
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Framework) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Controls are the requirements that the rule answers, in the order of the frameworks and of their files.
// A framework that only claims the rule (Instead) or waits for it (Later) is left out.
func (f Frameworks) Controls(rule string) []Control {
	var controls []Control
	for _, framework := range f {
		for _, r := range framework.Requirements {
			if slices.Contains(r.Rules, rule) {
				controls = append(controls, Control{Framework: framework.ID, ID: r.ID})
			}
		}
	}
	return controls
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

// Tags parses what the original pages say they help with: their words, by rule.
func Tags() (map[string][]string, error) {
	data, err := files.ReadFile(tagsFile)
	if err != nil {
		return nil, fmt.Errorf("read frameworks/%s: %w", tagsFile, err)
	}
	var table struct {
		Rules map[string][]string `yaml:"rules"`
	}
	if err := decode(data, &table); err != nil {
		return nil, fmt.Errorf("frameworks/%s: %w", tagsFile, err)
	}
	return table.Rules, nil
}

// parse reads one framework; value and error exclude each other.
func parse(data []byte) (Framework, error) {
	var f Framework
	if err := decode(data, &f); err != nil {
		return Framework{}, err
	}
	if err := f.check(); err != nil {
		return Framework{}, err
	}
	return f, nil
}

// decode is strict: a misspelt key would silently drop a mapping.
func decode(data []byte, into any) error {
	return yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(into)
}

var (
	frameworkID = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
	ruleID      = regexp.MustCompile(`^[A-Z]{2,4}-[0-9]{3}$`) // as rule.Registry.Validate has it
)

// check finds what YAML cannot: missing words, ids that repeat, rules that are no rule ids.
func (f Framework) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !frameworkID.MatchString(f.ID) {
		bad("id %q: want lower-case letters, digits, dots and dashes", f.ID)
	}
	if f.Name == "" || f.Version == "" || len(f.Requirements) == 0 {
		bad("%s: name, version and requirements are needed", f.ID)
	}
	if !strings.HasPrefix(f.Source, "https://") {
		bad("%s: source %q is not an https address", f.ID, f.Source)
	}
	seen := make(map[string]bool)
	for _, r := range f.Requirements {
		if seen[r.ID] {
			bad("%s: requirement %s stands twice", f.ID, r.ID)
		}
		seen[r.ID] = true
		if err := r.check(); err != nil {
			bad("%s: %w", f.ID, err)
		}
	}
	return errors.Join(errs...)
}

func (r Requirement) check() error {
	if r.ID == "" || r.Title == "" {
		return fmt.Errorf("requirement %q %q: id and title are needed", r.ID, r.Title)
	}
	if len(r.Rules)+len(r.Later) == 0 {
		return fmt.Errorf("requirement %s: no rule answers it", r.ID)
	}
	seen := make(map[string]bool)
	for _, id := range slices.Concat(r.Rules, r.Instead, r.Later) {
		if !ruleID.MatchString(id) {
			return fmt.Errorf("requirement %s: %q is not a rule id", r.ID, id)
		}
		if seen[id] {
			return fmt.Errorf("requirement %s: %s stands twice", r.ID, id)
		}
		seen[id] = true
	}
	return nil
}
