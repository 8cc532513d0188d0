// Package config is cairn.yaml: what a user chose, checked against the rules and detections there are. A detection is
// a rule of the kind [rule.RealTime] without options.
//
// Every mistake is reported in one go with its file, line and column. What parses prints back equal.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// FileName is where the settings are looked for in the working directory.
const FileName = "cairn.yaml"

// maxSize bounds what is parsed. A file of settings is a few kilobytes.
const maxSize = 1 << 20

// Config is everything that a user may choose.
type Config struct {
	Preset string
	Rules  map[string]Rule // of rules and detections, by ID, never by alias
	// AcceptUnread are Regions that the organization refuses on purpose: what is unknown there becomes a note.
	AcceptUnread []string
	// Watch fills placeholders of detections, such as watched_alarms, with Sigma strings.
	Watch map[string][]string

	registry rule.Registry
}

// Rule is what a user chose for one rule.
type Rule struct {
	Severity model.Severity // 0: the rule's own
	Options  map[string]string
}

// Default is the choice of somebody who chose nothing.
func Default(rules rule.Registry) *Config {
	return &Config{Preset: rule.Default, Rules: map[string]Rule{}, registry: rules}
}

// Find is the path of the directory's cairn.yaml, or "" when there is none. A file that is there and cannot
// be opened is found all the same: reading it then says so.
func Find(dir string) string {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path
}

// Load reads and checks a file.
func Load(path string, rules rule.Registry) (*Config, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("open the settings: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return Parse(path, data, rules)
}

// SetPreset chooses a preset by name. After an error nothing has changed.
func (c *Config) SetPreset(name string) error {
	if !slices.Contains(rule.Presets, name) {
		return fmt.Errorf("no preset %q: want %s%s", name, either(rule.Presets), rule.Suggest(name, rule.Presets))
	}
	c.Preset = name
	return nil
}

// Set changes one rule for this run: CT-001.require=any, CT-001.severity=low. After an error nothing has changed.
func (c *Config) Set(assignment string) error {
	where, value, ok := strings.Cut(assignment, "=")
	dot := strings.LastIndex(where, ".") // aliases hold dots too: CloudTrail.1
	if !ok || dot < 0 {
		return fmt.Errorf("set %q: want RULE.OPTION=VALUE, such as CT-001.require=any", assignment)
	}
	name, key := strings.TrimSpace(where[:dot]), strings.TrimSpace(where[dot+1:])
	r, err := c.registry.Lookup(name)
	if err != nil {
		return fmt.Errorf("set %q: %w", assignment, err)
	}
	if err := checkKey(r, key); err != nil {
		return fmt.Errorf("set %q: %w", assignment, err)
	}
	chosen := c.Rules[r.ID]
	chosen.Options = maps.Clone(chosen.Options)
	if err := chosen.set(r, key, strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("set %q: %w", assignment, err)
	}
	c.Rules[r.ID] = chosen
	return nil
}

// set takes a value whose key is known to be the rule's.
func (c *Rule) set(r *rule.Rule, key, value string) error {
	if key == severityKey {
		severity, err := model.ParseSeverity(value)
		if err == nil {
			c.Severity = severity
		}
		return err
	}
	if err := checkValue(r, key, value); err != nil {
		return err
	}
	if c.Options == nil {
		c.Options = map[string]string{}
	}
	c.Options[key] = value
	return nil
}

// RuleSettings is the part that rules are judged by.
func (c *Config) RuleSettings() rule.Settings {
	s := rule.Settings{
		Preset: c.Preset, Options: map[string]map[string]string{}, Severities: map[string]model.Severity{},
	}
	for id, r := range c.Rules {
		if len(r.Options) > 0 {
			s.Options[id] = maps.Clone(r.Options)
		}
		if r.Severity != 0 {
			s.Severities[id] = r.Severity
		}
	}
	return s
}

// InForce is the configuration with what nobody chose written out too: it judges the same. A detection has a severity
// there only where all its events have that one; else each event has its own.
func (c *Config) InForce() *Config {
	out := &Config{Preset: c.Preset, Rules: map[string]Rule{}, AcceptUnread: c.AcceptUnread, Watch: c.Watch, registry: c.registry}
	for _, r := range c.registry {
		chosen := c.Rules[r.ID]
		own := r.Severity
		if r.Kind == rule.RealTime && c.Preset != rule.Conformity {
			own = 0
		}
		out.Rules[r.ID] = Rule{cmp.Or(chosen.Severity, own), r.Settings(c.Preset, chosen.Options)}
	}
	return out
}

// String is the configuration as cairn.yaml, rules and options in order.
func (c *Config) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "preset: %s\n", scalar(c.Preset))
	if len(c.Rules) > 0 {
		b.WriteString("rules:\n")
	}
	for _, id := range slices.Sorted(maps.Keys(c.Rules)) {
		var pairs []string
		r := c.Rules[id]
		for _, name := range slices.Sorted(maps.Keys(r.Options)) {
			pairs = append(pairs, scalar(name)+": "+scalar(r.Options[name]))
		}
		if r.Severity != 0 {
			pairs = append(pairs, severityKey+": "+r.Severity.String())
		}
		fmt.Fprintf(&b, "  %s: {%s}%s\n", scalar(id), strings.Join(pairs, ", "), c.remark(id))
	}
	if len(c.AcceptUnread) > 0 {
		fmt.Fprintf(&b, "regions:\n  acceptUnread: [%s]\n", strings.Join(c.AcceptUnread, ", "))
	}
	if len(c.Watch) > 0 {
		b.WriteString("watch:\n  values:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Watch)) {
		var quoted []string
		for _, v := range c.Watch[name] {
			quoted = append(quoted, strconv.Quote(v))
		}
		fmt.Fprintf(&b, "    %s: [%s]\n", scalar(name), strings.Join(quoted, ", "))
	}
	return b.String()
}

// remark is what an empty choice of a detection means.
func (c *Config) remark(id string) string {
	if r := c.registry.Find(id); r != nil && r.Kind == rule.RealTime && c.Rules[id].Severity == 0 {
		return " # each event has its own severity"
	}
	return ""
}

// scalar quotes what YAML could take for something else.
func scalar(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && s != "" && s[0] != '-' && !strings.EqualFold(s, "null") {
		return s
	}
	return strconv.Quote(s)
}
