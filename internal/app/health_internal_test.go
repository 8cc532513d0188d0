package app

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/store"
)

func TestHealth(t *testing.T) {
	now := time.Date(2026, time.November, 22, 9, 41, 10, 0, time.UTC)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	k := &keeping{store: s}
	for _, c := range []struct {
		does func() error
		code int
		says string
	}{
		{func() error { return nil }, http.StatusOK, "ok"},
		{func() error { return s.Log(t.Context(), []store.Record{{ID: "x", At: now, Body: []byte("{}")}}) }, http.StatusOK, "ok"},
		{func() error { now = now.Add(2 * time.Minute); return nil }, http.StatusServiceUnavailable, "waits since 2m0s"},
		{s.Close, http.StatusServiceUnavailable, "the store does not answer"},
	} {
		if err := c.does(); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		k.health(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil))
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("it says %d %s, want %d and %q", w.Code, w.Body, c.code, c.says)
		}
	}
}
