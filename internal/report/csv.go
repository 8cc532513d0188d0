package report

import "io"

func newCSV(out io.Writer, s Style) Writer { return newText(out, s) }
