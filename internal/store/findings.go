package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// News is what is found at a time, to be kept in one transaction. To tell the same twice changes nothing.
type News struct {
	// Lines are what detections say of events, in the order of the events: new, changed or, with the status pass, taken
	// back.
	Lines []model.Finding
	// Standing are the findings whose cost can be made good: whether it stands.
	Standing map[string]bool
	Audits   []Audit
	Judged   []Judged // records of the log
	// Lease is one that Holder must have still, where it is set: of two who take themselves for the judge of the log, one
	// is wrong.
	Lease, Holder string
}

// Audit is what an audit found of one account by some rules.
type Audit struct {
	Account  string
	Findings []model.Finding
	Rules    []string // that judged it
	Whole    bool     // nothing could hide: what is not among the findings is no more
	// Once is set where the findings are no states but happened, by that time: they resolve when nothing more is seen of
	// them.
	Once time.Time
}

// Told is what became of a finding.
type Told struct {
	Finding model.Finding
	Step    string // opened, seen again, told anew, ...
	State   State
}

// row is a finding as the schema has it.
type row struct {
	life
	finding   model.Finding
	kind      string
	exception string
	fresh     bool // it has no row yet
}

const findingColumns = "state, severity, version, count, opened, changed, resolved, quiet, exception, kind, body"

// scan reads the columns of findingColumns, after others.
func (r *row) scan(from interface{ Scan(...any) error }, before ...any) error {
	var severity, opened, changed, resolved, quiet int64
	var body string
	err := from.Scan(append(before, &r.State, &severity, &r.Version, &r.Count, &opened, &changed, &resolved, &quiet, &r.exception, &r.kind, &body)...)
	if err != nil {
		return err //nolint:wrapcheck // the caller says what was asked
	}
	r.Severity = model.Severity(severity) //nolint:gosec // written from one
	r.Opened, r.Changed, r.Resolved, r.Quiet = moment(opened), moment(changed), moment(resolved), moment(quiet)
	if err := json.Unmarshal([]byte(body), &r.finding); err != nil {
		return fmt.Errorf("a finding that the store holds is damaged: %w", err)
	}
	return nil
}

// find reads a finding. Who is going to change it, or what is owed of it, holds it, so that both see what the other did.
func (t tx) find(id, hold string) (*row, error) {
	r := &row{}
	err := r.scan(t.QueryRowContext(t.ctx, "SELECT "+findingColumns+" FROM finding WHERE id = $1"+hold, id))
	if errors.Is(err, sql.ErrNoRows) {
		return &row{fresh: true}, nil
	}
	return r, err
}

func (t tx) save(r *row) error {
	f := r.finding
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write a finding: %w", err)
	}
	_, err = t.do(`INSERT INTO finding (id, account, region, rule, state, severity, version, count, opened, changed, resolved, quiet, exception, kind, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO UPDATE SET region = excluded.region, state = excluded.state, severity = excluded.severity, version = excluded.version, count = excluded.count,
			opened = excluded.opened, changed = excluded.changed, resolved = excluded.resolved, quiet = excluded.quiet, exception = excluded.exception, body = excluded.body`,
		f.ID, f.Account, f.Region, f.Rule, string(r.State), int64(r.Severity), r.Version, r.Count, stamp(r.Opened), stamp(r.Changed), stamp(r.Resolved), stamp(r.Quiet),
		r.exception, r.kind, string(body))
	return err
}

// telling is one transaction of news.
type telling struct {
	tx
	s    *Store
	at   time.Time
	rows map[string]*row // that were read
	told []Told
}

// Tell keeps news, and owes it to the channels. It gives what of them was new.
func (s *Store) Tell(ctx context.Context, n News) ([]Told, error) {
	return s.telling(ctx, "keep what was found", func(w *telling) error {
		if n.Lease != "" {
			if err := w.held(n.Lease, n.Holder); err != nil {
				return err
			}
		}
		for _, f := range n.Lines {
			if err := w.line(f, n.Standing); err != nil {
				return err
			}
		}
		if err := w.mended(n.Standing); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(w.rows)) { // what happened long ago is over by now
			if err := w.quiet(w.rows[id]); err != nil {
				return err
			}
		}
		for _, a := range n.Audits {
			if err := w.audit(a); err != nil {
				return err
			}
		}
		return w.judged(n.Judged)
	})
}

func (w *telling) row(id string) (*row, error) {
	if r := w.rows[id]; r != nil {
		return r, nil
	}
	r, err := w.find(id, w.s.hold)
	if err == nil {
		w.rows[id] = r
	}
	return r, err
}

