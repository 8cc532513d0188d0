package recall_test

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"testing"

	"cairn.example/detections"
	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
	"cairn.example/rules/all"
)

// judged is what became of one record, alone: in a log, a finding's severity grows with repetition.
type judged struct {
	labelled
	row      row
	found    []model.Finding
	unknown  []model.Finding // what is told while what the row gives is not known
	rejected string
}

// TestRecall holds docs/recall.md to what the detections say of the logs in CAIRN_CORPUS.
func TestRecall(t *testing.T) {
	root := os.Getenv("CAIRN_CORPUS")
	if root == "" {
		t.Skip("CAIRN_CORPUS names no folder with logs/ in it: see test/recall/doc.go")
	}
	ours, err := detect.Load(detections.Files)
	if err != nil {
		t.Fatal(err)
	}
	rows := readRows(t)
	used := make([]bool, len(rows))
	var out []judged
	for _, l := range readCorpus(t, root) {
		i := slices.IndexFunc(rows, func(r row) bool { return r.fits(l) })
		if i < 0 {
			t.Errorf("labels.txt has no row for %s %s %s", l.corpus, l.label, l.event)
			continue
		}
		used[i] = true
		j := judge(t, ours, everything(rows), l, rows[i])
		if rows[i].verdict == no && len(j.found) > 0 {
			t.Errorf("%s %s %s: %s tells it: labels.txt has to say whether that is right or wrong", l.corpus, l.label, l.event, j.found[0].Rule)
		}
		out = append(out, j)
	}
	for i, r := range rows {
		if !used[i] {
			t.Errorf("labels.txt: no record fits %s %s %s", r.corpus, r.label, r.event)
		}
	}
	if !t.Failed() {
		golden.Keep(t, "../../docs/recall.md", page(out))
	}
}

// everything is all that any row gives. Records that should stay silent have to stay so while all of it is known.
func everything(rows []row) sigma.Values {
	out := sigma.Values{}
	for _, r := range rows {
		for name, values := range r.given {
			out[name] = append(out[name], values...)
		}
	}
	for name, values := range out {
		out[name] = slices.Compact(slices.Sorted(slices.Values(values)))
	}
	return out
}

func judge(t *testing.T, ours []*detect.Detection, known sigma.Values, l labelled, r row) judged {
	t.Helper()
	j := judged{labelled: l, row: r}
	switch {
	case r.verdict == no:
		j.found, j.rejected = tell(t, ours, known, l)
	case r.given == nil:
		j.found, j.rejected = tell(t, ours, nil, l)
	default:
		j.found, j.rejected = tell(t, ours, r.given, l)
		j.unknown, _ = tell(t, ours, nil, l)
	}
	return j
}

// tell is what all detections say of one record, knowing no account and no trail but by these values.
func tell(t *testing.T, ours []*detect.Detection, values sigma.Values, l labelled) (found []model.Finding, rejected string) {
	t.Helper()
	d, _, err := detect.New(detect.Options{
		Detections: ours, Rules: all.Rules(), Values: maps.Clone(values),
		Rejected: func(e *event.RecordError) { rejected = e.Detail },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Read(l.label, bytes.NewReader(l.raw)); err != nil {
		t.Fatal(err)
	}
	return d.Tell(), rejected
}

// told tells whether the detection that the row names did.
func (j judged) told() bool { return j.finding() != nil }

func (j judged) finding() *model.Finding {
	i := slices.IndexFunc(j.found, func(f model.Finding) bool { return f.Rule == j.row.detection })
	if i < 0 {
		return nil
	}
	return &j.found[i]
}
