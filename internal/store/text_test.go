package store_test

import (
	"testing"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// No name that somebody gives keeps a finding, or all that is told beside it, from being kept.
func TestNamesThatAreNoText(t *testing.T) {
	for name, made := range map[string]string{"NUL": "a\x00b", "no UTF-8": "a\xffb"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w world) {
				t.Helper()
				f := channeltest.Stopped()
				f.Message, f.Region, f.Cause.Reason, f.Cause.EventID, f.Cause.Actor.ARN = made, made, made, made, made
				for range 2 {
					if _, err := w.Tell(t.Context(), store.News{Lines: []model.Finding{f}}); err != nil {
						t.Fatal(err)
					}
				}
				if due := w.lease(t, "mail"); len(due) != 1 {
					t.Errorf("owed: %+v", due)
				}
				if n := w.history(t, f.ID); n != 1 {
					t.Errorf("one event was told %d times", n)
				}
				if err := w.Poisoned(t.Context(), store.Poison{ID: made, Source: made, Body: made, Error: made}); err != nil {
					t.Error(err)
				}
				if err := w.Log(t.Context(), []store.Record{{ID: "x", At: *w.now, Body: []byte(made)}}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// history is how many steps a finding took.
func (w world) history(t *testing.T, finding string) int {
	t.Helper()
	all, err := w.History(t.Context(), finding)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
