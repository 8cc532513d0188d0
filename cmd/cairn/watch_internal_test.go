package main

import (
	"testing"
	"time"

	"cairn.example/internal/model"
)

// A line that was printed is corrected in print, also where what takes its place would have been left out.
func TestPrintedLinesAreCorrected(t *testing.T) {
	show := watchFilter{severity: "high", failOn: "low"}
	if err := show.parse(time.Time{}); err != nil {
		t.Fatal(err)
	}
	line := func(event string, s model.Severity) model.Finding {
		return model.Finding{ID: "1", Severity: s, RealTime: &model.RealTime{Cause: &model.Cause{EventID: event}}}
	}
	for i, c := range []struct {
		model.Finding
		shown bool
	}{{line("a", model.High), true}, {line("a", model.Low), true}, {line("b", model.Low), false}, {line("b", model.Low), false}, {line("b", model.High), true}} {
		if got := show.shows(c.Finding); got != c.shown {
			t.Errorf("line %d is shown: %v", i, got)
		}
	}
}
