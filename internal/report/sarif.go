package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

const (
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifVersion = "2.1.0"
)

// sarifWriter writes SARIF. Passes are left out: GitHub makes an alert of every result, whatever its kind.
type sarifWriter struct {
	out     io.Writer
	page    func(string) string
	summary model.Summary
	rules   map[string]sarifRule
	found   []model.Finding
	gaps    []sarifNotification
}

func newSARIF(out io.Writer, s Style) Writer {
	return &sarifWriter{out: out, page: s.Page, rules: map[string]sarifRule{}, gaps: []sarifNotification{}}
}

func (w *sarifWriter) Start(s model.Summary) error {
	w.summary = s
	return nil
}

func (w *sarifWriter) Finding(f model.Finding) error {
	if _, ok := w.rules[f.Rule]; !ok {
		w.rules[f.Rule] = w.rule(&f)
	}
	if bad(f) {
		w.found = append(w.found, f)
	}
	return nil
}

func (w *sarifWriter) Gap(g model.Gap) error {
	level := "warning"
	if g.AnsweredBy != "" || g.Accepted {
		level = "note"
	}
	text := fmt.Sprintf("account %s: %s", g.Account, g)
	switch {
	case g.AnsweredBy != "":
		text += "; " + g.AnsweredBy + " answered instead"
	case g.Permission != "" && model.Denied(g.Code):
		text += "; needs " + g.Permission
	}
	w.gaps = append(w.gaps, sarifNotification{level, sarifText{Text: text}})
	return nil
}

func (w *sarifWriter) Close() error {
	run := sarifRun{Automation: sarifAutomation{w.automation()}, Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "cairn", Version: w.summary.Version, Rules: []sarifRule{}}
	index := map[string]int{}
	for i, id := range slices.Sorted(maps.Keys(w.rules)) {
		index[id] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, w.rules[id])
	}
	for i := range w.found {
		run.Results = append(run.Results, sarifResultOf(&w.found[i], index[w.found[i].Rule]))
	}
	run.Invocations = []sarifInvocation{{Successful: true, End: sarifTime(w.summary.CollectedAt), Notifications: w.gaps}}
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sarifLog{sarifSchema, sarifVersion, []sarifRun{run}}); err != nil {
		return fmt.Errorf("write sarif: %w", err)
	}
	return nil
}

func sarifTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// automation names the run after its accounts. GitHub takes what stands before the last slash for the category,
// and a new upload replaces the one of the same category.
func (w *sarifWriter) automation() string {
	var ids []string
	for _, a := range w.summary.Accounts {
		ids = append(ids, a.ID)
	}
	name := strings.Join(ids, " ")
	if len(ids) > 1 {
		sum := sha256.Sum256([]byte(name))
		name = fmt.Sprintf("%d-accounts-%s", len(ids), hex.EncodeToString(sum[:4]))
	}
	return "cairn/" + name + "/" + sarifTime(w.summary.CollectedAt)
}

// rule describes the rule that a finding comes from.
func (w *sarifWriter) rule(f *model.Finding) sarifRule {
	r := sarifRule{ID: f.Rule, Short: sarifText{Text: f.Title}, Default: sarifConfig{sarifLevel(f.Severity)}}
	r.Full.Text = fmt.Sprintf("%s. A failure is %s: %s.", strings.TrimSuffix(f.Title, "."), f.Severity, f.Label)
	r.Help.Text = fmt.Sprintf("%s prints what the rule promises, why, and how to put a failure right.", f.Page)
	if w.page != nil {
		r.Help.Markdown = w.page(f.Rule)
	}
	r.Properties.Tags = []string{"security", "aws", "cloudtrail"}
	r.Properties.Precision = "very-high"
	r.Properties.Severity = securitySeverity(f.Severity)
	return r
}

// sarifResultOf says a finding. SARIF 3.27.10 wants level none for every kind but fail; GitHub shows a rule's
// security-severity instead, so that an unknown is as loud there as a failure.
func sarifResultOf(f *model.Finding, rule int) sarifResult {
	r := sarifResult{
		RuleID: f.Rule, RuleIndex: rule, Kind: "fail", Level: sarifLevel(f.Severity),
		Message:      sarifText{Text: sarifMessage(f)},
		Fingerprints: map[string]string{"cairnFindingId/v1": f.ID, "primaryLocationLineHash": f.ID}, // GitHub reads only the second
		Properties: sarifProperties{
			Account: f.Account, Region: f.Region, Status: string(f.Status), Severity: f.Severity.String(),
			Controls: []string{}, Fix: f.Fix, Page: f.Page,
		},
	}
	if f.Status == model.StatusUnknown {
		r.Kind, r.Level = "open", "none"
	}
	for _, c := range f.Controls {
		r.Properties.Controls = append(r.Properties.Controls, controlText(c))
	}
	at := sarifLocation{Logical: []sarifLogical{{resource(f), f.Resource.ID, "resource"}}}
	at.Physical.Artifact.URI = "rules/" + f.Rule + "/page.md" // GitHub refuses a result without a file
	at.Physical.Region.StartLine = 1
	r.Locations = []sarifLocation{at}
	return r
}

func sarifMessage(f *model.Finding) string {
	text := fmt.Sprintf("account %s, %s: %s", f.Account, resource(f), sentence(f.Message))
	if f.Resource.Kind == model.AccountKind {
		text = fmt.Sprintf("account %s: %s", f.Account, sentence(f.Message))
	}
	if f.Status == model.StatusUnknown {
		text = "Unknown: " + text
	}
	for _, n := range f.Notes {
		text += "\n" + sentence(n)
	}
	if f.Fix != "" {
		text += "\nFix: " + f.Fix
	}
	return text
}

func sarifLevel(s model.Severity) string {
	switch {
	case s >= model.High:
		return "error"
	case s == model.Medium:
		return "warning"
	}
	return "note"
}

// securitySeverity is a number in the band that GitHub calls by the same name: critical from 9.0, high from 7.0,
// medium from 4.0.
func securitySeverity(s model.Severity) string {
	switch s {
	case model.Extreme:
		return "9.8"
	case model.VeryHigh:
		return "9.0"
	case model.High:
		return "8.0"
	case model.Medium:
		return "5.5"
	case model.Low:
	}
	return "2.0"
}
