package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

const deliveryColumns = "d.channel, d.owed, d.shown, d.shown_state, d.shown_severity, d.shown_at, d.due, d.attempts, d.ref, d.error, d.dead, d.leased_until, f.id, "

// worstLine is of the events since a finding opened the one that cost most.
const worstLine = "COALESCE((SELECT l.body FROM line l WHERE l.finding = f.id AND l.at >= f.opened ORDER BY l.severity DESC, l.place LIMIT 1), ''), "

// selectDelivery finds deliveries with their findings; what it finds is for [scanDelivery].
var selectDelivery = "SELECT " + deliveryColumns + worstLine + prefixed(findingColumns) + " FROM delivery d JOIN finding f ON f.id = d.finding "

// scanDelivery reads deliveryColumns, worstLine and then findingColumns.
func scanDelivery(from *sql.Rows) (notify.Delivery, error) {
	var d notify.Delivery
	var r row
	var severity, at, due, dead, leased int64
	var id, worst string
	err := r.scan(from, &d.Channel, &d.Owed, &d.Shown, &d.Before, &severity, &at, &due, &d.Attempts, &d.Ref, &d.Error, &dead, &leased, &id, &worst)
	d.Lease.Begun = leased > 0
	d.Was, d.ShownAt, d.Due, d.Dead = model.Severity(severity), moment(at), moment(due), dead != 0 //nolint:gosec // written from one
	d.Notice = notify.Notice{
		Finding: r.finding, State: r.told(), Version: r.Version, Count: r.Count, Opened: r.Opened, Changed: r.Changed, Resolved: r.Resolved, Before: d.Before, Was: d.Was,
	}
	d.Notice.Finding.Severity = r.Severity
	if err == nil {
		d.Notice.Began, err = began(worst, r.finding)
	}
	return d, err
}

// began is the line that a finding is about; nil where that is the one that it stands at.
func began(line string, at model.Finding) (*model.Finding, error) {
	if line == "" || at.RealTime == nil {
		return nil, nil //nolint:nilnil // no event made it, or what did is forgotten
	}
	var f model.Finding
	if err := json.Unmarshal([]byte(line), &f); err != nil {
		return nil, fmt.Errorf("a finding that the store holds is damaged: %w", err)
	}
	if f.RealTime == nil || f.Cause.EventID == at.Cause.EventID {
		return nil, nil //nolint:nilnil // as above
	}
	return &f, nil
}

func prefixed(columns string) string {
	return "f." + strings.ReplaceAll(columns, ", ", ", f.")
}

// ripe are the deliveries of the channel $1 that are due at $2, unless the channel is closed. What is excepted is told to
// nobody who does not know of it.
const ripe = `FROM delivery d JOIN finding f ON f.id = d.finding WHERE d.channel = $1 AND d.owed > d.shown AND d.dead = 0 AND d.due <= $2
			AND NOT (f.state = 'excepted' AND d.shown = 0)
			AND NOT EXISTS (SELECT 1 FROM channel c WHERE c.name = d.channel AND c.closed > 0)`

