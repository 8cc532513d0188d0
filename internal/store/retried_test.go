package store_test

import (
	"errors"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

// Who left a channel alone since a message failed learns that somebody wants it tried again, once.
func TestRetried(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.tell(t, nil, channeltest.Stopped())
		fail := func() notify.Delivery {
			t.Helper()
			d := w.lease(t, "mail")[0]
			why := &notify.Error{Failure: notify.Later, Err: errors.New("429 Too Many Requests")}
			if err := w.Failed(t.Context(), d, "", why, w.now.Add(24*time.Hour)); err != nil {
				t.Fatal(err)
			}
			return d
		}
		retried := func(d notify.Delivery, want bool) {
			t.Helper()
			if got, err := w.Retried(t.Context(), d); err != nil || got != want {
				t.Errorf("it is to be tried again: %v, %v; want %v", got, err, want)
			}
		}
		d := fail()
		retried(d, false)
		w.tell(t, nil, stoppedAgain())
		retried(d, false)
		if _, err := w.OpenChannel(t.Context(), "mail"); err != nil {
			t.Fatal(err)
		}
		retried(d, true)
		retried(fail(), false)
	})
}
