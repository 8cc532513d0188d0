package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Pulse is how regularly something arrives of an account and Region.
type Pulse struct {
	Account, Region string
	First, Last     time.Time
	Hours           int // in which some arrived, since the first
}

// Beat takes in that something arrived just now of accounts and Regions.
func (s *Store) Beat(ctx context.Context, all [][2]string) error {
	if len(all) == 0 {
		return nil
	}
	return s.tx(ctx, "keep when records arrived", func(t tx) error {
		now := stamp(s.Now())
		const hour = int64(time.Hour / time.Microsecond)
		for _, one := range all {
			if _, err := t.do(`INSERT INTO pulse (account, region, last, hours, first) VALUES ($1, $2, $3, 1, $3)
				ON CONFLICT (account, region) DO UPDATE SET last = excluded.last, hours = pulse.hours + CASE WHEN excluded.last / $4 > pulse.last / $4 THEN 1 ELSE 0 END`,
				one[0], one[1], now, hour); err != nil {
				return err
			}
		}
		return nil
	})
}

// Pulses are those of all accounts and Regions.
func (s *Store) Pulses(ctx context.Context) ([]Pulse, error) {
	found, err := s.db.QueryContext(ctx, "SELECT account, region, first, last, hours FROM pulse ORDER BY account, region")
	out, err := rows(found, err, func(r *sql.Rows) (Pulse, error) {
		var p Pulse
		var first, last int64
		err := r.Scan(&p.Account, &p.Region, &first, &last, &p.Hours)
		p.First, p.Last = moment(first), moment(last)
		return p, err //nolint:wrapcheck // said below
	})
	if err != nil {
		return nil, fmt.Errorf("look when records arrived: %w", err)
	}
	return out, nil
}
