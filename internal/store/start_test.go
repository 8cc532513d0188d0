package store_test

import (
	"sync"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/pgtest"
	"cairn.example/internal/store"
)

// meanwhile is routes that something happens over when they are asked first.
type meanwhile struct {
	notify.Routes
	happens func()
}

func (m meanwhile) Route(f model.Finding) []notify.Routed {
	m.happens()
	return m.Routes.Route(f)
}

// What a finding came to while a process starts is owed, though that read of it what it was before.
func TestStartBesideAnother(t *testing.T) {
	address := pgtest.URL(t)
	routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"mail": {Name: "mail"}}}
	now := time.Date(2026, time.November, 22, 9, 41, 10, 0, time.UTC)
	open := func(to store.Router) world {
		s, err := store.Open(t.Context(), address, store.Options{Now: func() time.Time { return now }, Routes: to})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return world{s, &now}
	}
	f := channeltest.Stopped()
	open(nil).tell(t, map[string]bool{f.ID: true}, f)
	other := open(routes)
	starts := open(meanwhile{routes, sync.OnceFunc(func() {
		other.tell(t, map[string]bool{f.ID: true}, stoppedAgain())
		other.shown(t, other.lease(t, "mail")[0], "")
		other.tell(t, map[string]bool{f.ID: false})
	})})
	if err := starts.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if due := other.lease(t, "mail"); len(due) != 1 || due[0].Notice.State != notify.Resolved {
		t.Errorf("mail says that it is open, and is owed %+v", due)
	}
}
