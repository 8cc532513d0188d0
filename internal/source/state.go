package source

import (
	"iter"
	"slices"
	"sync"
	"time"

	"cairn.example/internal/event"
)

// State is what was acknowledged, so that the next run goes on where this one ended. It is safe for concurrent use.
//
// It is bounded: of each account, Region and event source it holds the ids of the last half hour, at most
// [MaxIDs] of them; of a tree of day folders (2026/11/22, as CloudTrail's) the files of the last week one by one,
// and of each older folder a checksum. The files of a folder that is no day's are all held one by one.
type State struct {
	// BeforeSave is called before the file is written, where it is set: it finishes what was acknowledged. Its error
	// keeps the file as it was, so that all of it comes again.
	BeforeSave func() error

	path   string // "" is never saved
	write  func([]byte) error
	saving sync.Mutex

	mu      sync.Mutex
	changes int // since the beginning, and up to the last save
	saved   int
	marks   map[markKey]*mark
	folders map[string]*folder
}

// MaxIDs is how many ids are held for each account, Region and event source.
const MaxIDs = 2000

type markKey struct{ account, region, source string }

// mark is how far a source was read.
type mark struct {
	since  time.Time // everything from here on was read, or is by the first pass
	newest time.Time // the newest event; zero if there was none, and while the first pass is under way
	ids    map[event.ID]time.Time
}

// sighting is an event that was acknowledged.
type sighting struct {
	id event.ID
	at time.Time
}

// NewState returns a state that no file holds.
func NewState() *State {
	return &State{marks: map[markKey]*mark{}, folders: map[string]*folder{}}
}

// IDs are the ids of the records that Event history may give again, for the handler's event.Dedup.
func (s *State) IDs() iter.Seq2[event.ID, time.Time] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []sighting
	for _, m := range s.marks {
		for id, at := range m.ids {
			all = append(all, sighting{id, at})
		}
	}
	slices.SortFunc(all, func(a, b sighting) int { return a.at.Compare(b.at) })
	return func(yield func(event.ID, time.Time) bool) {
		for _, one := range all {
			if !yield(one.id, one.at) {
				return
			}
		}
	}
}

// resume tells where to go on: since when events are wanted, and the newest that was read. A source that was never
// asked for, or not as far back as is wanted now, begins anew. Where it began is kept at once: days later, and after a
// restart, a first pass that was refused all along is still to read what was wanted then.
func (s *State) resume(k markKey, wanted time.Time) (since, newest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mark(k)
	if m.since.IsZero() || wanted.Before(m.since) {
		m.since, m.newest = wanted, time.Time{}
		s.changes++
	}
	return m.since, m.newest
}

// mark is how far a source was read, from the first time that it is asked for. The state is locked.
func (s *State) mark(k markKey) *mark {
	m := s.marks[k]
	if m == nil {
		m = &mark{ids: map[event.ID]time.Time{}}
		s.marks[k] = m
	}
	return m
}

// remember takes in the events of a page that was acknowledged.
func (s *State) remember(k markKey, seen []sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mark(k)
	for _, one := range seen {
		if _, known := m.ids[one.id]; !known {
			m.ids[one.id] = one.at
			s.changes++
		}
	}
	if len(m.ids) > 2*MaxIDs {
		m.trim()
	}
}

// advance ends a pass, and forgets the ids that no later one can bring again.
func (s *State) advance(k markKey, since, newest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mark(k)
	if m.since.Equal(since) && m.newest.Equal(newest) {
		return
	}
	m.since, m.newest = since, later(m.newest, newest)
	for id, at := range m.ids {
		if at.Before(m.newest.Add(-overlap)) {
			delete(m.ids, id)
		}
	}
	m.trim()
	s.changes++
}

// trim keeps the newest ids.
func (m *mark) trim() {
	all := m.sightings()
	for _, old := range all[:max(0, len(all)-MaxIDs)] {
		delete(m.ids, old.id)
	}
}

// sightings are the ids in the order of their time.
func (m *mark) sightings() []sighting {
	all := make([]sighting, 0, len(m.ids))
	for id, at := range m.ids {
		all = append(all, sighting{id, at})
	}
	slices.SortFunc(all, func(a, b sighting) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		return slices.Compare(a.id[:], b.id[:])
	})
	return all
}
