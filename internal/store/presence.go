package store

import (
	"context"
	"errors"
	"time"
)

// presence is what the name of the lease begins with by which a process says that it lives.
const presence = "process "

// Present says that a process lives, and will for a time: until then what it leased is its own. It says so again before
// that is over.
func (s *Store) Present(ctx context.Context, process string, d time.Duration) error {
	_, err := s.Own(ctx, presence+process, process, d)
	return err
}

// Absent says that a process ends.
func (s *Store) Absent(ctx context.Context, process string) error {
	return s.Disown(ctx, presence+process, process)
}

// Others are the processes that live beside one. One that was killed is among them for as long as it said that it would live.
func (s *Store) Others(ctx context.Context, process string) (others []string, err error) {
	err = s.tx(ctx, "look who else is there", func(t tx) error {
		others, err = t.ids("SELECT holder FROM lease WHERE name = $1 || holder AND holder <> $2 AND until > $3 ORDER BY holder", presence, process, stamp(s.Now()))
		return err
	})
	return others, err
}

// Bury frees what processes held that are known to be dead: nobody need wait until it runs out.
func (s *Store) Bury(ctx context.Context, dead func(process string) bool) error {
	err := s.tx(ctx, "free what dead processes held", func(t tx) error {
		holders, err := t.ids("SELECT holder FROM lease UNION SELECT leased_by FROM delivery WHERE leased_by <> ''")
		if err != nil {
			return err
		}
		for _, one := range holders {
			if !dead(one) {
				continue
			}
			if _, err := t.do("DELETE FROM lease WHERE holder = $1", one); err != nil {
				return err
			}
			// Not as if nobody had ever leased it: it may have been brought.
			if _, err := t.do("UPDATE delivery SET leased_until = 1, leased_by = '' WHERE leased_by = $1", one); err != nil {
				return err
			}
		}
		return nil
	})
	s.owing.ring()
	return err
}

// ErrNotHeld is that who tells news lost the lease that it told them by. Somebody else tells them.
var ErrNotHeld = errors.New("another process took over")

// held makes sure that a lease stays with its holder until the transaction ends.
func (t tx) held(name, holder string) error {
	n, err := t.do("UPDATE lease SET until = until WHERE name = $1 AND holder = $2", name, holder)
	if err == nil && n == 0 {
		err = ErrNotHeld
	}
	return err
}
