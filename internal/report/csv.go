package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"cairn.example/internal/model"
)

// csvWriter writes a finding a row (RFC 4180: a header, lines that end in CR LF).
type csvWriter struct{ rows *csv.Writer }

func newCSV(out io.Writer, _ Style) Writer {
	rows := csv.NewWriter(out)
	rows.UseCRLF = true
	return &csvWriter{rows}
}

const separator = "; " // within a cell: a row stays a line

// column is one column of the table.
type column struct {
	name string
	of   func(*model.Finding) string
}

var csvColumns = []column{
	{"account", func(f *model.Finding) string { return f.Account }},
	{"region", func(f *model.Finding) string { return f.Region }},
	{"status", func(f *model.Finding) string { return string(f.Status) }},
	{"severity", func(f *model.Finding) string { return f.Severity.String() }},
	{"rule", func(f *model.Finding) string { return f.Rule }},
	{"title", func(f *model.Finding) string { return f.Title }},
	{"resource_kind", func(f *model.Finding) string { return f.Resource.Kind }},
	{"resource", func(f *model.Finding) string { return f.Resource.ID }},
	{"message", func(f *model.Finding) string { return f.Message }},
	{"notes", func(f *model.Finding) string { return strings.Join(f.Notes, separator) }},
	{"evidence", func(f *model.Finding) string { return joined(f.Evidence, evidenceText) }},
	{"controls", func(f *model.Finding) string { return joined(f.Controls, controlText) }},
	{"fix", func(f *model.Finding) string { return f.Fix }},
	{"page", func(f *model.Finding) string { return f.Page }},
	{"id", func(f *model.Finding) string { return f.ID }},
}

func (w *csvWriter) Start(model.Summary) error {
	var row []string
	for _, c := range csvColumns {
		row = append(row, c.name)
	}
	return w.write(row)
}

func (w *csvWriter) Finding(f model.Finding) error {
	var row []string
	for _, c := range csvColumns {
		row = append(row, inert(c.of(&f)))
	}
	return w.write(row)
}

// Gap writes nothing: a gap has other columns, and what it leaves unknown is a row.
func (w *csvWriter) Gap(model.Gap) error { return nil }

func (w *csvWriter) Close() error {
	w.rows.Flush()
	if err := w.rows.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func (w *csvWriter) write(row []string) error {
	if err := w.rows.Write(row); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// inert keeps a spreadsheet from running a cell as a formula (OWASP: CSV Injection): a name in an account that
// somebody else may choose must not reach a command on the reader's machine.
func inert(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
		return "'" + cell
	}
	return cell
}

func joined[T any](items []T, text func(T) string) string {
	var out []string
	for _, i := range items {
		out = append(out, text(i))
	}
	return strings.Join(out, separator)
}

func controlText(c model.Control) string { return c.Framework + " " + c.ID }

// evidenceText is a fact in a line: "IsLogging = false (GetTrailStatus eu-west-1)".
func evidenceText(e model.Evidence) string {
	text := e.Fact
	if value := e.JSON(); value != nil {
		text += " = " + string(value)
	}
	if from := e.Origin.String(); from != "" {
		text += " (" + from + ")"
	}
	if e.Origin.Why != "" {
		text += ": " + e.Origin.Why
	}
	return text
}
