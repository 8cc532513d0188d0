package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// Who takes the last exception out of the file is told of what it covered.
func TestTheLastExceptionIsTakenOut(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.Excused = func(model.Finding, time.Time) string { return "a sandbox" }
		f := channeltest.Posture()
		if _, err := w.Tell(t.Context(), store.News{Audits: []store.Audit{{Account: f.Account, Findings: []model.Finding{f}}}}); err != nil {
			t.Fatal(err)
		}
		if due := w.lease(t, "mail"); len(due) > 0 {
			t.Fatalf("what is excepted is told: %+v", due)
		}
		w.Excused = nil
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if due := w.lease(t, "mail"); len(due) != 1 || due[0].Notice.State != notify.Open {
			t.Errorf("no exception is left, and told is %+v", due)
		}
	})
}

// A sweep asks about exceptions at first, and once after each time at which one ends.
func TestExceptionsAreAskedForWhenOneEnds(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		begins, asked := *w.now, 0
		ends := []time.Time{begins.Add(time.Hour), begins.Add(3 * time.Hour)}
		w.Excused = func(_ model.Finding, at time.Time) string {
			asked++
			if at.Before(ends[1]) {
				return "a sandbox"
			}
			return ""
		}
		w.Changes = func(after time.Time) time.Time {
			i := slices.IndexFunc(ends, func(end time.Time) bool { return end.After(after) })
			if i < 0 {
				return time.Time{}
			}
			return ends[i]
		}
		f := channeltest.Posture()
		if _, err := w.Tell(t.Context(), store.News{Audits: []store.Audit{{Account: f.Account, Findings: []model.Finding{f}}}}); err != nil {
			t.Fatal(err)
		}
		asked = 0
		var steps []string
		var asks []int
		for _, hours := range []int{0, 0, 1, 2, 3, 4} {
			*w.now = begins.Add(time.Duration(hours) * time.Hour)
			told, err := w.Sweep(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range told {
				steps = append(steps, fmt.Sprint(hours, " ", one.Step))
			}
			asks = append(asks, min(asked, 1))
			asked = 0
		}
		if diff := cmp.Diff([]int{1, 0, 1, 0, 1, 0}, asks); diff != "" || !slices.Equal(steps, []string{"3 reopened"}) {
			t.Errorf("steps %q; asked (-want +got):\n%s", steps, diff)
		}
	})
}