// line keeps what a detection says of an event.
func (w *telling) line(f model.Finding, standing map[string]bool) error {
	before, err := w.lineBody(f)
	if err != nil {
		return err
	}
	if f.Status == model.StatusPass {
		return w.takeBack(f, before)
	}
	body, err := lineOf(f)
	if err != nil || body == before {
		return err
	}
	place := placeOf(f)
	if _, err := w.do(`INSERT INTO line (finding, event, place, at, severity, body) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (finding, event) DO UPDATE SET body = excluded.body, place = excluded.place, at = excluded.at, severity = excluded.severity`,
		f.ID, f.Cause.EventID, place, stamp(f.Cause.EventTime), int64(f.Cause.Severity), body); err != nil {
		return err
	}
	r, err := w.row(f.ID)
	if err != nil {
		return err
	}
	latest := r.fresh || r.finding.RealTime == nil || placeOf(r.finding) <= place
	if latest {
		r.finding, r.kind = f, f.Kind
	}
	s, severity := Seen, r.finding.Severity
	switch {
	case before != "":
		s = Anew
	case r.State == StateResolved && explains(f, standing): // it is over, and this tells how
		s = Anew
		r.Count, r.Resolved = r.Count+1, f.Cause.EventTime
	}
	if opens := s == Seen && r.State == StateResolved; latest || opens {
		r.Quiet = r.finding.Cause.EventTime.Add(w.s.Quiet)
		if standing[f.ID] {
			r.Quiet = time.Time{}
		}
	}
	return w.step(r, s, severity, f.Cause.EventTime, f)
}

// explains tells an event that ended what earlier ones cost, which was seen to have ended before the event was read.
func explains(f model.Finding, standing map[string]bool) bool {
	stands, known := standing[f.ID]
	return known && !stands && len(f.Cause.Lost) == 0 && len(f.Cause.Regained) > 0 &&
		!slices.ContainsFunc(f.Cause.Regained, func(l model.Loss) bool { return l.By == "" })
}

// lineOf is a line as it is kept: without what tells only that it was told before.
func lineOf(f model.Finding) (string, error) {
	rt := *f.RealTime
	rt.Revises = ""
	f.RealTime = &rt
	body, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("write a finding: %w", err)
	}
	return string(body), nil
}

// placeOf sorts the lines of a finding as model.Order sorts their events: in seconds, then by what they do.
func placeOf(f model.Finding) string {
	c := model.ControlCall{At: f.Cause.EventTime, Op: f.Cause.EventName}
	return fmt.Sprintf("%012d %d %s", f.Cause.EventTime.Unix(), c.Rank(), f.Cause.EventID)
}

func (w *telling) lineBody(f model.Finding) (string, error) {
	var body string
	err := w.QueryRowContext(w.ctx, "SELECT body FROM line WHERE finding = $1 AND event = $2", f.ID, text(f.Cause.EventID)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return body, err //nolint:wrapcheck // tx says what was tried
}

// takeBack forgets a line that a later event showed to be wrong: the finding is what its other lines say.
func (w *telling) takeBack(f model.Finding, before string) error {
	if before == "" {
		return nil
	}
	if _, err := w.do("DELETE FROM line WHERE finding = $1 AND event = $2", f.ID, f.Cause.EventID); err != nil {
		return err
	}
	r, err := w.row(f.ID)
	if err != nil {
		return err
	}
	r.Count = max(0, r.Count-1)
	var last string
	err = w.QueryRowContext(w.ctx, "SELECT body FROM line WHERE finding = $1 ORDER BY place DESC LIMIT 1", f.ID).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		if r.State == StateResolved {
			return w.save(r) // it is over as it is
		}
		return w.step(r, Gone, r.Severity, w.at, f)
	}
	if err == nil {
		r.finding = model.Finding{}
		err = json.Unmarshal([]byte(last), &r.finding)
	}
	if err != nil {
		return err //nolint:wrapcheck // tx says what was tried
	}
	return w.step(r, Anew, r.finding.Severity, w.at, f)
}

// mended resolves the findings whose cost is made good.
func (w *telling) mended(standing map[string]bool) error {
	for id, stands := range standing {
		if stands {
			continue
		}
		r, err := w.row(id)
		if err != nil {
			return err
		}
		if r.fresh || r.State == StateResolved {
			continue
		}
		if err := w.step(r, Gone, r.Severity, w.mendedAt(r.finding.RealTime), r.finding); err != nil {
			return err
		}
	}
	return nil
}

// mendedAt is when what a finding cost was made good: by its last event, or as the end of what that lost is known.
func (w *telling) mendedAt(f *model.RealTime) time.Time {
	switch {
	case f == nil:
		return w.at
	case len(f.Cause.Regained) > 0:
		return f.Cause.EventTime
	case len(f.Cause.Lost) == 0:
		return w.at
	}
	var last time.Time
	for _, l := range f.Cause.Lost {
		if l.Until == nil {
			return w.at
		}
		if l.Until.After(last) {
			last = *l.Until
		}
	}
	return last
}

