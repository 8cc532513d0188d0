package report_test

import (
	"bytes"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// watched are all detections.
func watched(t *testing.T) []*detect.Detection {
	t.Helper()
	found, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// detected is what detections find in a case of theirs.
func detected(t *testing.T, watched []*detect.Detection, ar *txtar.Archive) []model.Finding {
	t.Helper()
	o := detect.Options{
		Detections: watched, Rules: all.Rules(), Dedup: true, Settings: rule.Settings{Preset: rule.Default},
		Values:   map[string][]string{"watched_alarms": {"trail-changes"}, "watched_event_rules": {"trail-to-siem"}, "watched_queues": {"cairn-events"}},
		Controls: func(id string) []model.Control { return []model.Control{{Framework: "x", ID: id}} },
	}
	var records []byte
	for _, f := range ar.Files {
		switch f.Name {
		case "records.json":
			records = f.Data
		case "aws.json":
			c, err := ruletest.Parse(ar)
			if err != nil {
				t.Fatal(err)
			}
			o.Snapshot = c.Collect(t, all.Rules().Needs())
		}
	}
	d, _, err := detect.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Read("records.json", bytes.NewReader(records)); err != nil {
		t.Fatal(err)
	}
	return d.Tell()
}
