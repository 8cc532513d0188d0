package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/pgtest"
	"cairn.example/internal/store"
)

// Who has a channel tried again locks what it is owed in another order than who tells of it. Both come to their end.
func TestTwoThatWaitForEachOther(t *testing.T) {
	routes := notify.Routes{Channels: map[string]notify.Kind{"mail": {Name: "mail", Edits: true}}}
	s, err := store.Open(t.Context(), pgtest.URL(t)+"?deadlock_timeout=20ms", store.Options{Now: time.Now, Routes: routes})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all []model.Finding
	for i := range 300 {
		all = append(all, other(channeltest.Posture(), channeltest.Posture().Account, fmt.Sprintf("-%03d", i)))
	}
	tell := func(text string) {
		t.Helper()
		for i := range all {
			all[i].Message = text
		}
		if _, err := s.Tell(t.Context(), store.News{Audits: []store.Audit{{Findings: all}}}); err != nil {
			t.Error(err)
		}
	}
	tell("first")
	slices.Reverse(all)
	var both sync.WaitGroup
	both.Go(func() {
		for i := range 5 {
			tell(fmt.Sprint(i))
		}
	})
	both.Go(func() {
		for range 5 {
			if _, err := s.OpenChannel(t.Context(), "mail"); err != nil {
				t.Error(err)
			}
		}
	})
	both.Wait()
	if due, err := s.Owed(t.Context(), 1000); len(due) != len(all) || err != nil {
		t.Errorf("%d are owed, %v", len(due), err)
	}
}
