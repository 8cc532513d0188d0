package store_test

import (
	"errors"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

// The end of a silence brings what it held, also where the channel had failed before, and nothing that waits for another
// reason.
func TestUnsilence(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		repeated, held := channeltest.Stopped(), other(channeltest.Stopped(), "444444444444", "-two")
		standing := map[string]bool{repeated.ID: true, held.ID: true}
		w.tell(t, standing, repeated)
		for _, d := range w.lease(t, "mail") {
			w.shown(t, d, "x")
		}
		w.tell(t, standing, stoppedAgain(), held) // the first waits for the interval of repeats
		one := notify.Silence{ID: "s", Begins: *w.now, Ends: w.now.Add(72 * time.Hour)}
		if err := w.Silence(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		due := w.lease(t, "mail")
		if len(due) != 1 || due[0].Notice.Finding.ID != held.ID {
			t.Fatalf("due is %+v", due)
		}
		why := &notify.Error{Failure: notify.Later, Err: errors.New("down")}
		if err := w.Failed(t.Context(), due[0], "", why, w.now.Add(5*time.Second)); err != nil {
			t.Fatal(err)
		}
		*w.now = w.now.Add(10 * time.Second)
		for _, d := range w.lease(t, "mail") {
			if err := w.Hold(t.Context(), d, one.Ends); err != nil {
				t.Fatal(err)
			}
		}
		if ok, err := w.Unsilence(t.Context(), "s"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if due := w.lease(t, "mail"); len(due) != 1 || due[0].Notice.Finding.ID != held.ID {
			t.Errorf("the silence has ended, and due is %+v; want what it held and nothing else", due)
		}
	})
}

// What is put off by a silence while that is ended is not put off.
func TestUnsilenceWhileItHolds(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.tell(t, nil, channeltest.Stopped())
		if err := w.Silence(t.Context(), notify.Silence{ID: "s", Begins: *w.now, Ends: w.now.Add(72 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		d := w.lease(t, "mail")[0]
		until, err := w.Quieted(t.Context(), d.Notice.Finding)
		if err != nil || until.IsZero() {
			t.Fatalf("quieted until %v, %v", until, err)
		}
		if ok, err := w.Unsilence(t.Context(), "s"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := w.Hold(t.Context(), d, until); err != nil {
			t.Fatal(err)
		}
		if due := w.lease(t, "mail"); len(due) != 1 {
			t.Errorf("the silence has ended, and due is %+v", due)
		}
	})
}

// A silence never takes the place of another.
func TestSilencesHaveIDsOfTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		first := notify.Silence{ID: "s", Begins: *w.now, Ends: w.now.Add(time.Hour), Reason: "the trail moves"}
		if err := w.Silence(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		second := first
		second.Reason = "something else"
		if err := w.Silence(t.Context(), second); err == nil {
			t.Error("a second one of the same id is kept")
		}
		if kept, err := w.Silences(t.Context()); err != nil || len(kept) != 1 || kept[0].Reason != first.Reason {
			t.Errorf("kept is %+v, %v", kept, err)
		}
	})
}
