package source_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/event"
	"cairn.example/internal/source"
)

func open(t *testing.T, path string) *source.State {
	t.Helper()
	s, err := source.OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func remembered(s *source.State) map[event.ID]time.Time { return maps.Collect(s.IDs()) }

// The next run goes on where the last one ended, an hour later: nothing is missed, and what comes again is remembered.
func TestLookupGoesOnAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		at := func(d time.Duration, id string) happened { return happened{"eu-west-1", ct, id, begin.Add(d)} }
		w, d := newWorld(t, at(-2*time.Hour, "a"), at(-time.Minute, "b"), at(-20*time.Minute, "c")), &desk{}
		run := func(since, lasting time.Duration) {
			l := w.lookup([]string{"eu-west-1"}, []string{ct, iam})
			l.State, l.Since = open(t, path), since
			stop := start(l, d)
			time.Sleep(lasting)
			stop()
		}
		run(3*time.Hour, time.Minute/2)
		if diff := cmp.Diff([]string{"a", "b", "c"}, d.got()); diff != "" {
			t.Errorf("first run (-want +got):\n%s", diff)
		}
		if n := len(remembered(open(t, path))); n != 2 {
			t.Errorf("%d ids are remembered, want those of the last half hour", n)
		}
		time.Sleep(time.Hour)
		w.add(at(time.Minute, "d"))
		run(10*time.Minute, time.Minute/2)
		if diff := cmp.Diff([]string{"b", "c", "d"}, d.got()); diff != "" {
			t.Errorf("second run (-want +got):\n%s", diff)
		}
		run(5*time.Hour, time.Minute/2) // further back than ever
		if diff := cmp.Diff([]string{"a", "b", "c", "d"}, d.got()); diff != "" {
			t.Errorf("third run (-want +got):\n%s", diff)
		}
		time.Sleep(120 * 24 * time.Hour)
		w.mu.Lock()
		w.requests = nil
		w.mu.Unlock()
		run(time.Hour, time.Second)
		if from := w.asked(iam)[0].from; !from.Equal(time.Now().Add(-90 * 24 * time.Hour).Add(-time.Second / 2).Truncate(time.Second)) {
			t.Errorf("after 120 days it asks for events since %s, at %s", from, time.Now())
		}
	})
}

// A first pass that did not come to its end begins where it began, however much later: a role may be refused for days.
func TestFirstPassGoesOnAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, happened{"eu-west-1", ct, "a", time.Now()}), &desk{}
		run := func(since time.Duration) {
			l := w.lookup([]string{"eu-west-1"}, []string{ct})
			l.State, l.Since = open(t, path), since
			stop := start(l, d)
			time.Sleep(time.Minute)
			stop()
		}
		w.inject(awsfake.Fault{Match: awsfake.Call{Op: "LookupEvents"}, Action: awsfake.Deny()})
		run(time.Hour)
		time.Sleep(3 * 24 * time.Hour)
		w.add() // and is allowed
		run(time.Hour)
		if diff := cmp.Diff([]string{"a"}, d.got()); diff != "" {
			t.Errorf("allowed days later (-want +got):\n%s", diff)
		}
		w.add(happened{"eu-west-1", ct, "b", time.Now().Add(-10 * 24 * time.Hour)})
		w.inject(awsfake.Fault{Match: awsfake.Call{Op: "LookupEvents"}, Action: awsfake.Deny()})
		run(20 * 24 * time.Hour) // further back than ever
		w.add()
		run(time.Hour)
		if diff := cmp.Diff([]string{"a", "b"}, d.got()); diff != "" {
			t.Errorf("further back (-want +got):\n%s", diff)
		}
	})
}

// Whatever is acknowledged is in the file a second later, although the run goes on.
func TestStateIsSavedWhileRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, many(ct, 3)...), &desk{}
		l := w.lookup([]string{"eu-west-1"}, []string{ct})
		l.State = open(t, path)
		stop := start(l, d)
		time.Sleep(1500 * time.Millisecond)
		if n := len(remembered(open(t, path))); n != 3 {
			t.Errorf("%d ids are in the file", n)
		}
		stop()
	})
}

