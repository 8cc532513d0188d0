package report_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
)

func tree(t *testing.T, doc string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return v
}

// input is one case's input, as it stands in the file and as it was read.
type input struct {
	name, doc string
	result
}

func eachCase(t *testing.T) []input {
	t.Helper()
	var out []input
	for _, path := range golden.Glob(t, texts) {
		ar, r := readCase(t, path)
		out = append(out, input{strings.TrimSuffix(filepath.Base(path), ".txtar"), string(ar.Files[0].Data), r})
	}
	return out
}

func TestJSONLosesNothing(t *testing.T) {
	for _, c := range eachCase(t) {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(tree(t, c.doc), tree(t, write(t, "json", c.result, report.Style{}))); diff != "" {
				t.Errorf("-in +out:\n%s", diff)
			}
		})
	}
}

// The lines of jsonl are the parts of the document, in its order, the summary last.
func TestJSONLIsTheDocumentInLines(t *testing.T) {
	for _, c := range eachCase(t) {
		t.Run(c.name, func(t *testing.T) {
			want, _ := tree(t, c.doc).(map[string]any)
			got := map[string]any{"schema": want["schema"], "findings": []any{}, "gaps": []any{}}
			text := write(t, "jsonl", c.result, report.Style{})
			for line := range strings.Lines(text) {
				if got["summary"] != nil {
					t.Fatalf("a line after the summary: %s", line)
				}
				if !strings.HasPrefix(line, `{"type":"`) {
					t.Errorf("type is not the first member: %s", line)
				}
				v, _ := tree(t, line).(map[string]any)
				kind, _ := v["type"].(string)
				delete(v, "type")
				switch kind {
				case "summary":
					delete(v, "schema")
					got[kind] = v
				case "finding", "gap":
					list, _ := got[kind+"s"].([]any)
					got[kind+"s"] = append(list, v)
				default:
					t.Errorf("type %q", kind)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-json +jsonl:\n%s", diff)
			}
		})
	}
}

func TestCSV(t *testing.T) {
	for _, c := range eachCase(t) {
		t.Run(c.name, func(t *testing.T) {
			text := write(t, "csv", c.result, report.Style{})
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != len(c.Findings)+1 {
				t.Fatalf("%d rows for %d findings and a header", len(rows), len(c.Findings))
			}
			for i, f := range c.Findings {
				row := map[string]string{}
				for j, name := range rows[0] {
					row[name] = rows[i+1][j]
				}
				if row["id"] != f.ID || row["status"] != string(f.Status) || row["resource"] != f.Resource.ID || row["account"] != f.Account {
					t.Errorf("row %v of finding %+v", row, f)
				}
			}
			if strings.Count(text, "\r\n") != strings.Count(text, "\n") {
				t.Error("a line that does not end in CR LF (RFC 4180)")
			}
		})
	}
}

// A cell that a spreadsheet would run is only text.
func FuzzCSVCellsAreInert(f *testing.F) {
	for _, cell := range []string{"=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "", `a"b,c`, "\n=1"} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		r := result{Findings: []model.Finding{{Message: cell, Notes: []string{cell}, Title: cell, Resource: model.Ref{ID: cell}}}}
		rows, err := csv.NewReader(strings.NewReader(write(t, "csv", r, report.Style{}))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, got := range rows[1] {
			if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") {
				t.Errorf("cell %q", got)
			}
		}
	})
}

// An independent reader of SARIF finds what GitHub code scanning asks for: each failing or unknown finding once,
// with a file, a fingerprint and a rule that is described.
func TestSARIF(t *testing.T) {
	for _, c := range eachCase(t) {
		t.Run(c.name, func(t *testing.T) {
			text := write(t, "sarif", c.result, report.Style{Page: func(id string) string { return "# " + id }})
			log, err := sarif.FromString(text)
			if err != nil || len(log.Runs) != 1 {
				t.Fatalf("%d runs, %v", len(log.Runs), err)
			}
			checkSARIF(t, log, text)
			run := log.Runs[0]
			want := slices.DeleteFunc(slices.Clone(c.Findings), func(f model.Finding) bool {
				return f.Status != model.StatusFail && f.Status != model.StatusUnknown
			})
			if len(run.Results) != len(want) {
				t.Fatalf("%d results, want %d", len(run.Results), len(want))
			}
			for i, f := range want {
				checkResult(t, run, run.Results[i], f)
			}
			if got := len(run.Invocations[0].ToolExecutionNotifications); got != len(c.Gaps) {
				t.Errorf("%d notifications of %d gaps", got, len(c.Gaps))
			}
		})
	}
}

// checkSARIF asks the standard's schema, which the reader carries, and whether every member of ours is one that
// the reader knows.
func checkSARIF(t *testing.T, log *sarif.Report, text string) {
	t.Helper()
	again, err := json.Marshal(log)
	if err != nil {
		t.Fatal(err)
	}
	kept(t, "", tree(t, text), tree(t, string(again)))
	run := log.Runs[0] // the reader fills in, wrongly, what may be left out
	run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en-US", "en-US", []string{"\n"}
	if err := log.Validate(); err != nil {
		t.Error(err)
	}
}

// kept tells which members of a JSON value are missing or different in another, which may have more.
func kept(t *testing.T, at string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		members, _ := got.(map[string]any)
		for name, v := range want {
			kept(t, at+"."+name, v, members[name])
		}
	case []any:
		items, _ := got.([]any)
		if len(items) != len(want) {
			t.Errorf("%s: %d items of %d", at, len(items), len(want))
			return
		}
		for i, v := range want {
			kept(t, at+"[]", v, items[i])
		}
	default:
		if want != got {
			t.Errorf("%s: %v became %v", at, want, got)
		}
	}
}

func checkResult(t *testing.T, run *sarif.Run, got *sarif.Result, f model.Finding) {
	t.Helper()
	rule := run.Tool.Driver.Rules[got.RuleIndex]
	if *got.RuleID != f.Rule || *rule.ID != f.Rule || *rule.Help.Markdown != "# "+f.Rule {
		t.Errorf("rule %s, described by %s, for finding %s of %s", *got.RuleID, *rule.ID, f.ID, f.Rule)
	}
	if got.PartialFingerprints["primaryLocationLineHash"] != f.ID {
		t.Errorf("fingerprints %v of finding %s", got.PartialFingerprints, f.ID)
	}
	at := got.Locations[0]
	if *at.PhysicalLocation.ArtifactLocation.URI == "" || *at.LogicalLocations[0].FullyQualifiedName != f.Resource.ID {
		t.Errorf("location %+v of finding %s", at, f.ID)
	}
	if unknown := f.Status == model.StatusUnknown; unknown != (got.Kind == "open") || unknown != strings.HasPrefix(*got.Message.Text, "Unknown: ") {
		t.Errorf("kind %s and %q for a finding that is %s", got.Kind, *got.Message.Text, f.Status)
	}
}

func TestSameInputSameBytes(t *testing.T) {
	_, r := readCase(t, "testdata/text/several-accounts.txtar")
	for _, f := range report.Formats {
		first := write(t, f.Name, r, report.Style{})
		for range 5 {
			if write(t, f.Name, r, report.Style{}) != first {
				t.Errorf("%s differs between runs", f.Name)
			}
		}
	}
}

// full is a disk that takes so many bytes.
type full struct{ room int }

var errFull = errors.New("no space left")

func (d *full) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// Whatever write of a report fails, Write says so: half a report must not pass for a whole one.
func TestWriteErrorsAreTold(t *testing.T) {
	_, r := readCase(t, "testdata/text/several-accounts.txtar")
	for _, f := range report.Formats {
		t.Run(f.Name, func(t *testing.T) {
			size := len(write(t, f.Name, r, report.Style{}))
			for _, room := range []int{0, 1, size / 2, size - 1} {
				if err := report.Write(f.New(&full{room}, report.Style{}), r.Summary, r.Findings, r.Gaps); !errors.Is(err, errFull) {
					t.Errorf("room for %d of %d bytes: %v", room, size, err)
				}
			}
		})
	}
}

func TestFormatNamed(t *testing.T) {
	if _, err := report.FormatNamed("xml"); err == nil || !strings.Contains(err.Error(), "text, json, jsonl, csv, sarif") {
		t.Errorf("error %v does not name the formats", err)
	}
}

// BenchmarkText is a thousand accounts with some findings each.
func BenchmarkText(b *testing.B) {
	r := result{}
	for range 1000 {
		r.Summary.Accounts = append(r.Summary.Accounts, model.AccountSummary{ID: "111122223333"})
		for range 10 {
			r.Findings = append(r.Findings, model.Finding{Account: "111122223333", Status: model.StatusPass, Message: "records every Region"})
		}
	}
	f, err := report.FormatNamed("text")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := report.Write(f.New(io.Discard, report.Style{}), r.Summary, r.Findings, nil); err != nil {
			b.Fatal(err)
		}
	}
}
