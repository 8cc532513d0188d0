package detections_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"cairn.example/internal/detect"
)

// The detection that the guide shows is one.
func TestGuidesDetectionLoads(t *testing.T) {
	page, err := os.ReadFile("../docs/guide/writing-detections.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "\n```yaml\n")
	rules, _, ok := strings.Cut(shown, "\n```\n")
	if !ok {
		t.Fatal("the guide shows no detection")
	}
	found, err := detect.Load(fstest.MapFS{"rtm120-access-keys/detection.yml": {Data: []byte(rules)}})
	if err != nil {
		t.Fatal(err)
	}
	if d := found[0]; len(d.Rules) != 1 || len(d.Rules[0].Warnings) > 0 || len(d.Actions()) == 0 {
		t.Errorf("%d rules, %d actions", len(d.Rules), len(d.Actions()))
	}
}