// Lease takes deliveries of a channel that are due, for a worker and a time: no other gets them until then, or until
// they are [Store.Shown], [Store.Failed] or [Store.Hold]. A worker that is [Store.Present] no longer loses what it leased.
func (s *Store) Lease(ctx context.Context, channel, worker string, n int, d time.Duration) ([]notify.Delivery, error) {
	var out []notify.Delivery
	err := s.tx(ctx, "look for what channel "+channel+" is owed", func(t tx) error {
		now := s.Now()
		ids, err := t.ids("SELECT d.finding "+ripe+`
			AND (d.leased_until <= $2 OR d.leased_by <> $4 AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.name = $5 || d.leased_by AND l.until > $2))
			ORDER BY f.severity DESC, d.due, d.finding LIMIT $3`+s.lockOf("d"), channel, stamp(now), n, worker, presence)
		if err != nil {
			return err
		}
		if out, err = t.owing(ids, channel); err != nil {
			return err
		}
		until := stamp(now.Add(d))
		for i, one := range out {
			out[i].Lease.Worker, out[i].Lease.Until = worker, moment(until)
			if _, err := t.do("UPDATE delivery SET leased_until = $1, leased_by = $2 WHERE finding = $3 AND channel = $4", until, worker, one.Notice.Finding.ID, channel); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// owing reads deliveries of a channel that the transaction has locked, in that order. All that is known of a finding is read
// of these alone: to sort it with what else is owed would take a second where 100,000 findings are.
func (t tx) owing(ids []string, channel string) ([]notify.Delivery, error) {
	var out []notify.Delivery
	for _, id := range ids {
		found, err := t.QueryContext(t.ctx, selectDelivery+"WHERE d.finding = $1 AND d.channel = $2", id, channel)
		one, err := rows(found, err, scanDelivery)
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func (s *Store) lockOf(table string) string {
	if s.lock == "" {
		return ""
	}
	return " FOR UPDATE OF " + table + " SKIP LOCKED"
}

// leased holds a delivery, and changes it only for who leased it: [notify.ErrLost] where that is somebody else by now. $1
// to $4 are the delivery and its lease.
func (t tx) leased(d notify.Delivery, set string, args ...any) error {
	n, err := t.do("UPDATE delivery SET "+set+" WHERE finding = $1 AND channel = $2 AND leased_by = $3 AND leased_until = $4",
		append([]any{d.Notice.Finding.ID, d.Channel, d.Lease.Worker, stamp(d.Lease.Until)}, args...)...)
	if err == nil && n == 0 {
		err = notify.ErrLost
	}
	return err
}

// Noted keeps how far a message came that takes several steps. It is leased on.
func (s *Store) Noted(ctx context.Context, d notify.Delivery, ref string) error {
	return s.tx(ctx, "keep how far a message of "+d.Channel+" came", func(t tx) error { return t.leased(d, "ref = $5", ref) })
}

// Shown keeps that a channel shows a delivery now, and who does not get it. What the finding came to meanwhile is owed as
// it would have been.
func (s *Store) Shown(ctx context.Context, d notify.Delivery, ref, but string, to notify.Routed) error {
	id := d.Notice.Finding.ID
	err := s.tx(ctx, "keep that "+d.Channel+" shows finding "+id, func(t tx) error {
		r, err := t.find(id, s.hold)
		if err != nil {
			return err
		}
		if s.Routes != nil { // a route's own interval counts before the channel's
			to = routedTo(s.Routes.Route(r.finding), to)
		}
		now := s.Now()
		has := shown{d.Notice.Version, d.Notice.State, d.Notice.Finding.Severity, now}
		next, owed := due(&r.life, again, to, has, now)
		least, more := has.version, 1
		switch {
		case !owed:
			more = 0 // what came meanwhile is nothing to tell
		case next.Equal(now):
			least = max(least, r.Version) // it was nothing to tell while the channel showed what it did before
		}
		err = t.leased(d, `shown = $5, shown_state = $6, shown_severity = $7, shown_at = $8, due = $9, attempts = 0, leased_until = 0, leased_by = '', ref = $10, error = $11,
			owed = CASE WHEN $12 = 1 AND owed > $13 THEN owed ELSE $13 END`,
			has.version, string(has.state), int64(has.severity), stamp(now), stamp(next), ref, but, more, least)
		if err != nil {
			return err
		}
		_, err = t.do("DELETE FROM channel WHERE name = $1 AND closed = 0", d.Channel)
		return err
	})
	if err == nil {
		s.owing.ring()
	}
	return err
}

// routedTo is a channel as a finding is routed to it, or as it is where no route names it any more.
func routedTo(routes []notify.Routed, to notify.Routed) notify.Routed {
	if i := slices.IndexFunc(routes, func(o notify.Routed) bool { return o.Channel == to.Channel }); i >= 0 {
		return routes[i]
	}
	return to
}

// Failed keeps why a delivery was not taken. It is tried again at a time; with the zero time it never is, as it is.
// A closed channel takes nothing until [Store.OpenChannel].
func (s *Store) Failed(ctx context.Context, d notify.Delivery, ref string, why *notify.Error, again time.Time) error {
	id := d.Notice.Finding.ID
	return s.tx(ctx, "keep that "+d.Channel+" did not take finding "+id, func(t tx) error {
		now, dead, closed := stamp(s.Now()), 0, int64(0)
		if why.Failure == notify.Refused {
			dead = 1
		}
		if why.Failure == notify.Closed {
			closed = now
		}
		if err := t.leased(d, "attempts = attempts + 1, error = $5, due = $6, dead = $7, ref = $8, leased_until = 0, leased_by = ''", why.Error(), stamp(again), dead, ref); err != nil {
			return err
		}
		if dead == 1 || why.Some { // the far end is there, and answers
			return nil
		}
		_, err := t.do(`INSERT INTO channel (name, since, closed, error) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET error = excluded.error, closed = CASE WHEN channel.closed > 0 THEN channel.closed ELSE excluded.closed END`,
			d.Channel, now, closed, why.Error())
		return err
	})
}

// Hold puts a delivery off until a time: somebody silenced it, or another finding inhibits it. A silence that was ended since
// it was asked for puts nothing off.
func (s *Store) Hold(ctx context.Context, d notify.Delivery, until time.Time) error {
	begun := 0 // as by Bury
	if d.Lease.Begun {
		begun = 1
	}
	return s.tx(ctx, "put a delivery off", func(t tx) error {
		if now := s.Now(); until.After(now.Add(inhibited)) { // no inhibition waits that long
			silences, err := t.ids("SELECT id FROM silence WHERE ends = $1"+s.hold, stamp(until))
			if err != nil {
				return err
			}
			if len(silences) == 0 {
				until = now
			}
		}
		return t.leased(d, "due = $5, leased_until = $6, leased_by = ''", stamp(until), begun)
	})
}

// Late keeps that a delivery was brought by who had lost its lease. Where others showed more of the finding since, the far
// end may show what it was before now, and is to show it once more as it stands. What somebody brings at the moment comes
// after it.
func (s *Store) Late(ctx context.Context, d notify.Delivery) error {
	n := d.Notice
	err := s.tx(ctx, "keep that "+d.Channel+" was shown finding "+n.Finding.ID+" late", func(t tx) error {
		_, err := t.do(`UPDATE delivery SET shown = $3, shown_state = $4, shown_severity = $5, due = $6 WHERE finding = $1 AND channel = $2 AND shown > $3 AND leased_until <= $6`,
			n.Finding.ID, d.Channel, n.Version, string(n.State), int64(n.Finding.Severity), stamp(s.Now()))
		return err
	})
	s.owing.ring()
	return err
}

// ChannelState is what is known of a channel.
type ChannelState struct {
	Name   string
	Since  time.Time // of the first failure that no success followed; zero: there is none
	Closed time.Time // when it was closed; zero: it is tried
	Error  string
	Owed   int    // messages that it should show and does not
	Dead   int    // messages that it will never take as they are
	Partly int    // findings whose last message some recipients did not get
	But    string // who did not get the last of them, and why
	Shown  time.Time
}

// Channels are the channels that something is known of.
func (s *Store) Channels(ctx context.Context) ([]ChannelState, error) {
	found, err := s.db.QueryContext(ctx, `SELECT n.name, COALESCE(c.since, 0), COALESCE(c.closed, 0), COALESCE(c.error, ''),
		COALESCE((SELECT SUM(CASE WHEN d.owed > d.shown AND d.dead = 0 THEN 1 ELSE 0 END) FROM delivery d WHERE d.channel = n.name), 0),
		COALESCE((SELECT SUM(d.dead) FROM delivery d WHERE d.channel = n.name), 0),
		COALESCE((SELECT MAX(d.shown_at) FROM delivery d WHERE d.channel = n.name), 0),
		(SELECT COUNT(*) FROM delivery d WHERE d.channel = n.name AND d.owed <= d.shown AND d.error <> ''),
		COALESCE((SELECT d.error FROM delivery d WHERE d.channel = n.name AND d.owed <= d.shown AND d.error <> '' ORDER BY d.shown_at DESC LIMIT 1), '')
		FROM (SELECT name FROM channel UNION SELECT channel AS name FROM delivery) n LEFT JOIN channel c ON c.name = n.name ORDER BY n.name`)
	out, err := rows(found, err, func(r *sql.Rows) (ChannelState, error) {
		var c ChannelState
		var since, closed, at int64
		err := r.Scan(&c.Name, &since, &closed, &c.Error, &c.Owed, &c.Dead, &at, &c.Partly, &c.But)
		c.Since, c.Closed, c.Shown = moment(since), moment(closed), moment(at)
		return c, err //nolint:wrapcheck // said below
	})
	if err != nil {
		return nil, fmt.Errorf("list the channels: %w", err)
	}
	return out, nil
}

// Untaken is how many messages a channel is owed whose last attempt failed.
func (s *Store) Untaken(ctx context.Context, channel string) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM delivery WHERE channel = $1 AND owed > shown AND error <> ''", channel).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count what channel %s did not take: %w", channel, err)
	}
	return n, nil
}

// OpenChannel tries a channel again at once, with all that it is owed; messages that it refused are tried once more.
// It gives how many are due.
func (s *Store) OpenChannel(ctx context.Context, name string) (int64, error) {
	var n int64
	err := s.tx(ctx, "try channel "+name+" again", func(t tx) error {
		var err error
		// The deliveries first, as in [Store.Failed] and [Store.Shown]: who locks the same in another order waits for ever.
		n, err = t.do(`UPDATE delivery SET due = $2, dead = 0, attempts = 0, leased_until = CASE WHEN attempts > 0 AND leased_until = 0 THEN 1 ELSE leased_until END
			WHERE channel = $1 AND owed > shown`, name, stamp(s.Now()))
		if err == nil {
			_, err = t.do("DELETE FROM channel WHERE name = $1", name)
		}
		return err
	})
	s.owing.ring()
	return n, err
}

// Retried tells whether [Store.OpenChannel] was called since a delivery failed.
func (s *Store) Retried(ctx context.Context, d notify.Delivery) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM delivery WHERE finding = $1 AND channel = $2 AND owed > shown AND attempts = 0", d.Notice.Finding.ID, d.Channel).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look whether channel %s is to be tried again: %w", d.Channel, err)
	}
	return n > 0, nil
}

// Due tells whether a channel that is not closed is owed something now, or is being brought it.
func (s *Store) Due(ctx context.Context, channel string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) "+ripe, channel, stamp(s.Now())).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look whether channel %s is owed something: %w", channel, err)
	}
	return n > 0, nil
}

// Owed are the deliveries that are not shown as they should be, the most urgent first; at most n.
func (s *Store) Owed(ctx context.Context, n int) ([]notify.Delivery, error) {
	found, err := s.db.QueryContext(ctx, selectDelivery+`WHERE d.owed > d.shown AND NOT (f.state = 'excepted' AND d.shown = 0)
		ORDER BY f.severity DESC, d.due, d.finding, d.channel LIMIT $1`, n)
	out, err := rows(found, err, scanDelivery)
	if err != nil {
		return nil, fmt.Errorf("list what is owed: %w", err)
	}
	return out, nil
}
