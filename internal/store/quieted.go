package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// inhibited is how long a finding waits before it is looked at again whether another still inhibits it.
const inhibited = time.Minute

// Quieted tells until when a finding is not to be told, by a silence or an inhibition; the zero time: it is.
func (s *Store) Quieted(ctx context.Context, f model.Finding) (time.Time, error) {
	now, traits := s.Now(), s.traits(f)
	silences, err := s.Silences(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var until time.Time
	for _, one := range silences {
		if !one.Begins.After(now) && one.Match.Holds(f, traits) {
			until = later(until, one.Ends)
		}
	}
	if !until.IsZero() {
		return until, nil
	}
	for _, i := range s.Inhibit {
		if !i.Target.Holds(f, traits) {
			continue
		}
		if held, err := s.inhibits(ctx, i, f); held || err != nil {
			return now.Add(inhibited), err
		}
	}
	return time.Time{}, nil
}

func (s *Store) traits(f model.Finding) notify.Traits {
	if s.Traits == nil {
		return notify.Traits{}
	}
	return s.Traits(f)
}

// inhibits tells whether a finding is open that inhibits another. One never inhibits itself, and of those that are both
// source and target none inhibits another, as Alertmanager has it: else two of them would keep each other from being told.
func (s *Store) inhibits(ctx context.Context, i notify.Inhibition, f model.Finding) (bool, error) {
	account := ""
	if slices.Contains(i.Equal, "account") {
		account = f.Account
	}
	found, err := s.db.QueryContext(ctx, "SELECT "+findingColumns+" FROM finding WHERE state = 'open' AND id <> $1 AND severity >= $2 AND (account = $3 OR $3 = '')",
		f.ID, int64(i.Source.Severity), account)
	both := i.Source.Holds(f, s.traits(f))
	held, err := rows(found, err, func(from *sql.Rows) (bool, error) {
		var r row
		if err := r.scan(from); err != nil {
			return false, err
		}
		traits := s.traits(r.finding)
		if both && i.Target.Holds(r.finding, traits) {
			return false, nil
		}
		return i.Source.Holds(r.finding, traits) && i.Same(r.finding, f), nil
	})
	if err != nil {
		return false, fmt.Errorf("look for findings that inhibit another: %w", err)
	}
	return slices.Contains(held, true), nil
}
