package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// stoppedAgain is the trail stopped once more, after it was started.
func stoppedAgain() model.Finding {
	f := channeltest.Stopped()
	rt, c := *f.RealTime, *f.Cause
	c.EventID, c.EventTime = "again", channeltest.Started().Cause.EventTime.Add(time.Hour)
	rt.Cause = &c
	f.RealTime = &rt
	return f
}

// What a finding comes to while a channel is brought something is owed afterwards, also where the channel showed just that
// before.
func TestReopenedWhileTheEndIsBrought(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		stopped := channeltest.Stopped()
		w.tell(t, map[string]bool{stopped.ID: true}, stopped)
		w.shown(t, w.lease(t, "mail")[0], "")
		w.tell(t, map[string]bool{stopped.ID: false}, channeltest.Started())
		end := w.lease(t, "mail")
		w.tell(t, map[string]bool{stopped.ID: true}, stoppedAgain())
		w.shown(t, end[0], "")
		due := w.lease(t, "mail")
		if len(due) != 1 || due[0].Notice.State != notify.Open || due[0].Before != notify.Resolved {
			t.Fatalf("the trail is stopped and mail says that it is not; owed: %+v", due)
		}
		w.shown(t, due[0], "")
		if due := w.lease(t, "mail"); due != nil {
			t.Errorf("owed after all was shown: %+v", due)
		}
	})
}

// What came back before anybody heard of it is nothing to tell, unless somebody may have begun to.
func TestReopenedBeforeTheEndIsBrought(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*testing.T, world)
		want int
	}{
		{"nobody began", func(*testing.T, world) {}, 0},
		{"a worker died over it", func(t *testing.T, w world) {
			t.Helper()
			w.lease(t, "mail")
			if err := w.Bury(t.Context(), func(process string) bool { return process == "me" }); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"a worker died over it, and the next put it off", func(t *testing.T, w world) {
			t.Helper()
			w.lease(t, "mail")
			if err := w.Bury(t.Context(), func(process string) bool { return process == "me" }); err != nil {
				t.Fatal(err)
			}
			if err := w.Hold(t.Context(), w.lease(t, "mail")[0], *w.now); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"a worker put it off", func(t *testing.T, w world) {
			t.Helper()
			if err := w.Hold(t.Context(), w.lease(t, "mail")[0], *w.now); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"it may have arrived, and somebody has it tried again", func(t *testing.T, w world) {
			t.Helper()
			why := &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("hung up")}
			if err := w.Failed(t.Context(), w.lease(t, "mail")[0], "", why, *w.now); err != nil {
				t.Fatal(err)
			}
			if _, err := w.OpenChannel(t.Context(), "mail"); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"it may have arrived", func(t *testing.T, w world) {
			t.Helper()
			why := &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("hung up")}
			if err := w.Failed(t.Context(), w.lease(t, "mail")[0], "", why, *w.now); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w world) {
				t.Helper()
				stopped := channeltest.Stopped()
				w.tell(t, map[string]bool{stopped.ID: true}, stopped)
				w.shown(t, w.lease(t, "mail")[0], "")
				w.tell(t, map[string]bool{stopped.ID: false}, channeltest.Started())
				c.do(t, w)
				w.tell(t, map[string]bool{stopped.ID: true}, stoppedAgain())
				if due := w.lease(t, "mail"); len(due) != c.want {
					t.Errorf("owed %d times, want %d: %+v", len(due), c.want, due)
				}
			})
		})
	}
}

// Who says no more that it lives loses what it leased, to others and long before the lease is over.
func TestAbsentWorkersLoseWhatTheyLeased(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.tell(t, nil, channeltest.Stopped())
		take := func(worker string) int {
			due, err := w.Lease(t.Context(), "mail", worker, 10, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return len(due)
		}
		if err := w.Present(t.Context(), "one", 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if take("one") != 1 || take("other") != 0 || take("one") != 0 {
			t.Fatal("what is leased is taken")
		}
		*w.now = w.now.Add(11 * time.Second)
		if take("one") != 0 || take("other") != 1 {
			t.Error("what a dead worker leased is not taken, or by itself")
		}
	})
}

