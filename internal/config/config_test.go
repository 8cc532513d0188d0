package config_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/config"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
)

// rules are enough of a registry: an alias with a dot, options whose values YAML would take for other things.
var rules = rule.Registry{
	{
		Meta:    rule.Meta{ID: "CT-001", Aliases: []string{"CloudTrail.1"}, Severity: model.High, Categories: []rule.Category{rule.Security, rule.Sustainability}},
		Options: []rule.Option{{Name: "require", Values: []string{"every", "any"}}},
	},
	{
		Meta: rule.Meta{ID: "CT-010", Severity: model.Medium},
		Options: []rule.Option{
			{Name: "readWrite", Values: []string{"both", "any"}, Presets: map[string]string{rule.Conformity: "any"}},
			{Name: "exclusions", Values: []string{"fail", "allow"}},
		},
	},
	{
		Meta:    rule.Meta{ID: "CT-099"},
		Options: []rule.Option{{Name: "strict", Values: []string{"yes", "no"}}, {Name: "level", Values: []string{"0", "1"}}},
	},
	{Meta: rule.Meta{ID: "CT-013", Kind: rule.RealTime, Severity: model.Low}},
	{Meta: rule.Meta{ID: "RTM-109", Kind: rule.RealTime, Severity: model.Medium}},
}

// known is what the tests' settings speak of.
var known = config.Known{Rules: rules, Kinds: kinds, Standards: []string{"cis-aws-5.0.0", "cis-aws-3.0.0", "nist-800-53-r5"}}

// alike compares settings by what they say. A kind holds functions, so its name stands for it.
var alike = cmp.Options{
	cmpopts.IgnoreUnexported(config.Config{}, config.Channel{}),
	cmp.Comparer(func(a, b notify.Kind) bool { return a.Name == b.Name }),
}

// TestCases reads each file and compares what it prints as, or its errors.
func TestCases(t *testing.T) {
	for c := range golden.Cases(t, pattern) {
		t.Run(c.Name, func(t *testing.T) { c.Want(t, outcome(config.Parse(c.Files[0].Name, c.Files[0].Data, known))) })
	}
}

const pattern = "testdata/*.txtar"

func outcome(c *config.Config, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	return c.String()
}

func TestSet(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"CT-001.require=any", "CT-001: {require: any}"},
		{"CloudTrail.1.require=any", "CT-001: {require: any}"},
		{"CT-010.severity=very-high", "CT-010: {severity: very-high}"},
		{"CT-099.strict = no", "CT-099: {strict: no}"},
		{"CT-001.require=anny", `set "CT-001.require=anny": "anny" is not one of its values: want every or any; did you mean any?`},
		{"CT-013.severity=high", "CT-013: {severity: high}"},
		{"CT-013.require=any", `set "CT-013.require=any": CT-013 has no option "require": want severity`},
		{"CT-001.requir=any", `set "CT-001.requir=any": CT-001 has no option "requir": want severity or require; did you mean require?`},
		{"CT-001=any", `set "CT-001=any": want RULE.OPTION=VALUE, such as CT-001.require=any`},
		{"CT-001.require", `set "CT-001.require": want RULE.OPTION=VALUE, such as CT-001.require=any`},
		{"CT-01.require=any", `set "CT-01.require=any": no rule "CT-01"; did you mean CT-001?`},
		{"nonsense.require=any", `set "nonsense.require=any": no rule "nonsense"; cairn rules lists them`},
		{"CT-001.severity=none", `set "CT-001.severity=none": severity "none": want low, medium, high, very-high or extreme`},
	} {
		cfg := config.Default(known)
		before := cfg.String()
		if err := cfg.Set(c.set); err != nil {
			if err.Error() != c.want {
				t.Errorf("%s: %v\nwant %s", c.set, err, c.want)
			}
			if cfg.String() != before {
				t.Errorf("%s failed and changed the settings:\n%s", c.set, cfg)
			}
			continue
		}
		if got := cfg.String(); got != before+"rules:\n  "+c.want+"\n" {
			t.Errorf("%s gives\n%s", c.set, got)
		}
	}
}

