package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
)

const watchCases = "testdata/watch/*.txtar"

// told reads a case's findings, as cairn watch --format jsonl wrote them.
func told(t *testing.T, ar *txtar.Archive) (lines []string, found []model.Finding, sum report.WatchSummary) {
	t.Helper()
	if len(ar.Files) < 2 || ar.Files[0].Name != "told.jsonl" {
		t.Fatal("want told.jsonl, and what is printed of it")
	}
	for line := range strings.Lines(string(ar.Files[0].Data)) {
		var one struct {
			Schema string `json:"schema"`
			model.Finding
			Summary report.WatchSummary `json:"summary"`
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		lines = append(lines, line)
		if one.Schema != "" {
			sum = one.Summary
			continue
		}
		found = append(found, one.Finding)
	}
	return lines, found, sum
}

func watch(t *testing.T, format string, s report.Style, found []model.Finding, sum report.WatchSummary) string {
	t.Helper()
	for _, f := range report.WatchFormats {
		if f.Name != format {
			continue
		}
		var b bytes.Buffer
		w := f.New(&b, s)
		for _, f := range found {
			if err := w.Finding(f, true); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(sum); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	t.Fatalf("no format %s", format)
	return ""
}

// TestWatchText prints each case in each style that it has a section for. <ESC> stands for the escape character.
func TestWatchText(t *testing.T) {
	for c := range golden.Cases(t, watchCases) {
		t.Run(c.Name, func(t *testing.T) {
			_, found, sum := told(t, c.Archive)
			for i := range c.Files[1:] {
				want := &c.Files[i+1]
				s := style(t, want.Name)
				text := watch(t, "text", s, found, sum)
				checkLines(t, text, s)
				want.Data = []byte(strings.ReplaceAll(text, "\x1b", "<ESC>"))
			}
			c.Keep(t)
		})
	}
}

// Lines are what was told, as it was told, and nothing beside it.
func TestWatchLines(t *testing.T) {
	for c := range golden.Cases(t, watchCases) {
		t.Run(c.Name, func(t *testing.T) {
			want, found, sum := told(t, c.Archive)
			got := slices.Collect(strings.Lines(watch(t, "jsonl", report.Style{}, found, sum)))
			if len(got) != len(want) {
				t.Fatalf("%d lines, want %d", len(got), len(want))
			}
			for i := range got {
				if diff := cmp.Diff(tree(t, want[i]), tree(t, got[i])); diff != "" {
					t.Errorf("line %d: -in +out:\n%s", i+1, diff)
				}
			}
		})
	}
}

// A watch goes on for days: each finding is told when it comes, and does not wait for the end.
func TestWatchTellsAtOnce(t *testing.T) {
	for c := range golden.Cases(t, watchCases) {
		_, found, _ := told(t, c.Archive)
		for _, f := range report.WatchFormats {
			var b bytes.Buffer
			w := f.New(&b, report.Style{})
			for i, one := range found {
				before := b.Len()
				if err := w.Finding(one, true); err != nil {
					t.Fatal(err)
				}
				if b.Len() == before {
					t.Errorf("%s: finding %d of %s is not written", f.Name, i, c.Name)
				}
			}
		}
	}
}

// A gap is drawn whole when one end of it is shown, and not at all when neither is.
func TestWatchDrawsWhatIsNotShown(t *testing.T) {
	for c := range golden.Cases(t, "testdata/watch/day.txtar") {
		_, found, sum := told(t, c.Archive)
		whole := watch(t, "text", report.Style{}, found, sum)
		for only := -1; only < len(found); only++ {
			var b bytes.Buffer
			w := report.WatchFormats[0].New(&b, report.Style{})
			for i, f := range found {
				if err := w.Finding(f, i == only); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(sum); err != nil {
				t.Fatal(err)
			}
			bars := b.String()[max(0, strings.LastIndex(b.String(), "\n\n")):]
			switch {
			case only >= 0 && len(found[only].Cause.Lost)+len(found[only].Cause.Regained) > 0:
				if !strings.HasSuffix(whole, bars) {
					t.Errorf("with finding %d got %q, want the bars of\n%s", only, bars, whole)
				}
			case strings.Contains(b.String(), "blind"):
				t.Errorf("with finding %d got %q, want no bars", only, bars)
			}
		}
	}
}

func FuzzWatchTextIsSafe(f *testing.F) {
	f.Add("\x1b[2J", "trail/\u202e", 0, true, int64(0), int64(3600))
	f.Add("a\xffb\nc", "", 50, false, int64(-1<<40), int64(1<<40))
	f.Fuzz(func(t *testing.T, text, name string, width int, ascii bool, since, until int64) {
		from, to := time.Unix(since%(1<<40), 0), time.Unix(until%(1<<40), 0)
		lost := model.Loss{Accounts: []string{name}, Resource: name, What: text, Witness: name, By: name, Since: from}
		again := lost
		again.Until = &to
		c := &model.Cause{
			EventID: name, EventName: text, EventTime: to, Outcome: model.OutcomeSuccess, Severity: model.High, SourceIP: text, UserAgent: name, Origin: "CLI",
			Actor: model.Actor{ARN: name, AccessKeyID: text, Account: name}, Lost: []model.Loss{lost}, Regained: []model.Loss{again},
			Verdicts: []model.Flip{{Rule: name, To: model.StatusFail}}, Unknown: []string{text, name}, Reason: text,
			Changes: []model.Edit{{Resource: name, Attribute: text, Before: name, After: text}, {Resource: text, Attribute: name, After: []any{text}}},
		}
		found := model.Finding{Rule: name, Message: text, Notes: []string{name}, Fix: text, RealTime: &model.RealTime{Means: text, Reason: name, Count: 2, Revises: name, Author: text, Cause: c}}
		for _, r := range watch(t, "text", report.Style{Width: width, ASCII: ascii}, []model.Finding{found, found}, report.WatchSummary{}) {
			if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || ascii && r > 0x7e {
				t.Fatalf("%q reached the terminal", r)
			}
		}
	})
}

// The guide shows what is printed.
func TestGuideIsTrue(t *testing.T) {
	const guide, begin, end = "../../docs/guide/watch.md", "## What it says\n\n```\n", "\n```\n"
	page, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	before, shown, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(shown, end)
	if !found || !closed {
		t.Fatal("the guide shows nothing")
	}
	for c := range golden.Cases(t, "testdata/watch/day.txtar") {
		_, found, sum := told(t, c.Archive)
		first, _, _ := strings.Cut(watch(t, "text", report.Style{}, found, sum), "\n\n")
		golden.Keep(t, guide, before+begin+first+end+after)
	}
}
