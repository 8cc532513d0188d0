package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Record is a CloudTrail record of the log.
type Record struct {
	ID   string    // the same for the same event of the same account, wherever it is read
	At   time.Time // eventTime
	Body []byte
}

// Judged is a record that was judged: whether it is of any use, as far as is known.
type Judged struct {
	ID   string
	Kept bool
}

// Log keeps records until they are judged. Those that are there already stay as they are.
func (s *Store) Log(ctx context.Context, all []Record) error {
	if len(all) == 0 {
		return nil
	}
	err := s.tx(ctx, "keep records", func(t tx) error {
		insert, err := t.PrepareContext(t.ctx, `INSERT INTO record (id, at, arrived, judged, kept, body) VALUES ($1, $2, $3, 0, 1, $4) ON CONFLICT (id) DO NOTHING`)
		if err != nil {
			return err //nolint:wrapcheck // tx says what was tried
		}
		defer insert.Close() //nolint:errcheck // the transaction ends it
		now := stamp(s.Now())
		for _, r := range all {
			if _, err := insert.ExecContext(t.ctx, r.ID, stamp(r.At), now, text(string(r.Body))); err != nil {
				return err //nolint:wrapcheck // tx says what was tried
			}
		}
		return nil
	})
	if err == nil {
		s.logged.ring()
	}
	return err
}

// Fresh are records of the log that were not judged yet, at most n, in the order in which they arrived.
func (s *Store) Fresh(ctx context.Context, n int) ([]Record, error) {
	return s.records(ctx, "SELECT id, at, body FROM record WHERE judged = 0 ORDER BY arrived, id LIMIT $1", n)
}

// Past are the records that were judged and are kept, in the order in which they happened.
func (s *Store) Past(ctx context.Context) ([]Record, error) {
	return s.records(ctx, "SELECT id, at, body FROM record WHERE judged > 0 ORDER BY at, id")
}

func (s *Store) records(ctx context.Context, query string, args ...any) ([]Record, error) {
	found, err := s.db.QueryContext(ctx, query, args...)
	out, err := rows(found, err, func(r *sql.Rows) (Record, error) {
		var one Record
		var at int64
		var body string
		err := r.Scan(&one.ID, &at, &body)
		one.At, one.Body = moment(at), []byte(body)
		return one, err //nolint:wrapcheck // said below
	})
	if err != nil {
		return nil, fmt.Errorf("read the log of records: %w", err)
	}
	return out, nil
}

// judged marks records of the log.
func (w *telling) judged(all []Judged) error {
	if len(all) == 0 {
		return nil
	}
	mark, err := w.PrepareContext(w.ctx, "UPDATE record SET judged = $2, kept = $3 WHERE id = $1")
	if err != nil {
		return err //nolint:wrapcheck // tx says what was tried
	}
	defer mark.Close() //nolint:errcheck // the transaction ends it
	for _, j := range all {
		kept := 0
		if j.Kept {
			kept = 1
		}
		if _, err := mark.ExecContext(w.ctx, j.ID, stamp(w.at), kept); err != nil {
			return err //nolint:wrapcheck // tx says what was tried
		}
	}
	return nil
}

// The log is bounded: what happened longer ago, and more than so many records of either sort, is forgotten when it was
// judged. An event that is read later no longer changes what was told of those.
const (
	logAge     = 30 * 24 * time.Hour
	LogRecords = 5_000
)

// Trim forgets the oldest records of the log.
func (s *Store) Trim(ctx context.Context) error {
	return s.tx(ctx, "trim the log of records", func(t tx) error {
		if _, err := t.do("DELETE FROM record WHERE judged > 0 AND at < $1", stamp(s.Now().Add(-logAge))); err != nil {
			return err
		}
		if _, err := t.do("DELETE FROM lease WHERE until < $1", stamp(s.Now().Add(-time.Hour))); err != nil { // of processes that are no more
			return err
		}
		for kept := range 2 {
			if _, err := t.do(`DELETE FROM record WHERE judged > 0 AND kept = $1 AND at < (SELECT COALESCE(MIN(at), 0) FROM
				(SELECT at FROM record WHERE kept = $1 AND judged > 0 ORDER BY at DESC LIMIT $2) newest)`, kept, LogRecords); err != nil {
				return err
			}
		}
		return nil
	})
}

// Behind is how long the oldest record that is not judged yet has been in the log.
func (s *Store) Behind(ctx context.Context) (time.Duration, error) {
	var oldest int64
	if err := s.db.QueryRowContext(ctx, "SELECT COALESCE(MIN(arrived), 0) FROM record WHERE judged = 0").Scan(&oldest); err != nil {
		return 0, fmt.Errorf("look how far the log is judged: %w", err)
	}
	if oldest == 0 {
		return 0, nil
	}
	return s.Now().Sub(moment(oldest)), nil
}
