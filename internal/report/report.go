// Package report writes what an audit found: for people, for programs, for other tools.
//
// A format is a [Writer], one file, and one line in the table [Formats].
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// Writer writes one format. Findings come sorted within an account, accounts one after the other, then the
// gaps. Close flushes, is called once, and also after an error.
type Writer interface {
	Start(model.Summary) error
	Finding(model.Finding) error
	Gap(model.Gap) error
	Close() error
}

// Style is how a format may look on its output.
type Style struct {
	Color   bool
	Width   int  // columns; 0 is unknown
	ASCII   bool // the locale has no UTF-8
	Verbose bool // everything: passes, answered gaps, and all that a failure has to say

	// Page is a rule's page as Markdown, for the formats that carry it; nil leaves it out.
	Page func(rule string) string
}

// Format makes the writer of a format.
type Format struct {
	Name string
	Help string
	New  func(io.Writer, Style) Writer
}

// Formats is every format, the default first.
var Formats = []Format{
	{"text", "for people", newText},
	{"json", "one document (docs/schema/audit.v1.json)", newJSON},
	{"jsonl", "a finding or gap a line, the summary last", newJSONL},
	{"csv", "a finding a row", newCSV},
	{"sarif", "SARIF 2.1.0, for code scanning", newSARIF},
}

// FormatNamed finds a format.
func FormatNamed(name string) (Format, error) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, fmt.Errorf("format %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	return Formats[i], nil
}

// Names lists the formats' names.
func Names() []string {
	var out []string
	for _, f := range Formats {
		out = append(out, f.Name)
	}
	return out
}

// Write sends a whole result through a writer and closes it.
func Write(w Writer, s model.Summary, findings []model.Finding, gaps []model.Gap) (err error) {
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	if err := w.Start(s); err != nil {
		return err
	}
	for _, f := range findings {
		if err := w.Finding(f); err != nil {
			return err
		}
	}
	for _, g := range gaps {
		if err := w.Gap(g); err != nil {
			return err
		}
	}
	return nil
}
