package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cairn.example/internal/notify"
)

// Document gives what was saved under a name and when; nil where nothing was.
func (s *Store) Document(ctx context.Context, name string) (body []byte, saved time.Time, err error) {
	var text string
	var at int64
	err = s.db.QueryRowContext(ctx, "SELECT body, saved FROM document WHERE name = $1", name).Scan(&text, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, time.Time{}, nil
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("read %s from the store: %w", name, err)
	}
	return []byte(text), moment(at), nil
}

// SaveDocument saves a document under a name.
func (s *Store) SaveDocument(ctx context.Context, name string, body []byte) error {
	return s.tx(ctx, "save "+name, func(t tx) error {
		_, err := t.do("INSERT INTO document (name, saved, body) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET saved = excluded.saved, body = excluded.body",
			name, stamp(s.Now()), string(body))
		return err
	})
}

// Own holds on to a name alone: true while this holder has it, which it must ask for again before the time is over.
func (s *Store) Own(ctx context.Context, name, holder string, d time.Duration) (bool, error) {
	var has bool
	err := s.tx(ctx, "ask for the lease "+name, func(t tx) error {
		now := s.Now()
		n, err := t.do(`INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE lease.holder = $2 OR lease.until <= $4`,
			name, holder, stamp(now.Add(d)), stamp(now))
		has = n == 1
		return err
	})
	return has, err
}

// Disown gives a name up.
func (s *Store) Disown(ctx context.Context, name, holder string) error {
	return s.tx(ctx, "give up the lease "+name, func(t tx) error {
		_, err := t.do("DELETE FROM lease WHERE name = $1 AND holder = $2", name, holder)
		return err
	})
}

// Poison is something that a source could not hand on.
type Poison struct {
	ID, Source, Body, Error string
	Tries                   int
	At                      time.Time
}

// Poisoned keeps it.
func (s *Store) Poisoned(ctx context.Context, p Poison) error {
	return s.tx(ctx, "keep a message that cannot be read", func(t tx) error {
		_, err := t.do(`INSERT INTO poison (id, source, at, tries, error, body) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET at = excluded.at, tries = excluded.tries, error = excluded.error`, p.ID, p.Source, stamp(s.Now()), p.Tries, p.Error, p.Body)
		return err
	})
}

// Poisons are the last n of them, the newest first.
func (s *Store) Poisons(ctx context.Context, n int) ([]Poison, error) {
	found, err := s.db.QueryContext(ctx, "SELECT id, source, at, tries, error, body FROM poison ORDER BY at DESC, id LIMIT $1", n)
	out, err := rows(found, err, func(r *sql.Rows) (Poison, error) {
		var p Poison
		var at int64
		err := r.Scan(&p.ID, &p.Source, &at, &p.Tries, &p.Error, &p.Body)
		p.At = moment(at)
		return p, err //nolint:wrapcheck // said below
	})
	if err != nil {
		return nil, fmt.Errorf("list what cannot be read: %w", err)
	}
	return out, nil
}

// Silence keeps a silence, whose id no other has.
func (s *Store) Silence(ctx context.Context, one notify.Silence) error {
	matches, err := json.Marshal(one.Match)
	if err != nil {
		return fmt.Errorf("write a silence: %w", err)
	}
	return s.tx(ctx, "keep a silence", func(t tx) error {
		_, err := t.do("INSERT INTO silence (id, matches, begins, ends, owner, reason) VALUES ($1, $2, $3, $4, $5, $6)",
			one.ID, string(matches), stamp(one.Begins), stamp(one.Ends), one.Owner, one.Reason)
		return err
	})
}

// Unsilence ends a silence at once; false where there is none of that id.
func (s *Store) Unsilence(ctx context.Context, id string) (bool, error) {
	var n int64
	err := s.tx(ctx, "end a silence", func(t tx) error {
		var ends int64
		now := stamp(s.Now())
		// The silence first, as in [Store.Hold]: what puts a message off at the moment does so before this, or not at all.
		err := t.QueryRowContext(t.ctx, "SELECT ends FROM silence WHERE id = $1 AND ends > $2"+s.hold, id, now).Scan(&ends)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			n, err = t.do("UPDATE silence SET ends = $2 WHERE id = $1", id, now)
		}
		if err == nil { // what it holds is due at its end; what waits for another time goes on waiting
			_, err = t.do("UPDATE delivery SET due = $2 WHERE owed > shown AND dead = 0 AND due = $1", ends, now)
		}
		return err
	})
	s.owing.ring()
	return n > 0, err
}

// Silences are those that are not over, the next to end first.
func (s *Store) Silences(ctx context.Context) ([]notify.Silence, error) {
	found, err := s.db.QueryContext(ctx, "SELECT id, matches, begins, ends, owner, reason FROM silence WHERE ends > $1 ORDER BY ends, id", stamp(s.Now()))
	out, err := rows(found, err, func(r *sql.Rows) (notify.Silence, error) {
		var one notify.Silence
		var begins, ends int64
		var matches string
		if err := r.Scan(&one.ID, &matches, &begins, &ends, &one.Owner, &one.Reason); err != nil {
			return one, err //nolint:wrapcheck // said below
		}
		one.Begins, one.Ends = moment(begins), moment(ends)
		return one, json.Unmarshal([]byte(matches), &one.Match)
	})
	if err != nil {
		return nil, fmt.Errorf("list the silences: %w", err)
	}
	return slices.Clip(out), nil
}
