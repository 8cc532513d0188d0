package store_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
	"cairn.example/internal/pgtest"
	"cairn.example/internal/store"
)

// Who has a channel tried again and whose message fails meanwhile wait for each other, and neither for ever.
func TestRetryWhileAMessageFails(t *testing.T) {
	address := pgtest.URL(t)
	now := time.Date(2026, time.November, 22, 9, 41, 10, 0, time.UTC)
	s, err := store.Open(t.Context(), address, store.Options{
		Now: func() time.Time { return now }, Routes: notify.Routes{Channels: map[string]notify.Kind{"mail": {Name: "mail"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := world{s, &now}
	w.tell(t, nil, channeltest.Stopped())
	why := &notify.Error{Failure: notify.Later, Err: errors.New("503")}
	if err := w.Failed(t.Context(), w.lease(t, "mail")[0], "", why, now); err != nil {
		t.Fatal(err)
	}
	d := w.lease(t, "mail")[0]
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := db.BeginTx(t.Context(), nil) // holds the channel until both have begun
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(t.Context(), "SELECT 1 FROM channel WHERE name = 'mail' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	waiting := func(n int) {
		t.Helper()
		for got := 0; got < n; time.Sleep(10 * time.Millisecond) {
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&got); err != nil {
				t.Fatal(err)
			}
		}
	}
	retried, failed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.OpenChannel(t.Context(), "mail")
		retried <- err
	}()
	waiting(1)
	go func() { failed <- s.Failed(t.Context(), d, "", why, now) }()
	waiting(2)
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"retry": <-retried, "failed": <-failed} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a finding comes to while it is brought waits for the interval of its route.
func TestRepeatOfTheRoute(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		t.Helper()
		w.Routes = notify.Routes{
			Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"mail": {Name: "mail"}},
			List: []notify.Route{{Channels: []string{"mail"}, Repeat: 24 * time.Hour}},
		}
		stopped := channeltest.Stopped()
		w.tell(t, nil, stopped)
		d := w.lease(t, "mail")[0]
		w.tell(t, nil, stoppedAgain())
		w.shown(t, d, "")
		*w.now = w.now.Add(23 * time.Hour)
		if due := w.lease(t, "mail"); due != nil {
			t.Errorf("it is repeated before a day is over: %+v", due)
		}
		*w.now = w.now.Add(2 * time.Hour)
		if due := w.lease(t, "mail"); len(due) != 1 {
			t.Errorf("after a day %d are owed", len(due))
		}
	})
}
