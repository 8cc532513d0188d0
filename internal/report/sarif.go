package report

import "io"

func newSARIF(out io.Writer, s Style) Writer { return newText(out, s) }
