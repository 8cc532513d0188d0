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

// What the database is asked for leaves out nothing that inhibits.
func TestSourcesOfInhibitions(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		source, target := channeltest.Stopped(), channeltest.Posture()
		w.tell(t, map[string]bool{source.ID: true}, source)
		elsewhere, nowhere := target, target
		elsewhere.Region, nowhere.Account = "us-east-1", "a\x00b"
		for _, c := range []struct {
			rules, equal []string
			of           model.Finding
			want         bool
		}{
			{nil, nil, target, true},
			{[]string{"CT-013"}, nil, target, true},
			{[]string{"CT-001", "ct-013"}, []string{"account", "region"}, target, true},
			{[]string{"CT-001", "CT-0?3"}, []string{"region"}, target, true},
			{[]string{"CT-001", "CT-014"}, nil, target, false},
			{[]string{"CT-013"}, []string{"region"}, elsewhere, false},
			{[]string{"CT-013"}, []string{"account"}, elsewhere, true},
			{[]string{"CT-013"}, []string{"rule"}, target, false},
			{[]string{"CT-013"}, []string{"resource"}, target, false},
			{[]string{"CT-013"}, []string{"account"}, nowhere, false},
		} {
			w.Inhibit = []notify.Inhibition{{Source: notify.Match{Rules: c.rules}, Target: notify.Match{Rules: []string{"CT-001"}}, Equal: c.equal}}
			until, err := w.Quieted(t.Context(), c.of)
			if err != nil || until.IsZero() == c.want {
				t.Errorf("%v, equal %v: quieted until %v, %v; want it quieted: %v", c.rules, c.equal, until, err, c.want)
			}
		}
	})
}
