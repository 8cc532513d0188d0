package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
)

// result is a report's input, as the JSON format writes it.
type result struct {
	Findings []model.Finding `json:"findings"`
	Gaps     []model.Gap     `json:"gaps"`
	Summary  model.Summary   `json:"summary"`
}

const texts = "testdata/text/*.txtar"

func readCase(t *testing.T, path string) (*txtar.Archive, result) {
	t.Helper()
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return ar, resultOf(t, ar)
}

// resultOf reads a case: report.json, and in the comment, which JSON does not tell, whether an account's events
// are recorded: "recorded 111122223333 yes".
func resultOf(t *testing.T, ar *txtar.Archive) result {
	t.Helper()
	if len(ar.Files) < 2 || ar.Files[0].Name != "report.json" {
		t.Fatal("want report.json and what is printed of it")
	}
	var r result
	if err := json.Unmarshal(ar.Files[0].Data, &r); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(ar.Comment)) {
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != "recorded" {
			continue
		}
		for i := range r.Summary.Accounts {
			if a := &r.Summary.Accounts[i]; a.ID == words[1] {
				a.Recorded = map[string]model.Tri{"yes": model.Yes, "no": model.No}[words[2]]
			}
		}
	}
	return r
}

// style reads the name of a section: "want verbose width=100".
func style(t *testing.T, name string) report.Style {
	t.Helper()
	var s report.Style
	for word := range strings.FieldsSeq(strings.TrimPrefix(name, "want")) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "verbose":
			s.Verbose = true
		case "color":
			s.Color = true
		case "ascii":
			s.ASCII = true
		case "width":
			s.Width, _ = strconv.Atoi(value)
		default:
			t.Fatalf("section %q: %q is no style", name, word)
		}
	}
	return s
}

func write(t *testing.T, format string, r result, s report.Style) string {
	t.Helper()
	f, err := report.FormatNamed(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.Write(f.New(&b, s), r.Summary, r.Findings, r.Gaps); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestText prints each case in each style that it has a section for. <ESC> stands for the escape character.
func TestText(t *testing.T) {
	for c := range golden.Cases(t, texts) {
		t.Run(c.Name, func(t *testing.T) {
			r := resultOf(t, c.Archive)
			for i := range c.Files[1:] {
				want := &c.Files[i+1]
				s := style(t, want.Name)
				text := write(t, "text", r, s)
				checkLines(t, text, s)
				want.Data = []byte(strings.ReplaceAll(text, "\x1b", "<ESC>"))
			}
			c.Keep(t)
		})
	}
}

// pasted is a command, which stays whole.
var pasted = regexp.MustCompile(`^ *(fix +)?(cairn|aws) `)

// checkLines holds for every text: no line is wider than asked, but for a command that must stay whole or a
// word that cannot be broken, and none ends in a space.
func checkLines(t *testing.T, text string, s report.Style) {
	t.Helper()
	width := min(max(s.Width, 40), 120)
	if s.Width == 0 {
		width = 80
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimRight(line, " ") != line {
			t.Errorf("ends in a space: %q", line)
		}
		plain := line
		for _, code := range []string{"\x1b[0m", "\x1b[1;31m", "\x1b[31m", "\x1b[33m", "\x1b[35m", "\x1b[36m", "\x1b[32m"} {
			plain = strings.ReplaceAll(plain, code, "")
		}
		if n := len([]rune(plain)); n > width && !pasted.MatchString(plain) && strings.Contains(strings.TrimSpace(plain), " ") {
			t.Errorf("%d columns, want at most %d: %q", n, width, line)
		}
	}
}

// A thousand accounts stay a page that a person can scroll: those in a state that was told before take one line.
func TestTextOfManyAccounts(t *testing.T) {
	_, one := readCase(t, "testdata/text/excludes-kms.txtar")
	var many result
	for i := range 1000 {
		id := fmt.Sprintf("%012d", i)
		many.Summary.Accounts = append(many.Summary.Accounts, model.AccountSummary{ID: id, Caller: "arn:aws:iam::" + id + ":user/audit", Regions: 3, Headline: "Same."})
		for _, f := range one.Findings {
			f.Account, f.ID = id, fmt.Sprintf("%016x", i)
			f.Resource.ID = strings.ReplaceAll(f.Resource.ID, "111122223333", id)
			many.Findings = append(many.Findings, f)
		}
	}
	many.Summary.Count(many.Findings)
	if n := strings.Count(write(t, "text", many, report.Style{}), "\n"); n > 1000+50 {
		t.Errorf("%d lines", n)
	}
}

func FuzzTextIsSafe(f *testing.F) {
	f.Add("\x1b[2J", "trail/\u202e", 0, true)
	f.Add("a\xffb\nc", "", 50, false)
	f.Fuzz(func(t *testing.T, message, name string, width int, ascii bool) {
		r := result{Findings: []model.Finding{
			{Rule: name, Status: model.StatusFail, Severity: model.High, Title: message, Message: message, Notes: []string{name, message}, Fix: message, Resource: model.Ref{Kind: model.TrailKind, ID: name}},
			{Rule: name, Status: model.StatusUnknown, Message: name, Resource: model.Ref{Kind: message, ID: name}},
		}}
		r.Summary.Accounts = []model.AccountSummary{{Headline: message, Caller: name, Refused: []string{message}}}
		r.Gaps = []model.Gap{{Call: name, Why: message, Resource: name, Region: message}}
		for _, c := range write(t, "text", r, report.Style{Width: width, ASCII: ascii}) {
			if c < ' ' && c != '\n' || c == 0x7f || c >= 0x80 && c < 0xa0 || c >= 0x202a && c <= 0x202e || ascii && c > 0x7e {
				t.Fatalf("%q reached the terminal", c)
			}
		}
	})
}
