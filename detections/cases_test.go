package detections_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/internal/sigma"
	"cairn.example/rules/all"
)

// TestCases runs each case with all detections: records go in, findings come out. With an aws.json the accounts are
// known as it tells them.
func TestCases(t *testing.T) {
	for c := range golden.Cases(t, "*/cases/*.txtar") {
		t.Run(c.Name, func(t *testing.T) { c.Want(t, run(t, c.Archive)) })
	}
}

func part(ar *txtar.Archive, name string) []byte {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func run(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	all := load(t)
	o := detect.Options{
		Detections: all, Rules: allRules(), Dedup: true,
		Values:   sigma.Values{"watched_alarms": {"trail-changes"}, "watched_event_rules": {"trail-to-siem"}, "watched_queues": {"cairn-events"}},
		Rejected: func(e *event.RecordError) { t.Error(e) },
	}
	for line := range strings.Lines(string(ar.Comment)) {
		if preset, ok := strings.CutPrefix(strings.TrimSpace(line), "preset "); ok {
			o.Preset = preset
		}
	}
	if part(ar, "aws.json") != nil {
		o.Snapshot = snapshot(t, ar)
	}
	d, _, err := detect.New(o)
	if err != nil {
		t.Fatal(err)
	}
	records := part(ar, "records.json")
	if records == nil {
		t.Fatal("no records.json")
	}
	if err := d.Read("records.json", bytes.NewReader(records)); err != nil {
		t.Fatal(err)
	}
	return text(d.Tell())
}

func load(t *testing.T) []*detect.Detection {
	t.Helper()
	all, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func allRules() rule.Registry { return all.Rules() }

// snapshot reads the accounts of a case as an audit would.
func snapshot(t *testing.T, ar *txtar.Archive) *model.Snapshot {
	t.Helper()
	c, err := ruletest.Parse(ar)
	if err != nil {
		t.Fatal(err)
	}
	var facts []*model.FactKind
	for _, r := range all.Rules() {
		facts = append(facts, r.Needs...)
	}
	return c.Collect(t, facts)
}

// text is findings as a case wants them: when, how severe, what, on what, and why; below what was lost, regained,
// judged anew, and the commands that repair it.
func text(found []model.Finding) string {
	var b strings.Builder
	for _, f := range found {
		c := f.Cause
		fmt.Fprintf(&b, "%s %-7s %-9s %s #%d %s\n", c.EventTime.Format(time.DateTime), f.Rule, f.Severity, c.Outcome, f.Count, f.Message)
		if c.Outcome == model.OutcomeSuccess {
			fmt.Fprintf(&b, "    means %s\n", f.Means)
		}
		if f.Reason != "" {
			fmt.Fprintf(&b, "    because %s\n", f.Reason)
		}
		fmt.Fprintf(&b, "    who %s %s, %s\n", c.Actor.Type, c.Actor.ARN, c.Origin)
		for _, v := range c.Verdicts {
			fmt.Fprintf(&b, "    %s %s: %s -> %s\n", v.Rule, model.ARNName(v.Resource.ID), or(v.From), or(v.To))
		}
		for _, u := range c.Unknown {
			fmt.Fprintf(&b, "    unknown: %s\n", u)
		}
		for _, n := range f.Notes {
			fmt.Fprintf(&b, "    note: %s\n", n)
		}
		for line := range strings.Lines(f.Fix) {
			fmt.Fprintf(&b, "    fix: %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	return b.String()
}

func or(s model.Status) string {
	if s == "" {
		return "absent"
	}
	return string(s)
}
