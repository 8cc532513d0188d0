package live_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
)

// While the accounts are read for the first time, what happens is told; when they are, it is told with what is known.
func TestWhileTheAccountsAreReadForTheFirstTime(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		before := func(*store.Store) {}
		standSlow(t, s, 10*time.Minute, before, func(st *standing) {
			st.is(switched(s, false))
			st.record(t, "StopLogging", "aws-cli/2.17")
			want(t, "at once", st.take("CT-013"), "opened CT-013 "+orgTrail)
			time.Sleep(15 * time.Minute)
			got := st.take("CT-013", "CT-102")
			for _, one := range []string{"opened CT-102 111111111111", "opened CT-102 444444444444"} {
				if !slices.Contains(got, one) {
					t.Errorf("when they are read: told %q, want %s", got, one)
				}
			}
			all, err := st.Store.Findings(t.Context(), store.StateOpen)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(all, func(k store.Kept) bool { return k.Finding.Rule == "CT-013" })
			if i < 0 || all[i].Finding.Severity != model.Extreme {
				t.Errorf("the stop is not told with what it costs: %+v", all)
			}
		})
	})
}

// Where sources end before the accounts are read, that is waited for.
func TestSourcesEndBeforeTheAccountsAreRead(t *testing.T) {
	s, day := example(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)))
		w := watch(t, filepath.Join(t.TempDir(), "cairn.db"), nil, &far{})
		defer w.Store.Close()
		w.Collect = func(context.Context) (*model.Snapshot, error) {
			time.Sleep(10 * time.Minute)
			return s, nil
		}
		w.Sources = []live.Source{{Name: "day", Run: func(ctx context.Context, handle source.Handle) error {
			return handle(ctx, source.Batch{Name: "day.json", Body: bytes.NewReader(day)})
		}}}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := w.Store.Findings(t.Context(), store.StateOpen)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(k store.Kept) bool { return k.Finding.Rule == "CRN-102" }) {
			t.Errorf("nothing is told of the accounts: %d findings", len(all))
		}
	})
}
