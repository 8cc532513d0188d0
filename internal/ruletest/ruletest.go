// Package ruletest runs rules on case files: what the AWS CLI printed goes in, verdicts come out.
//
// A case is a txtar file. Its comment says in words what state it shows; lines of the comment that begin
// with a known word set the run:
//
//	preset conformity          judge by a preset
//	option CT-001.require=any  set a rule's option
//	accept eu-south-2          regions.acceptUnread
//	role 222222222222          also read this account, by a role; repeatable
//	region us-gov-west-1       the configured Region (default us-east-1)
//
// The file aws.json is an awsfake fixture. What nearly every case needs and it does not tell is added: account
// 111122223333 and three enabled Regions. The file want holds the verdicts; make update writes it.
// Every case goes through the real SDK and collector, and again through a snapshot file: both must give the
// same bytes.
package ruletest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/audit"
	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// Account is the account of a case that names none.
const Account = "111122223333"

// At is when every case is collected.
var At = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// Case is one case file.
type Case struct {
	Fixture []byte
	Preset  string
	Region  string
	Options map[string]map[string]string
	Accept  []string
	Roles   []string
}

// Cases are the case files of a pattern, by their names, in order. A pattern that finds nothing fails.
func Cases(tb testing.TB, pattern string) iter.Seq2[string, Case] {
	tb.Helper()
	paths := golden.Glob(tb, pattern)
	return func(yield func(string, Case) bool) {
		for _, path := range paths {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				tb.Fatal(err)
			}
			c, err := Parse(ar)
			if err != nil {
				tb.Fatalf("%s: %v", path, err)
			}
			if !yield(strings.TrimSuffix(filepath.Base(path), ".txtar"), c) {
				return
			}
		}
	}
}

// Parse reads a case file.
func Parse(ar *txtar.Archive) (Case, error) {
	c := Case{Region: "us-east-1", Preset: rule.Default, Options: map[string]map[string]string{}}
	for line := range strings.Lines(string(ar.Comment)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "preset":
			c.Preset = rest
		case "accept":
			c.Accept = append(c.Accept, rest)
		case "role":
			c.Roles = append(c.Roles, "arn:aws:iam::"+rest+":role/cairn")
		case "region":
			c.Region = rest
		case "option":
			name, value, ok := strings.Cut(rest, "=")
			id, option, dotted := strings.Cut(name, ".")
			if !ok || !dotted {
				return c, fmt.Errorf("option %q: want RULE.option=value", rest)
			}
			if c.Options[id] == nil {
				c.Options[id] = map[string]string{}
			}
			c.Options[id][option] = value
		}
	}
	doc, ok := file(ar, "aws.json")
	if !ok {
		return c, fmt.Errorf("no aws.json")
	}
	var err error
	c.Fixture, err = withDefaults(doc)
	return c, err
}

func file(ar *txtar.Archive, name string) ([]byte, bool) {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

// withDefaults adds identity and Regions where the case is silent about them.
func withDefaults(doc []byte) ([]byte, error) {
	var told map[string]json.RawMessage
	if err := json.Unmarshal(doc, &told); err != nil {
		return nil, fmt.Errorf("aws.json: %w", err)
	}
	if _, ok := told["sts get-caller-identity"]; !ok {
		told["sts get-caller-identity"] = json.RawMessage(`{"UserId":"AIDA","Account":"` + Account + `","Arn":"arn:aws:iam::` + Account + `:user/audit"}`)
	}
	if !tells(told, "account list-regions") {
		told["account list-regions"] = json.RawMessage(`{"Regions":[
			{"RegionName":"eu-west-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},
			{"RegionName":"us-east-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},
			{"RegionName":"us-west-2","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}`)
	}
	return json.Marshal(told)
}

func tells(told map[string]json.RawMessage, command string) bool {
	for key := range told {
		if strings.HasPrefix(key, command) {
			return true
		}
	}
	return false
}

// Quick are settings that make retries cost milliseconds.
var Quick = collect.Settings{Attempts: 2, MaxBackoff: time.Millisecond, Timeout: 5 * time.Second, Rate: 1e6}

// Collect serves the case and reads it with the real SDK. The server's calls that nobody told fail the test.
func (c Case) Collect(t *testing.T, facts []*model.FactKind) *model.Snapshot {
	t.Helper()
	told, err := awsfake.Parse(c.Fixture)
	if err != nil {
		t.Fatal(err)
	}
	server := awsfake.New(told)
	url, stop, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	s, err := collect.Collect(context.Background(), c.targets(url), collect.Options{
		Facts: facts, Now: func() time.Time { return At }, Log: slog.New(slog.DiscardHandler), Settings: Quick,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range server.NotTold() {
		if call.Op != "DescribeTrails" { // asked in Regions that turn out not to be enabled
			t.Errorf("the case does not tell %+v", call)
		}
	}
	return s
}

func (c Case) targets(url string) []collect.Target {
	cfg := awsfake.Config(url, c.Region)
	if len(c.Roles) == 0 {
		return []collect.Target{{Config: cfg}}
	}
	var out []collect.Target
	for _, role := range c.Roles {
		out = append(out, collect.Target{Config: cfg, Role: role})
	}
	return out
}

// Judge judges a snapshot as the case wants.
func (c Case) Judge(s *model.Snapshot, rules rule.Registry) audit.Result {
	return audit.Judge(s, audit.Options{
		Rules: rules, AcceptUnread: c.Accept, Settings: rule.Settings{Preset: c.Preset, Options: c.Options},
	})
}

// Run runs one case file on the rules and gives the verdicts as text, after checking that a snapshot file
// gives the very same.
func Run(t *testing.T, ar *txtar.Archive, rules rule.Registry) string {
	t.Helper()
	c, err := Parse(ar)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Collect(t, rules.Needs())
	var saved bytes.Buffer
	if err := s.Write(&saved); err != nil {
		t.Fatal(err)
	}
	live := c.Judge(s, rules)
	proved(t, live)
	again, err := model.ReadSnapshot(&saved)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := marshal(t, live), marshal(t, c.Judge(again, rules)); !bytes.Equal(a, b) {
		t.Errorf("judging the snapshot file differs from judging live:\n%s\n%s", a, b)
	}
	return Text(live, len(s.Accounts) > 1)
}

// proved refuses a verdict that names no fact: nobody could check it.
func proved(t *testing.T, r audit.Result) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Status != model.StatusNotApplicable && len(f.Evidence) == 0 {
			t.Errorf("%s says %s of %s without evidence: name the fact that decided, with t.Is, t.Has or model.Fact", f.Rule, f.Status, f.Resource.ID)
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Text is the verdicts of a result, a line each, notes below.
func Text(r audit.Result, accounts bool) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if accounts {
			b.WriteString(f.Account + " ")
		}
		fmt.Fprintf(&b, "%s %-7s %s  %s\n", f.Rule, f.Status, resource(f.Resource), f.Message)
		for _, n := range f.Notes {
			fmt.Fprintf(&b, "    note: %s\n", n)
		}
	}
	return b.String()
}

func resource(ref model.Ref) string {
	if ref.Kind == model.AccountKind {
		return "account"
	}
	_, name, _ := strings.Cut(ref.ID, ":trail/")
	return "trail/" + name
}