// The ids are bounded, and those that go are the oldest.
func TestStateIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 2*source.MaxIDs + 100
		var events []happened
		for i := range n {
			events = append(events, happened{"eu-west-1", ct, string(rune('a'+i%26)) + time.Duration(i).String(), time.Now().Add(-time.Duration(i) * 100 * time.Millisecond)})
		}
		w, d := newWorld(t, events...), &desk{}
		l := w.lookup([]string{"eu-west-1"}, []string{ct})
		l.State, l.Once = source.NewState(), true
		if err := l.Run(t.Context(), d.handle); err != nil {
			t.Fatal(err)
		}
		ids := remembered(l.State)
		oldest := slices.MinFunc(slices.Collect(maps.Values(ids)), time.Time.Compare)
		if len(ids) != source.MaxIDs || oldest.Before(time.Now().Add(-2*time.Hour)) || len(d.got()) != n {
			t.Errorf("%d ids, the oldest of %s", len(ids), oldest)
		}
	})
}

// What is saved is read again as it was.
func TestStateFile(t *testing.T) {
	const text = `{"schema":"cairn.watch-state/v1","lookups":[{"account":"111122223333","region":"eu-west-1","source":"cloudtrail.amazonaws.com",` +
		`"since":"2026-11-21T10:00:00Z","newest":"2026-11-22T10:00:00Z","ids":[{"id":"000102030405060708090a0b0c0d0e0f","time":"2026-11-22T10:00:00Z"}]},` +
		`{"account":"111122223333","region":"eu-west-1","source":"iam.amazonaws.com"}],` +
		`"folders":[{"path":"/logs/2026/11/20","count":2,"sum":"0f"},{"path":"/logs/2026/11/22","files":[{"name":"a.json.gz","size":12,"modified":"2026-11-22T10:00:00.123456789Z"}]}]}` + "\n"
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(saved)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestStateRefuses(t *testing.T) {
	const v1 = `{"schema":"cairn.watch-state/v1",`
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", "is damaged"},
		"cut":             {v1 + `"lookups":[`, "is damaged"},
		"more":            {v1 + `"lookups":[]} x`, "is damaged"},
		"a list":          {`[]`, "is damaged"},
		"a snapshot":      {`{"schema":"cairn.snapshot/v1","accounts":[]}`, `no state of cairn watch: its schema is "cairn.snapshot/v1"`},
		"any JSON":        {`{"a":1}`, "no state of cairn watch"},
		"another version": {`{"schema":"cairn.watch-state/v2","lookups":{}}`, "another version of cairn: it says cairn.watch-state/v2"},
		"unknown member":  {v1 + `"cursors":[]}`, `unknown field "cursors"`},
		"bad id":          {v1 + `"lookups":[{"account":"1","region":"r","source":"s","ids":[{"id":"00"}]}]}`, `the id "00"`},
		"no Region":       {v1 + `"lookups":[{"account":"1","source":"s"}]}`, "lacks one of them"},
		"twice":           {v1 + `"lookups":[{"account":"1","region":"r","source":"s"},{"account":"1","region":"r","source":"s"}]}`, "stands there twice"},
		"folder of both":  {v1 + `"folders":[{"path":"p","sum":"s","files":[]}]}`, `a folder "p"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := source.OpenState(path)
			if s != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			if left, _ := os.ReadFile(path); string(left) != c.text {
				t.Errorf("the file was changed to %s", left)
			}
		})
	}
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "nowhere", "state.json"): "save the state: ", t.TempDir(): "is no file", os.DevNull: "is no file",
	} {
		if _, err := source.OpenState(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// A state that cannot be saved is a problem, and stops nothing.
func TestUnsavedStateIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, many(ct, 3)...), &desk{}
		l := w.lookup([]string{"eu-west-1"}, []string{ct})
		l.State, l.Once = open(t, filepath.Join(dir, "state.json")), true
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		err := l.Run(t.Context(), d.handle)
		if _, ok := errors.AsType[*source.IncompleteError](err); !ok || !strings.Contains(err.Error(), "save the state") || len(d.got()) != 3 {
			t.Errorf("got %v", err)
		}
	})
}
