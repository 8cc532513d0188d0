//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"cairn.example/test/fidelity"
)

// mainAccount is moto's own account.
const mainAccount = "123456789012"

func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, part := range archive.Files {
				parts[part.Name] = string(part.Data)
			}
			as := parseWorld(t, parts["world"])
			reset(t, as)
			setup(t, parts["aws"])
			env, args := flags(t, parts["cairn"])
			got, ran := audit(t, env, args...)
			judge(t, parts["want"], got, ran)
		})
	}
}

// flags reads the part `cairn`: words NAME=value are environment, the others flags of the audit.
func flags(t *testing.T, text string) (env, args []string) {
	t.Helper()
	for _, line := range commands(t, text) {
		for _, word := range line {
			if strings.HasPrefix(word, "AWS_") {
				env = append(env, word)
			} else {
				args = append(args, word)
			}
		}
	}
	return env, args
}

// judge compares the findings of every rule that the case names: all of them, no others.
func judge(t *testing.T, text string, got report, ran result) {
	t.Helper()
	var want []string
	rules := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		verdict, says, _ := strings.Cut(line, ": ")
		switch {
		case line == "" || line[0] == '#':
			continue
		case line == "gaps none":
			if len(got.Gaps) > 0 {
				t.Errorf("gaps: %+v, want none", got.Gaps)
			}
			continue
		case strings.HasPrefix(line, "exit "):
			if line != fmt.Sprintf("exit %d", ran.code) {
				t.Errorf("exit %d, want %s\n%s", ran.code, line, ran.stderr)
			}
			continue
		}
		want = append(want, verdict)
		rules[strings.Fields(verdict)[0]] = true
		if says != "" && !slices.ContainsFunc(got.Findings, func(f finding) bool { return spell(f) == verdict && f.mentions(says) }) {
			t.Errorf("%s: nothing in the finding says %q", verdict, says)
		}
	}
	if len(want) == 0 {
		t.Fatal("the case wants nothing")
	}
	var have []string
	for _, f := range got.Findings {
		if rules[f.Rule] {
			have = append(have, spell(f))
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s%s", diff, messages(got, rules))
	}
}

// spell writes a finding as the cases do: CT-001 fail main@us-east-1 in 222222222222.
func spell(f finding) string {
	resource := "account"
	if arn := strings.SplitN(f.Resource.ID, ":", 6); len(arn) == 6 {
		resource = strings.TrimPrefix(arn[5], "trail/") + "@" + arn[3]
	}
	line := f.Rule + " " + f.Status + " " + resource
	if f.Account != mainAccount {
		line += " in " + f.Account
	}
	return line
}

func (f finding) mentions(words string) bool {
	told := f.Message + strings.Join(f.Notes, " ") + string(f.Evidence)
	return strings.Contains(strings.ToLower(told), strings.ToLower(words))
}

func messages(got report, rules map[string]bool) string {
	var all strings.Builder
	for _, f := range got.Findings {
		if rules[f.Rule] {
			fmt.Fprintf(&all, "%s\n\t%s %q\n", spell(f), f.Message, f.Notes)
		}
	}
	return all.String()
}

// parseWorld reads the part `world`: how AWS differs from moto in this case.
func parseWorld(t *testing.T, text string) fidelity.World {
	t.Helper()
	as := fidelity.World{OptIn: map[string]string{}, Status: map[string]map[string]json.RawMessage{}}
	for _, words := range commands(t, text) {
		switch words[0] {
		case "region": // region me-south-1 ENABLED
			as.OptIn[words[1]] = words[2]
		case "default": // default advanced
			as.Default = words[1]
		case "organization": // organization OWNER MEMBER...
			as.Owner, as.Members = words[1], words[2:]
		case "status": // status main '{"LatestDeliveryError": "NoSuchBucket"}'
			var members map[string]json.RawMessage
			if err := json.Unmarshal([]byte(words[2]), &members); err != nil {
				t.Fatalf("%q: %v", words, err)
			}
			as.Status[words[1]] = members
		case "deny": // deny cloudtrail GetTrailStatus region=eu-west-1 resource=main
			as.Deny = append(as.Deny, denial(t, words[1:]))
		default:
			t.Fatalf("the world has no %q", words[0])
		}
	}
	return as
}

func denial(t *testing.T, words []string) fidelity.Denial {
	t.Helper()
	d := fidelity.Denial{Service: words[0], Op: words[1]}
	for _, word := range words[2:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "region":
			d.Region = value
		case "account":
			d.Account = value
		case "resource":
			d.Resource = value
		case "policy":
			d.Policy = true
		default:
			t.Fatalf("a denial has no %q", word)
		}
	}
	return d
}
