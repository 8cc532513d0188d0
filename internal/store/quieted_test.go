package store_test

import (
	"testing"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// other is the same finding of another trail, or of another account.
func other(f model.Finding, account, trail string) model.Finding {
	f.Account, f.Resource.ID = account, f.Resource.ID+trail
	f.ID = model.FindingID(f.Account, f.Rule, f.Resource)
	return f
}

// Of two findings that an inhibition means on both sides each is told, and the others are not as long as one is open.
func TestInhibition(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.Inhibit = []notify.Inhibition{{Source: notify.Match{Rules: []string{"CT-013"}}, Target: notify.Match{Rules: []string{"CT-*"}}, Equal: []string{"account"}}}
		one, two := channeltest.Stopped(), other(channeltest.Stopped(), channeltest.Stopped().Account, "-two")
		minor, elsewhere := channeltest.Posture(), other(channeltest.Posture(), "444444444444", "")
		quieted := func(f model.Finding, want bool) {
			t.Helper()
			until, err := w.Quieted(t.Context(), f)
			if err != nil || until.IsZero() == want {
				t.Errorf("%s %s of %s is not told until %v, %v; want it quieted: %v", f.Rule, f.Resource.ID, f.Account, until, err, want)
			}
		}
		w.tell(t, map[string]bool{one.ID: true, two.ID: true}, one, two)
		if _, err := w.Tell(t.Context(), store.News{Audits: []store.Audit{{Findings: []model.Finding{minor}}, {Findings: []model.Finding{elsewhere}}}}); err != nil {
			t.Fatal(err)
		}
		quieted(one, false)
		quieted(two, false)
		quieted(minor, true)
		quieted(elsewhere, false)
		w.tell(t, map[string]bool{one.ID: false}, channeltest.Started())
		quieted(minor, true)
		w.tell(t, map[string]bool{two.ID: false})
		quieted(minor, false)
	})
}
