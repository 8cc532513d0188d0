package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
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
	query, args := sources(i, f)
	found, err := s.db.QueryContext(ctx, query, args...)
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

// sources asks for the findings that may inhibit another: all that a column can tell of them, since each that is read costs
// as much as a look at a message, and 100,000 may be open.
func sources(i notify.Inhibition, f model.Finding) (query string, args []any) {
	query, args = "SELECT "+findingColumns+" FROM finding WHERE state = 'open' AND id <> $1 AND severity >= $2", []any{f.ID, int64(i.Source.Severity)}
	place := func(value string) string {
		args = append(args, text(value))
		return fmt.Sprintf("$%d", len(args))
	}
	for _, column := range []struct{ name, value string }{{"account", f.Account}, {"region", f.Region}, {"rule", f.Rule}} {
		if slices.Contains(i.Equal, column.name) {
			query += " AND " + column.name + " = " + place(column.value)
		}
	}
	if exact := i.Source.Rules; len(exact) > 0 && !slices.ContainsFunc(exact, func(rule string) bool { return strings.ContainsAny(rule, "*?") }) {
		var rules []string
		for _, rule := range exact {
			rules = append(rules, place(strings.ToLower(rule)))
		}
		query += " AND LOWER(rule) IN (" + strings.Join(rules, ", ") + ")"
	}
	return query, args
}