// A flag changes one option and leaves the file's others.
func TestSetOverFile(t *testing.T) {
	cfg, err := config.Parse("f", []byte("rules: {CT-010: {readWrite: any, severity: low}}"), known)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Set("CT-010.exclusions=allow"); err != nil {
		t.Fatal(err)
	}
	want := rule.Settings{
		Preset:     rule.Default,
		Options:    map[string]map[string]string{"CT-010": {"readWrite": "any", "exclusions": "allow"}},
		Severities: map[string]model.Severity{"CT-010": model.Low},
	}
	if diff := cmp.Diff(want, cfg.RuleSettings()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What is in force is whole, and judges as the choice that it came from.
func TestInForce(t *testing.T) {
	for preset, want := range map[string]map[string]model.Severity{
		rule.Conformity: {"CT-001": model.High, "CT-010": model.Low, "CT-013": model.Low, "RTM-109": model.High},
		rule.Default:    {"CT-001": model.High, "CT-010": model.Low, "RTM-109": model.High}, // the events of CT-013 have their own
	} {
		text := "preset: " + preset + "\nrules: {CT-010: {readWrite: both, severity: low}, RTM-109: {severity: high}}\n" +
			"regions: {acceptUnread: [eu-south-2]}\nwatch: {values: {watched_alarms: [a]}}\nexceptions: e.yaml\n" +
			"notify: {channels: {a: {type: slack, webhook: {env: A}}}, routes: [{channels: [a], severity: high}], repeat: 1h, quiet: 2d}"
		cfg, err := config.Parse("f", []byte(text), known)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := config.Parse("f", []byte(cfg.InForce().String()), known)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			chosen, got := cfg.RuleSettings(), whole.Rules[r.ID]
			if diff := cmp.Diff(r.Settings(chosen.Preset, chosen.Options[r.ID]), got.Options, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: -want +got:\n%s", r.ID, diff)
			}
		}
		if diff := cmp.Diff(want, whole.RuleSettings().Severities); diff != "" {
			t.Errorf("%s: severities -want +got:\n%s", preset, diff)
		}
		if diff := cmp.Diff(cfg, whole, alike, cmpopts.IgnoreFields(config.Config{}, "Rules")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", preset, diff)
		}
	}
}

func TestFindAndLoad(t *testing.T) {
	dir := t.TempDir()
	if got := config.Find(dir); got != "" {
		t.Errorf("found %s in an empty directory", got)
	}
	path := filepath.Join(dir, config.FileName)
	if _, err := config.Load(path, known); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading no file: %v", err)
	}
	write(t, path, "\ufeffpreset: conformity\r\nrules:\r\n  CT-001: {require: any}\r\n")
	if got := config.Find(dir); got != path {
		t.Errorf("found %q, want %s", got, path)
	}
	cfg, err := config.Load(path, known)
	if err != nil || cfg.Preset != rule.Conformity || cfg.Rules["CT-001"].Options["require"] != "any" {
		t.Errorf("loaded %v, %v", cfg, err)
	}
	write(t, path, strings.Repeat("#", 2<<20))
	if _, err := config.Load(path, known); err == nil || !strings.Contains(err.Error(), "larger than 1024 KiB") {
		t.Errorf("a file of 2 MiB: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Nesting that would overflow the parser's stack, and size that would keep it busy, are refused quickly.
func TestHostileFiles(t *testing.T) {
	const n = 120_000
	for name, text := range map[string]string{
		"flow lists":    strings.Repeat("[", n),
		"flow mappings": strings.Repeat("{a: ", n/4),
		"block lists":   strings.Repeat("- ", n/2),
		"complex keys":  strings.Repeat("? ", n/2),
		"tags":          strings.Repeat("!!x ", n/4),
		"anchors":       strings.Repeat("&x ", n/3),
		"staircase":     staircase(400),
		"long list":     "regions: {acceptUnread: [" + strings.Repeat("x, ", n/3) + "]}",
		"long word":     strings.Repeat("x", n) + ": 1",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := config.Parse("f", []byte(text), known); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func staircase(steps int) string {
	var b strings.Builder
	for i := range steps {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// FuzzParse holds that value and error exclude each other, and that what parses prints back equal.
func FuzzParse(f *testing.F) {
	for _, path := range golden.Glob(f, pattern) {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := config.Parse("f", data, known)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("value %v, error %v", cfg, err)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("the error does not say where: %v", err)
			}
			return
		}
		again, err := config.Parse("f", []byte(cfg.String()), known)
		if err != nil {
			t.Fatalf("what was printed does not parse: %v\n%s", err, cfg)
		}
		if diff := cmp.Diff(cfg, again, alike, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("printed and parsed again (-before +after):\n%s\n%s", diff, bytes.TrimSpace(data))
		}
	})
}
