package store

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// settle is how long changes that disturb nobody gather before a far end is asked to show them.
const settle = 10 * time.Second

// shown is what a channel shows of a finding.
type shown struct {
	version  int64
	state    notify.State // "" for nothing
	severity model.Severity
	at       time.Time
}

// owe owes a finding that changed to the channels that it goes to, and to those that show it already.
func (w *telling) owe(r *row, came string) error {
	if w.s.Routes == nil {
		return nil
	}
	var to []notify.Routed
	if r.State == StateOpen || r.State == StateResolved && came == resolved {
		to = w.s.Routes.Route(r.finding)
	}
	have, err := w.deliveries(r.finding.ID)
	if err != nil {
		return err
	}
	unclear := r.State == StateOpen && r.finding.Status == model.StatusUnknown
	for name, has := range have {
		if unclear && has.state == notify.Resolved {
			continue // that nobody knows whether it is so again is for who asks to be told that
		}
		known := slices.ContainsFunc(to, func(o notify.Routed) bool { return o.Channel == name })
		if routed, ok := w.s.Routes.Channel(name); ok && !known {
			to = append(to, routed)
		}
	}
	for _, channel := range to {
		if err := w.oweTo(r, channel, have[channel.Channel], came); err != nil {
			return err
		}
	}
	return nil
}

// oweTo owes a finding to a channel. One that nobody was told of while it was excepted is over without a word; but what
// somebody has begun to bring, the channel may show by now, and is told its end.
func (w *telling) oweTo(r *row, to notify.Routed, has *shown, came string) error {
	if has == nil {
		has = &shown{}
	}
	if has.version == 0 && (r.State == StateExcepted || r.State == StateResolved && r.exception != "") {
		_, err := w.do("DELETE FROM delivery WHERE finding = $1 AND channel = $2 AND leased_until = 0 AND attempts = 0", r.finding.ID, to.Channel)
		return err
	}
	due, owed := due(&r.life, came, to, *has, w.at)
	if !owed {
		return w.settled(r, to.Channel, came)
	}
	_, err := w.do(`INSERT INTO delivery (finding, channel, owed, shown, shown_state, shown_severity, shown_at, due, attempts, leased_until, leased_by, ref, error, dead)
		VALUES ($1, $2, $3, 0, '', 0, 0, $4, 0, 0, '', '', '', 0)
		ON CONFLICT (finding, channel) DO UPDATE SET owed = CASE WHEN delivery.owed > excluded.owed THEN delivery.owed ELSE excluded.owed END, dead = 0,
			due = CASE WHEN delivery.owed > delivery.shown AND delivery.due < excluded.due THEN delivery.due ELSE excluded.due END`,
		r.finding.ID, to.Channel, r.Version, stamp(due))
	return err
}

// settled forgets what a channel was owed where the finding is again as the channel shows it. What somebody has begun to
// bring it, it may show by now.
func (w *telling) settled(r *row, channel, came string) error {
	if came != resolved && came != reopened && came != lowered {
		return nil
	}
	_, err := w.do("UPDATE delivery SET owed = shown WHERE finding = $1 AND channel = $2 AND owed > shown AND leased_until = 0 AND attempts = 0", r.finding.ID, channel)
	return err
}

// due is when a channel should show a finding that changed, and whether at all. What people must know goes at once:
// that it is there, is worse than they know, or is over. The rest waits: for a quiet moment where the far end changes
// what it shows without disturbing anybody, else for the interval of repeats.
func due(l *life, came string, to notify.Routed, has shown, at time.Time) (time.Time, bool) {
	switch {
	case has.state == "", has.state != l.told(), l.Severity > has.severity && l.State != StateResolved:
		return at, true
	case to.Edits:
		return later(at, has.at.Add(settle)), true
	case came == again && to.Repeat > 0:
		return later(at, has.at.Add(to.Repeat)), true
	}
	return time.Time{}, false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (t tx) deliveries(finding string) (map[string]*shown, error) {
	found, err := t.QueryContext(t.ctx, "SELECT channel, shown, shown_state, shown_severity, shown_at FROM delivery WHERE finding = $1", finding)
	out := map[string]*shown{}
	_, err = rows(found, err, func(r *sql.Rows) (struct{}, error) {
		var name string
		var severity, at int64
		s := &shown{}
		err := r.Scan(&name, &s.version, &s.state, &severity, &at)
		s.severity, s.at = model.Severity(severity), moment(at) //nolint:gosec // written from one
		out[name] = s
		return struct{}{}, err //nolint:wrapcheck // tx says what was tried
	})
	return out, err
}

// reconcile owes every open finding to the channels that it goes to now: those that were set up since.
func (w *telling) reconcile() error {
	if w.s.Routes == nil {
		return nil
	}
	ids, err := w.ids("SELECT id FROM finding WHERE state = $1", string(StateOpen))
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := w.find(id, "") // held by none, since they come in an order of their own: what others owe of it meanwhile stays
		if err != nil {
			return err
		}
		have, err := w.deliveries(id)
		if err != nil {
			return err
		}
		for _, to := range w.s.Routes.Route(r.finding) {
			if have[to.Channel] == nil {
				err = errors.Join(err, w.oweTo(r, to, nil, opened))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
