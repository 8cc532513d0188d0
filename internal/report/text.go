package report

import (
	"fmt"
	"io"

	"cairn.example/internal/model"
)

type textWriter struct {
	out   io.Writer
	style Style
}

func newText(out io.Writer, s Style) Writer { return &textWriter{out, s} }

func (w *textWriter) Start(s model.Summary) error {
	for _, a := range s.Accounts {
		fmt.Fprintf(w.out, "Account %s, as %s. %d Regions read.\n\n%s\n\n", a.ID, a.Caller, a.Regions, a.Headline)
	}
	return nil
}

func (w *textWriter) Finding(f model.Finding) error {
	_, err := fmt.Fprintf(w.out, "%-8s %-8s %s  %s %s\n  %s\n", f.Status, f.Severity, f.Rule, f.Title, f.Resource.ID, f.Message)
	return err
}

func (w *textWriter) Gap(model.Gap) error { return nil }

func (w *textWriter) Close() error { return nil }
