package frameworks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"cairn.example/internal/golden"
)

// tagsFile is the one YAML file that is not a framework.
const tagsFile = "tags.yaml"

// The table is what the YAML files say; make update writes it.
func TestTable(t *testing.T) {
	all, err := load(golden.Glob(t, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(all); err != nil {
		t.Fatal(err)
	}
	golden.Keep(t, "frameworks.json", text.String())
}

const sound = `id: x-1
name: X
version: "1"
source: https://example.com
requirements:
  - {id: "1.1", title: t, rules: [CT-001], verified: false}
`

// There is no fuzz target: only embedded files are read, and go-yaml 1.19.2 panics on a tagged scalar where
// a sequence is wanted ("rules: !x"), which is for whoever parses foreign YAML to guard against.
func TestParseRefuses(t *testing.T) {
	if _, err := parse([]byte(sound)); err != nil {
		t.Fatalf("the sound one: %v", err)
	}
	for _, c := range []struct{ name, old, replacement, want string }{
		{"unknown key", "verified", "verifeid", "[6:"},
		{"key twice", "name: X\n", "name: X\nname: Y\n", "[3:"},
		{"odd id", "x-1", "X 1", `id "X 1"`},
		{"no source", "https://example.com", "the library", "not an https address"},
		{"no rules", "rules: [CT-001], ", "", "nothing answers it"},
		{"odd rule", "CT-001", "CT1", `"CT1" is not the id of a rule or detection`},
		{"rule in two lists", "rules: [CT-001]", "rules: [CT-001], later: [CT-001]", "CT-001 stands twice"},
		{"rule that is a detection", "rules: [CT-001]", "rules: [CT-001], detections: [CT-001]", "CT-001 stands twice"},
		{"no title", "title: t", `title: ""`, "id and title are needed"},
		{"requirement twice", "requirements:\n", "requirements:\n  - {id: \"1.1\", title: u, rules: [CT-001], verified: true}\n", "requirement 1.1 stands twice"},
	} {
		text := strings.Replace(sound, c.old, c.replacement, 1)
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// load parses the files. An error names the file and, for a mistake in YAML, the line.
func load(names []string) (contents, error) {
	var all contents
	for _, name := range names {
		data, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			return contents{}, err
		}
		if name == tagsFile {
			all.Tags, err = parseTags(data)
		} else {
			var f Framework
			f, err = parse(data)
			all.Frameworks = append(all.Frameworks, f)
		}
		if err != nil {
			return contents{}, fmt.Errorf("frameworks/%s: %w", name, err)
		}
	}
	slices.SortFunc(all.Frameworks, func(a, b Framework) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

func parseTags(data []byte) (map[string][]string, error) {
	var tags struct {
		Rules map[string][]string `json:"rules"`
	}
	err := decode(data, &tags)
	return tags.Rules, err
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
	if len(r.Rules)+len(r.Detections)+len(r.Later) == 0 {
		return fmt.Errorf("requirement %s: nothing answers it", r.ID)
	}
	seen := make(map[string]bool)
	for _, id := range slices.Concat(r.Rules, r.Detections, r.Instead, r.Later) {
		if !ruleID.MatchString(id) {
			return fmt.Errorf("requirement %s: %q is not the id of a rule or detection", r.ID, id)
		}
		if seen[id] {
			return fmt.Errorf("requirement %s: %s stands twice", r.ID, id)
		}
		seen[id] = true
	}
	return nil
}