// step does a step of a finding's life, and owes it where it came to something.
func (w *telling) step(r *row, s Step, severity model.Severity, at time.Time, by model.Finding) error {
	came := r.step(s, severity, at)
	if came == "" {
		return nil
	}
	if err := w.book(r, came, by); err != nil {
		return err
	}
	if err := w.excuse(r); err != nil {
		return err
	}
	r.fresh = false
	return w.owe(r, came)
}

// book writes a step down.
func (w *telling) book(r *row, came string, by model.Finding) error {
	r.Changed = w.at
	if err := w.save(r); err != nil {
		return err
	}
	event, actor, why := "", "", by.Message
	if by.RealTime != nil {
		event, actor, why = by.Cause.EventID, by.Cause.Actor.ARN, cmp.Or(by.Cause.Reason, by.Message)
	}
	_, err := w.do("INSERT INTO history (finding, version, at, step, severity, event, actor, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		r.finding.ID, r.Version, stamp(w.at), came, int64(r.Severity), event, actor, why)
	w.told = append(w.told, Told{by, came, r.State})
	return err
}

// excuse excepts a finding whose risk is accepted, and opens one again whose is not any more.
func (w *telling) excuse(r *row) error {
	why := w.excused(r.finding)
	step := Unexcused
	if why != "" {
		step = Accepted
	}
	r.exception = why
	came := r.step(step, r.Severity, w.at)
	if came == "" {
		return nil
	}
	by := r.finding
	by.Message = cmp.Or(why, "the exception has ended")
	by.RealTime = nil
	return w.book(r, came, by)
}

// excused is why a finding's risk is accepted, "" where it is not.
func (w *telling) excused(f model.Finding) string {
	if w.s.Excused == nil {
		return ""
	}
	return w.s.Excused(f, w.at)
}

// audit keeps an audit's findings. A verdict that stays the same is no news.
func (w *telling) audit(a Audit) error {
	found := map[string]bool{}
	for _, f := range a.Findings {
		found[f.ID] = true
		if err := w.verdict(f, a.Once); err != nil {
			return err
		}
	}
	if !a.Whole {
		return nil
	}
	gone, err := w.missing(a, found)
	if err != nil {
		return err
	}
	for _, id := range gone {
		r, err := w.row(id)
		if err != nil {
			return err
		}
		by := r.finding
		by.Message = "What it was about is no more."
		if err := w.step(r, Gone, r.Severity, w.at, by); err != nil {
			return err
		}
	}
	return nil
}

// missing are the account's findings of the rules that judged it, which are not among what they found.
func (w *telling) missing(a Audit, found map[string]bool) ([]string, error) {
	if len(a.Rules) == 0 {
		return nil, nil
	}
	args := []any{a.Account, string(StateResolved)}
	var places []string
	for _, rule := range a.Rules {
		args = append(args, rule)
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	ids, err := w.ids("SELECT id FROM finding WHERE account = $1 AND state <> $2 AND kind = 'posture' AND rule IN ("+strings.Join(places, ", ")+")", args...)
	var out []string
	for _, id := range ids {
		if !found[id] {
			out = append(out, id)
		}
	}
	return out, err
}

// verdict keeps one verdict of an audit, or what happened once.
func (w *telling) verdict(f model.Finding, once time.Time) error {
	r, err := w.row(f.ID)
	if err != nil {
		return err
	}
	switch f.Status {
	case model.StatusPass, model.StatusNotApplicable:
		if r.fresh {
			return nil
		}
		was := r.finding
		was.Message = f.Message
		return w.step(r, Gone, r.Severity, w.at, was)
	case model.StatusUnknown:
		if !r.fresh && r.State != StateResolved && r.finding.Status == model.StatusFail {
			return nil // what failed fails until it is seen to pass
		}
	case model.StatusFail:
	}
	same := false
	if !r.fresh {
		if same, err = equal(r.finding, f); err != nil {
			return err
		}
	}
	r.finding, r.kind = f, kindOf(f)
	if !once.IsZero() {
		r.Quiet = once.Add(w.s.Quiet)
	}
	switch {
	case r.State == StateUnseen || r.State == StateResolved:
		return w.step(r, Seen, f.Severity, w.at, f)
	case same:
		return nil
	}
	return w.step(r, Anew, f.Severity, w.at, f)
}

// The kinds of findings that no event made.
const (
	posture = "posture"
	own     = "cairn" // of cairn's own: a channel that takes nothing, a trail that is silent
)

func kindOf(f model.Finding) string {
	if strings.HasPrefix(f.Rule, ownRules) {
		return own
	}
	return posture
}

// ownRules begin the ids of what cairn finds of itself.
const ownRules = "CRN-"

func equal(a, b model.Finding) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("write a finding: %w", err)
	}
	y, err := json.Marshal(b)
	return string(x) == string(y), err //nolint:wrapcheck // as above
}
