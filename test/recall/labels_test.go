package recall_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/sigma"
)

// row is a line of labels.txt: what records of a label ask of cairn.
type row struct {
	corpus, label, event string // patterns of path.Match
	verdict              verdict
	detection            string
	given                sigma.Values // nil: nothing has to be known
	why                  string
}

type verdict string

const (
	must  verdict = "must"  // be told
	no    verdict = "no"    // should not be told
	right verdict = "right" // told although no label asks for it, and rightly
	wrong verdict = "wrong" // told, and a mistake
)

func readRows(t *testing.T) []row {
	t.Helper()
	data, err := os.ReadFile("labels.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, " | ")
		if len(f) != 6 {
			t.Fatalf("labels.txt: %q has %d columns, want 6", line, len(f))
		}
		r := row{corpus: f[0], label: f[1], event: f[2], verdict: must, detection: f[3], why: f[5]}
		if word, id, two := strings.Cut(f[3], " "); two {
			r.verdict, r.detection = verdict(word), id
		} else if f[3] == string(no) {
			r.verdict, r.detection = no, ""
		}
		if name, value, ok := strings.Cut(f[4], "="); ok {
			r.given = sigma.Values{name: {sigma.Quote(value)}}
		}
		out = append(out, r)
	}
	return out
}

// TestLabels holds the table itself, without the logs: detections that it names are there, and so are placeholders.
func TestLabels(t *testing.T) {
	all, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string][]string{}
	for _, d := range all {
		for _, r := range d.Rules {
			fields[d.ID] = append(fields[d.ID], r.Placeholders()...)
		}
	}
	for _, r := range readRows(t) {
		placeholders, known := fields[r.detection]
		switch {
		case !slices.Contains([]verdict{must, no, right, wrong}, r.verdict):
			t.Errorf("labels.txt: %v: verdict %q", r, r.verdict)
		case r.verdict != no && !known && r.detection != "CT-013":
			t.Errorf("labels.txt: %s %s: there is no detection %q", r.label, r.event, r.detection)
		}
		for name := range r.given {
			if !slices.Contains(placeholders, name) {
				t.Errorf("labels.txt: %s %s: %s does not use %%%s%%", r.label, r.event, r.detection, name)
			}
		}
		if _, err := path.Match(r.label, ""); err != nil || r.why == "" {
			t.Errorf("labels.txt: %s %s: %v, why %q", r.label, r.event, err, r.why)
		}
	}
}

// fits tells whether the row is about the record.
func (r row) fits(l labelled) bool {
	like := func(pattern, text string) bool {
		ok, err := path.Match(pattern, text)
		return ok && err == nil
	}
	return r.corpus == l.corpus && like(r.label, l.label) && like(r.event, l.event)
}
