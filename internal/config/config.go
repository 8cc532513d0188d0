// Package config is cairn.yaml: what a user chose, checked against the rules, detections and kinds of channels there are
// (a detection is a rule of the kind [rule.RealTime] without options), and the file of exceptions that it names.
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
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
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
	// Notify says which findings are told to whom.
	Notify Notify
	// Exceptions is the path of the file of exceptions as it is written, "" for none; [Config.LoadExceptions] reads it.
	Exceptions string

	known    Known
	dir      string // of the file: paths in it begin there
	excepted string // where the file of exceptions is named: file, line and column
}

// Known is what settings may speak of.
type Known struct {
	Rules     rule.Registry // and detections
	Kinds     notify.Kinds  // of channels
	Standards []string      // ids of frameworks; none: whatever is named may exist
	Services  []string      // that findings may be about; none: whatever is named may be
}

// Rule is what a user chose for one rule.
type Rule struct {
	Severity model.Severity // 0: the rule's own
	Options  map[string]string
}

// Default is the choice of somebody who chose nothing.
func Default(known Known) *Config {
	return &Config{Preset: rule.Default, Rules: map[string]Rule{}, Notify: Notify{Repeat: notify.DefaultRepeat, Quiet: notify.DefaultQuiet}, known: known}
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
func Load(path string, known Known) (*Config, error) {
	data, err := contents(path, "settings")
	if err != nil {
		return nil, err
	}
	return Parse(path, data, known)
}

// reason is why a file cannot be read, without the system call and the name, which its caller says.
func reason(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// contents reads a file as far as one byte beyond what is parsed.
func contents(path, what string) ([]byte, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("open the %s %s: %w", what, path, reason(err))
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the %s %s: %w", what, path, reason(err))
	}
	return data, nil
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
	r, err := c.known.Rules.Lookup(name)
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
	out := *c
	out.Rules = map[string]Rule{}
	for _, r := range c.known.Rules {
		chosen := c.Rules[r.ID]
		own := r.Severity
		if r.Kind == rule.RealTime && c.Preset != rule.Conformity {
			own = 0
		}
		out.Rules[r.ID] = Rule{cmp.Or(chosen.Severity, own), r.Settings(c.Preset, chosen.Options)}
	}
	return &out
}
