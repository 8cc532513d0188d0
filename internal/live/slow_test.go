package live_test

import (
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// To read many accounts takes long. A trail that is stopped after its account was read, and before the last one was, is off
// and not told as one that is on again.
func TestStoppedWhileTheAccountsAreRead(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		heard := func(kept *store.Store) {
			if err := kept.Beat(t.Context(), [][2]string{{"111111111111", "eu-west-1"}, {"222222222222", "eu-west-1"}}); err != nil {
				t.Fatal(err)
			}
		}
		stand(t, s, heard, func(st *standing) {
			defer func() { // what the next reading shows is what the event did, long before the times of both
				time.Sleep(3 * time.Hour)
				want(t, "of changes that no event told of", st.take("CRN-105"))
			}()
			st.slow(10 * time.Minute)
			time.Sleep(59*time.Minute + 30*time.Second) // the second reading has begun
			time.Sleep(3 * time.Minute)
			st.take()
			st.is(switched(s, false))
			st.record(t, "StopLogging", "aws-cli/2.17")
			want(t, "at once, while the accounts are read", st.take("CT-013", "CT-102"), "opened CT-013 "+orgTrail, "opened CT-102 111111111111", "opened CT-102 444444444444")
			time.Sleep(7 * time.Minute) // and has ended
			want(t, "of what was read before", st.take("CT-102"))
			all, err := st.Store.Findings(t.Context(), store.StateOpen)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range all {
				if k.Finding.Rule != "CT-013" {
					continue
				}
				for _, l := range k.Finding.Cause.Lost {
					if l.Until != nil {
						t.Errorf("the trail is off, and its loss is told as over: %s", l)
					}
				}
				if k.Finding.Severity != model.Extreme {
					t.Errorf("it is %s: %s", k.Finding.Severity, k.Finding.Message)
				}
				return
			}
			t.Error("it is not told")
		})
	})
}