// Who lives is known to the others until it says that it ends, or no longer says that it lives.
func TestOthersThatLive(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		others := func(when string, want ...string) {
			t.Helper()
			if got, err := w.Others(t.Context(), "one"); !slices.Equal(got, want) || err != nil {
				t.Errorf("%s: beside one are %q, %v; want %q", when, got, err, want)
			}
		}
		if _, err := w.Own(t.Context(), "judge", "judging", time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, process := range []string{"one", "other", "third"} {
			if err := w.Present(t.Context(), process, 10*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		others("three say that they live", "other", "third")
		if err := w.Absent(t.Context(), "third"); err != nil {
			t.Fatal(err)
		}
		others("one has ended", "other")
		*w.now = w.now.Add(11 * time.Second)
		others("nobody says any more that it lives")
	})
}

// Of two who take themselves for the judge one is refused, with all that it tells.
func TestNewsOfWhoLostTheLease(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		own := func(who string, want bool) {
			t.Helper()
			if ok, err := w.Own(t.Context(), "judge", who, 10*time.Second); ok != want || err != nil {
				t.Fatalf("%s owns it: %v, %v", who, ok, err)
			}
		}
		tell := func(who string) error {
			_, err := w.Tell(t.Context(), store.News{Lines: []model.Finding{channeltest.Stopped()}, Lease: "judge", Holder: who})
			return err
		}
		own("one", true)
		*w.now = w.now.Add(11 * time.Second)
		own("other", true)
		if err := tell("one"); !errors.Is(err, store.ErrNotHeld) {
			t.Fatalf("news of who lost the lease: %v", err)
		}
		if all, err := w.Findings(t.Context()); len(all) > 0 || err != nil {
			t.Fatalf("it is kept: %+v, %v", all, err)
		}
		if err := tell("other"); err != nil {
			t.Fatal(err)
		}
	})
}

// A worker that goes on after a stall, when another has long shown what became of the finding, writes nothing over that.
// What it sent stands last at the far end, which is shown the finding once more as it stands.
func TestStalledWorker(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		stopped := channeltest.Stopped()
		w.tell(t, map[string]bool{stopped.ID: true}, stopped)
		stalled := w.lease(t, "mail")[0]
		*w.now = w.now.Add(2 * time.Minute)
		w.tell(t, map[string]bool{stopped.ID: false}, channeltest.Started())
		due, err := w.Lease(t.Context(), "mail", "other", 10, time.Minute)
		if err != nil || len(due) != 1 {
			t.Fatalf("the other gets %+v, %v", due, err)
		}
		for name, err := range map[string]error{
			"shown":  w.Shown(t.Context(), stalled, "stale", "", notify.Routed{Channel: "mail"}),
			"failed": w.Failed(t.Context(), stalled, "stale", &notify.Error{Failure: notify.Closed, Err: errors.New("gone")}, *w.now),
			"held":   w.Hold(t.Context(), stalled, w.now.Add(time.Hour)),
			"noted":  w.Noted(t.Context(), stalled, "stale"),
		} {
			if !errors.Is(err, notify.ErrLost) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.shown(t, due[0], "fresh")
		if due := w.lease(t, "mail"); due != nil {
			t.Fatalf("owed: %+v", due)
		}
		if err := w.Late(t.Context(), stalled); err != nil {
			t.Fatal(err)
		}
		due = w.lease(t, "mail")
		if len(due) != 1 || due[0].Notice.State != notify.Resolved || due[0].Before != notify.Open || due[0].Ref != "fresh" || due[0].Error != "" {
			t.Fatalf("mail reads last that it is open; owed: %+v", due)
		}
		w.shown(t, due[0], "fresh")
		if err := w.Late(t.Context(), due[0]); err != nil {
			t.Fatal(err)
		}
		if due := w.lease(t, "mail"); due != nil {
			t.Errorf("what was late and is so still is owed again: %+v", due)
		}
	})
}

// What is accepted while somebody is about to tell of it may be told: then its end is, too, and before that nothing more.
func TestAcceptedWhileItIsBrought(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		accepted := false
		w.Excused = func(model.Finding, time.Time) string {
			if accepted {
				return "accepted"
			}
			return ""
		}
		stopped := channeltest.Stopped()
		w.tell(t, map[string]bool{stopped.ID: true}, stopped)
		under := w.lease(t, "mail")[0]
		accepted = true
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		why := &notify.Error{Failure: notify.Later, Unsure: true, Err: errors.New("hung up")}
		if err := w.Failed(t.Context(), under, "", why, *w.now); err != nil {
			t.Fatal(err)
		}
		if due := append(w.lease(t, "mail"), w.lease(t, "desk")...); due != nil {
			t.Fatalf("what is accepted is told: %+v", due)
		}
		w.tell(t, map[string]bool{stopped.ID: false}, channeltest.Started())
		if due := w.lease(t, "mail"); len(due) != 1 || due[0].Notice.State != notify.Resolved {
			t.Errorf("mail may say that it is open, and is not told that it is over: %+v", due)
		}
		if due := w.lease(t, "desk"); due != nil {
			t.Errorf("desk never heard of it: %+v", due)
		}
	})
}
