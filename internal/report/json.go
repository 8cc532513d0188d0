package report

import (
	"encoding/json"
	"fmt"
	"io"

	"cairn.example/internal/model"
)

// auditSchema names the version of the JSON document.
const auditSchema = "cairn.audit/v1"

// document is the JSON format: a struct, so that its members keep this order.
type document struct {
	Schema   string          `json:"schema"`
	Findings []model.Finding `json:"findings"`
	Gaps     []model.Gap     `json:"gaps"`
	Summary  model.Summary   `json:"summary"`
}

type jsonWriter struct {
	out io.Writer
	doc document
}

func newJSON(out io.Writer, _ Style) Writer {
	return &jsonWriter{out, document{Schema: auditSchema, Findings: []model.Finding{}, Gaps: []model.Gap{}}}
}

func (w *jsonWriter) Start(s model.Summary) error {
	w.doc.Summary = s
	return nil
}

func (w *jsonWriter) Finding(f model.Finding) error {
	w.doc.Findings = append(w.doc.Findings, f)
	return nil
}

func (w *jsonWriter) Gap(g model.Gap) error {
	w.doc.Gaps = append(w.doc.Gaps, g)
	return nil
}

func (w *jsonWriter) Close() error {
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(w.doc); err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return nil
}

// jsonlWriter writes each finding and gap as its own line when it comes, and the summary as the last. The
// member "type" comes first and tells which of them a line is.
type jsonlWriter struct {
	out     io.Writer
	summary model.Summary
}

// The kinds of lines.
type (
	findingLine struct {
		Type string `json:"type"`
		model.Finding
	}
	gapLine struct {
		Type string `json:"type"`
		model.Gap
	}
	summaryLine struct {
		Type   string `json:"type"`
		Schema string `json:"schema"`
		model.Summary
	}
)

func newJSONL(out io.Writer, _ Style) Writer { return &jsonlWriter{out: out} }

func (w *jsonlWriter) Start(s model.Summary) error {
	w.summary = s
	return nil
}

func (w *jsonlWriter) Finding(f model.Finding) error { return w.line(findingLine{"finding", f}) }

func (w *jsonlWriter) Gap(g model.Gap) error { return w.line(gapLine{"gap", g}) }

func (w *jsonlWriter) Close() error { return w.line(summaryLine{"summary", auditSchema, w.summary}) }

func (w *jsonlWriter) line(v any) error {
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write jsonl: %w", err)
	}
	return nil
}
