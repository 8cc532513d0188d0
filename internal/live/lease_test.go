package live_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/store"
)

// What many accounts come to takes longer to tell than the lease of the judge lasts. Nobody else judges meanwhile.
func TestManyAccounts(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		many := *s
		many.Accounts = nil
		for i := range 20 {
			for _, a := range s.Accounts {
				c := a.Clone()
				c.ID = fmt.Sprintf("9%08d%s", i, a.ID[:3])
				many.Accounts = append(many.Accounts, c)
			}
		}
		stand(t, s, func(*store.Store) {}, func(st *standing) {
			st.is(&many)
			st.take()
			st.mu.Lock()
			st.keep = 100 * time.Millisecond
			st.mu.Unlock()
			taken := 0
			for range 3 * 3600 / 5 {
				time.Sleep(5 * time.Second)
				ok, err := st.Store.Own(t.Context(), "judge", "other", time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					taken++
				}
			}
			st.mu.Lock()
			defer st.mu.Unlock()
			if len(st.told) < 300 {
				t.Errorf("%d were told: too few to last", len(st.told))
			}
			if taken > 0 {
				t.Errorf("another had the lease %d times", taken)
			}
		})
	})
}
