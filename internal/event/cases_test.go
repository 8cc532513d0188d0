package event_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/event"
	"cairn.example/internal/golden"
)

// TestCases reads the "in" section of every file of testdata, in several ways, and compares with its "want" section.
func TestCases(t *testing.T) {
	for c := range golden.Cases(t, pattern) {
		t.Run(c.Name, func(t *testing.T) {
			in := c.Files[0].Data
			got := tell(t, event.NewReader(event.Options{}), in)
			c.Want(t, got)
			for way, src := range ways(in) {
				if diff := cmp.Diff(got, tellFrom(t, event.NewReader(event.Options{}), src)); diff != "" {
					t.Errorf("%s: at once -, so +\n%s", way, diff)
				}
			}
		})
	}
}

const pattern = "testdata/*.txtar"

func cases(tb testing.TB) map[string]*txtar.Archive {
	tb.Helper()
	all := map[string]*txtar.Archive{}
	for _, file := range golden.Glob(tb, pattern) {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if len(ar.Files) != 2 || ar.Files[0].Name != "in" || ar.Files[1].Name != "want" {
			tb.Fatalf("%s: a case is an in and a want section", file)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".txtar")] = ar
	}
	return all
}

// line is what a step of a reader says, as a case file writes it.
func line(rec *event.Record, err error) string {
	if bad, ok := errors.AsType[*event.RecordError](err); ok {
		return fmt.Sprintf("reject %d %s: %s\n", bad.Offset, bad.Reason, bad.Detail)
	}
	if err != nil {
		return fmt.Sprintf("error %v\n", err)
	}
	return fmt.Sprintf("record %d %s %s %s\n", rec.Offset, orDash(rec.EventID()), orDash(rec.EventSource()), orDash(rec.EventName()))
}

func orDash(b []byte) string {
	if b == nil {
		return "-"
	}
	return string(b)
}
