package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"cairn.example/internal/model"
)

// Sweep does what time does: findings of which nothing more is seen resolve, exceptions begin and end.
func (s *Store) Sweep(ctx context.Context) ([]Told, error) {
	now := s.Now()
	excuses := s.excuseDue(now)
	told, err := s.telling(ctx, "see what time changed", func(w *telling) error {
		quiet, err := w.ids("SELECT id FROM finding WHERE state IN ('open', 'excepted') AND quiet > 0 AND quiet <= $1", stamp(w.at))
		if err != nil {
			return err
		}
		for _, id := range quiet {
			r, err := w.row(id)
			if err == nil {
				err = w.quiet(r)
			}
			if err != nil {
				return err
			}
		}
		if !excuses {
			return nil
		}
		return w.excuses()
	})
	if excuses && err == nil {
		s.excusing.Store(&now)
	}
	return told, err
}

// excuseDue tells whether exceptions are to be looked at: at the first sweep, and when one has ended since.
func (s *Store) excuseDue(now time.Time) bool {
	last := s.excusing.Load()
	if last == nil || s.Changes == nil {
		return true
	}
	next := s.Changes(*last)
	return !next.IsZero() && !now.Before(next)
}

// quiet resolves a finding of which nothing more was seen for long enough.
func (w *telling) quiet(r *row) error {
	lives := r.State == StateOpen || r.State == StateExcepted
	if !lives || r.Quiet.IsZero() || r.Quiet.After(w.at) {
		return nil
	}
	by := r.finding
	by.Message = "Nothing more was seen of it for " + model.Span(w.s.Quiet) + "."
	return w.step(r, Quiet, r.Severity, w.at, by)
}

// excuses looks at the exceptions of every finding that is not over. Where there are none any more, those that were excepted
// are not.
func (w *telling) excuses() error {
	states := "'open', 'excepted'"
	if w.s.Excused == nil {
		states = "'excepted'"
	}
	found, err := w.QueryContext(w.ctx, "SELECT "+findingColumns+" FROM finding WHERE state IN ("+states+")")
	ids, err := rows(found, err, func(from *sql.Rows) (string, error) {
		var r row
		err := r.scan(from)
		if (r.State == StateExcepted) == (w.excused(r.finding) != "") {
			return "", err // as it is; others may hold it
		}
		return r.finding.ID, err
	})
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	for _, id := range ids {
		r, err := w.row(id)
		if err != nil {
			return err
		}
		before := r.State
		if err := w.excuse(r); err != nil {
			return err
		}
		if r.State != before {
			err = w.owe(r, anew)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Start owes every open finding to the channels that it goes to and that know nothing of it: those set up since.
func (s *Store) Start(ctx context.Context) error {
	_, err := s.telling(ctx, "see what channels are owed", (*telling).reconcile)
	s.owing.ring()
	return err
}

// telling runs a transaction of news.
func (s *Store) telling(ctx context.Context, what string, run func(*telling) error) ([]Told, error) {
	var told []Told
	err := s.tx(ctx, what, func(t tx) error {
		w := &telling{tx: t, s: s, at: s.Now(), rows: map[string]*row{}}
		err := run(w)
		told = w.told
		return err
	})
	if err == nil && len(told) > 0 {
		s.owing.ring()
	}
	return told, err
}

func (t tx) ids(query string, args ...any) ([]string, error) {
	found, err := t.QueryContext(t.ctx, query, args...)
	return rows(found, err, func(r *sql.Rows) (string, error) {
		var id string
		return id, r.Scan(&id) //nolint:wrapcheck // tx says what was tried
	})
}

// Kept is a finding as the store has it.
type Kept struct {
	Finding                           model.Finding
	State                             State
	Version                           int64
	Count                             int
	Opened, Changed, Resolved, Quiets time.Time
	Exception                         string
}

// Findings are the findings in some states, or in any; those that changed last come first.
func (s *Store) Findings(ctx context.Context, states ...State) ([]Kept, error) {
	found, err := s.db.QueryContext(ctx, "SELECT "+findingColumns+" FROM finding ORDER BY changed DESC, id")
	out, err := rows(found, err, func(from *sql.Rows) (Kept, error) {
		var r row
		err := r.scan(from)
		return Kept{r.finding, r.State, r.Version, r.Count, r.Opened, r.Changed, r.Resolved, r.Quiet, r.exception}, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the findings: %w", err)
	}
	if len(states) > 0 {
		out = slices.DeleteFunc(out, func(k Kept) bool { return !slices.Contains(states, k.State) })
	}
	return out, nil
}

// Going tells whether a finding is there and not over.
func (s *Store) Going(ctx context.Context, finding string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM finding WHERE id = $1 AND state <> 'resolved'", finding).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for finding %s: %w", finding, err)
	}
	return n > 0, nil
}

// Event is a step of a finding's history.
type Event struct {
	Version  int64
	At       time.Time
	Step     string
	Severity model.Severity
	EventID  string // "" where no event led to it
	Actor    string
	Why      string
}

// History is what became of a finding, the oldest first.
func (s *Store) History(ctx context.Context, finding string) ([]Event, error) {
	found, err := s.db.QueryContext(ctx, "SELECT version, at, step, severity, event, actor, why FROM history WHERE finding = $1 ORDER BY version", finding)
	out, err := rows(found, err, func(r *sql.Rows) (Event, error) {
		var e Event
		var at, severity int64
		err := r.Scan(&e.Version, &at, &e.Step, &severity, &e.EventID, &e.Actor, &e.Why)
		e.At, e.Severity = moment(at), model.Severity(severity) //nolint:gosec // written from one
		return e, err                                           //nolint:wrapcheck // said below
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of finding %s: %w", finding, err)
	}
	return out, nil
}
