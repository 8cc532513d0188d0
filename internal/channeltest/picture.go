package channeltest

import (
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// Picture holds what a channel sends for the samples to a case file: a trail that is stopped, its end, and a finding of
// an audit. Sent is what was sent since it was asked last, as a person can read it.
func Picture(t *testing.T, path string, kind notify.Kind, far *Far, sent func() string) {
	t.Helper()
	s := newStage(t, kind, far)
	ar := &txtar.Archive{Comment: []byte("What is sent for the samples of channeltest. make update writes it anew; read it.\n\n")}
	add := func(name string, f model.Finding, state notify.State) {
		s.show(t, f, state)
		ar.Files = append(ar.Files, txtar.File{Name: name, Data: []byte(sent())})
	}
	add("stopped", Stopped(), notify.Open)
	add("started, resolved", Started(), notify.Resolved)
	s.Again()
	s.Notice.Version, s.Notice.Count = 0, 0
	add("posture", Posture(), notify.Open)
	golden.Keep(t, path, string(txtar.Format(ar)))
}
