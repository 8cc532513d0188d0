package store_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn.example/internal/store"
)

// Who cannot connect reads why in a line, with the address once and without the password.
func TestUnconnectedIsALine(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:planted@127.0.0.1:1/cairn":             "open the store postgres://127.0.0.1:1/cairn: connect to it: connection refused",
		"postgres://u:planted@nowhere.invalid:5432/cairn":    "open the store postgres://nowhere.invalid:5432/cairn: connect to it: ",
		"postgres://u:planted@127.0.0.1:1,127.0.0.1:2/cairn": "open the store postgres://127.0.0.1:1/cairn: connect to it: connection refused",
	} {
		_, err := store.Open(t.Context(), address, store.Options{Now: time.Now})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\t") || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: want %q, got %v", address, want, err)
			continue
		}
		if host := strings.TrimPrefix(want, "open the store postgres://"); strings.Count(err.Error(), host[:strings.Index(host, ":")]) != 1 {
			t.Errorf("the address stands twice: %v", err)
		}
		if refused := strings.HasSuffix(want, "refused"); refused && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("what it was is lost: %v", err)
		}
	}
}
