package live

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/store"
)

// untold is a change of a trail that two readings show and that no event has told of so far. It is told when its event
// is late beyond doubt, and taken back when the event comes all the same.
type untold struct {
	detect.Window
	Of   []string  `json:"of"`   // the attributes
	Told time.Time `json:"told"` // when it was told; zero: not yet
}

const (
	// grace is how long an event may take to arrive before its absence is told. AWS promises nothing; log files and Event
	// history are five minutes late on average, and Event history is asked again for the last half hour. Where a queue
	// still brings what is older, as after days down, that is waited for too.
	grace = 30 * time.Minute
	// farApart is how long ago the reading before may be: queues keep a message for 14 days, so what happened while cairn
	// was away comes until then.
	farApart = 14 * 24 * time.Hour
	// hearsay is how long ago something may have been heard of an account and Region whose events cairn still counts as
	// read. In a quiet one events are rare; one whose source was taken away is not to be spoken of for ever.
	hearsay = 7 * 24 * time.Hour
)

// theUntold is the name under which the store has them.
const theUntold = "changes that no event told of"

// theEnded is the name under which the store has the losses of which a reading showed the end.
const theEnded = "losses that ended without an event"

// restore reads what an earlier process found.
func (j *judge) restore(ctx context.Context) error {
	var err error
	if j.untold, err = recall[untold](ctx, j.w, theUntold); err != nil {
		return err
	}
	j.ended, err = recall[model.Loss](ctx, j.w, theEnded)
	return err
}

// recall reads a list that an earlier process kept.
func recall[T any](ctx context.Context, w *Watch, name string) ([]T, error) {
	body, _, err := w.Store.Document(ctx, name)
	if err != nil || body == nil {
		return nil, err //nolint:wrapcheck // it says what was tried
	}
	var list []T
	if err := json.Unmarshal(body, &list); err != nil {
		w.Log.WarnContext(ctx, "what was kept cannot be read and is forgotten", "what", name, "error", err)
		return nil, nil
	}
	return list, nil
}

// rememberEnds keeps when losses ended of which no event tells the end: later readings do not show since when the accounts
// are so. A start tells all lines, and what none is of any more is forgotten.
func (j *judge) rememberEnds(ctx context.Context, lines []model.Finding, all bool) error {
	ended := slices.Clone(j.ended)
	if all {
		ended = slices.DeleteFunc(ended, func(l model.Loss) bool {
			return !slices.ContainsFunc(lines, func(f model.Finding) bool { return f.Cause.EventID == l.By })
		})
	}
	for _, f := range lines {
		for _, l := range f.Cause.Lost {
			same := func(o model.Loss) bool {
				return o.By == l.By && slices.Equal(o.Accounts, l.Accounts) && o.Until.Equal(*l.Until) && o.AtMost == l.AtMost
			}
			if l.Until != nil && !slices.ContainsFunc(ended, same) {
				ended = append(ended, l)
			}
		}
	}
	if len(ended)+len(j.ended) == 0 || reflect.DeepEqual(ended, j.ended) {
		return nil
	}
	body, err := json.Marshal(ended)
	if err != nil {
		return fmt.Errorf("write %s: %w", theEnded, err)
	}
	if err := j.w.Store.SaveDocument(ctx, theEnded, body); err != nil {
		return err
	}
	j.ended = ended
	return nil
}

func (j *judge) remember(ctx context.Context, all []untold) error {
	body, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write %s: %w", theUntold, err)
	}
	if err := j.w.Store.SaveDocument(ctx, theUntold, body); err != nil {
		return err
	}
	j.untold = all
	return nil
}

// due has the accounts read again when a change is to be told.
func (j *judge) due() {
	for _, u := range j.untold {
		if at := j.ripe(u); u.Told.IsZero() && at.After(j.w.Now()) {
			j.reader.by(at)
		}
	}
}

// ripe is when the event of a change can hardly come any more.
func (j *judge) ripe(u untold) time.Time {
	if at := u.Until.Add(grace); at.After(j.caught()) {
		return at
	}
	return j.caught()
}

// compare finds what the accounts show that no event told of, and tells what still stands of what was found before.
func (j *judge) compare(ctx context.Context, s *model.Snapshot) error {
	if j.detector == nil || j.read == nil {
		return nil // there is nothing to compare with
	}
	hears, err := j.hearing(ctx)
	if err != nil {
		return err
	}
	back := map[string][]string{} // by trail, what is after all as it was
	var all []untold
	for _, u := range j.untold {
		if u = j.confirm(u, s, back); len(u.Of) == 0 || j.w.Now().Sub(u.Until) > farApart {
			continue
		}
		if u.Told.IsZero() && !j.w.Now().Before(j.ripe(u)) && j.seen(u, s) {
			if u, err = j.tellOf(ctx, u); err != nil {
				return err
			}
		}
		all = append(all, u)
	}
	for _, w := range slices.Concat(detect.Windows(j.read, s), j.returned(s)) {
		if u := j.found(w, hears, back[w.Trail]); len(u.Of) > 0 {
			all = append(all, u)
		}
	}
	if len(all)+len(j.untold) > 0 {
		err = j.remember(ctx, all)
	}
	if err == nil {
		j.hide(s)
	}
	j.due()
	return err
}

// hide keeps how accounts were that cannot be read now, until they can: who means to change a trail unseen may shut cairn
// out first.
func (j *judge) hide(s *model.Snapshot) {
	for _, now := range s.Accounts {
		was := j.read.Account(now.ID)
		switch {
		case now.Unread() == nil:
			delete(j.hidden, now.ID)
		case was != nil && was.Unread() == nil:
			j.hidden[now.ID] = only(j.read, now.ID)
		}
	}
}

// returned are the trails of accounts that can be read again, from when they last could.
func (j *judge) returned(s *model.Snapshot) []detect.Window {
	var out []detect.Window
	for _, id := range slices.Sorted(maps.Keys(j.hidden)) {
		out = append(out, detect.Windows(j.hidden[id], only(s, id))...)
	}
	return out
}

// only is a reading of one account alone.
func only(s *model.Snapshot, id string) *model.Snapshot {
	out := *s
	out.Accounts = slices.DeleteFunc(slices.Clone(s.Accounts), func(a *model.Account) bool { return a.ID != id })
	return &out
}

// found is what a new reading shows and no event told of.
func (j *judge) found(w detect.Window, hears hearing, back []string) untold {
	u := untold{Window: w}
	if w.Until.Sub(w.From) > farApart || w.From.Before(j.whole) || !hears.of(w) {
		return u
	}
	edits, _ := j.detector.Unannounced(w)
	for _, e := range edits {
		if !slices.Contains(back, e.Attribute) && !j.knows(w, e.Attribute) {
			u.Of = append(u.Of, e.Attribute)
		}
	}
	return u
}

// knows tells whether a change was found by another reading of the same time: the window of an account that was refused is a
// long one, and another process may have judged meanwhile.
func (j *judge) knows(w detect.Window, attribute string) bool {
	return slices.ContainsFunc(j.untold, func(u untold) bool {
		return u.Trail == w.Trail && u.Until.After(w.From) && slices.Contains(u.Of, attribute)
	})
}

// confirm leaves of a change that is not told yet what no event has told of meanwhile, and what a further reading does
// not show to be as before: one reading may be behind the others.
func (j *judge) confirm(u untold, s *model.Snapshot, back map[string][]string) untold {
	if !u.Told.IsZero() {
		return u
	}
	u.Of, _ = j.still(u)
	now := s.Account(u.Is.ID)
	u.Of = slices.DeleteFunc(u.Of, func(name string) bool {
		gone := now != nil && j.detector.Stands(u.Window, name, now, s.CollectedAt) == model.No
		if gone {
			back[u.Trail] = append(back[u.Trail], name)
		}
		return gone
	})
	return u
}

// seen tells whether a further reading shows that the change stands.
func (j *judge) seen(u untold, s *model.Snapshot) bool {
	now := s.Account(u.Is.ID)
	return now != nil && !slices.ContainsFunc(u.Of, func(name string) bool {
		return j.detector.Stands(u.Window, name, now, s.CollectedAt) != model.Yes
	})
}

// still is what of a change no event has told of yet, as of now.
func (j *judge) still(u untold) ([]string, []model.Edit) {
	edits, known := j.detector.Unannounced(u.Window)
	if !known {
		return u.Of, nil
	}
	edits = slices.DeleteFunc(edits, func(e model.Edit) bool { return !slices.Contains(u.Of, e.Attribute) })
	var of []string
	for _, e := range edits {
		of = append(of, e.Attribute)
	}
	return of, edits
}

// tellOf tells a change.
func (j *judge) tellOf(ctx context.Context, u untold) (untold, error) {
	of, edits := j.still(u)
	if len(edits) == 0 {
		return u, nil
	}
	u.Of = of
	if u.Told.IsZero() {
		u.Told = j.w.Now()
	}
	return u, j.sayOf(ctx, u, j.w.unannounced(u, edits))
}

func (j *judge) sayOf(ctx context.Context, u untold, f model.Finding) error {
	told, err := j.w.Store.Tell(ctx, store.News{
		Audits: []store.Audit{{Account: f.Account, Findings: []model.Finding{f}, Once: u.Told}}, Lease: theJudge, Holder: j.w.ID,
	})
	j.w.tell(told)
	return err
}

// reconsider takes back what events that came late tell of after all.
func (j *judge) reconsider(ctx context.Context) error {
	var all []untold
	changed := false
	for _, u := range j.untold {
		of := u.Of
		if !u.Told.IsZero() {
			of, _ = j.still(u)
		}
		over := j.w.Now().Sub(u.Told) > j.w.Store.Quiet && !u.Told.IsZero() // its finding has resolved
		var err error
		switch {
		case over:
		case len(of) == len(u.Of):
			all = append(all, u)
			continue
		case len(of) == 0:
			err = j.sayOf(ctx, u, j.w.announced(u, j.detector.Announces(u.Window, u.Of)))
		default:
			u, err = j.tellOf(ctx, u)
			all = append(all, u)
		}
		if err != nil {
			return err
		}
		changed = true
	}
	if !changed {
		return nil
	}
	return j.remember(ctx, all)
}

// hearing is of whom records arrived.
type hearing []store.Pulse

func (j *judge) hearing(ctx context.Context) (hearing, error) {
	all, err := j.w.Store.Pulses(ctx)
	return all, err
}

// of tells whether cairn read events of the trail's account and Region before its change. An organization's trail may
// be changed by a delegated administrator, of whose calls its owner may have no event: it must not be the only one heard.
func (h hearing) of(w detect.Window) bool {
	region, own, others := model.ARNRegion(w.Trail), false, false
	for _, p := range h {
		if p.First.After(w.From) || w.From.Sub(p.Last) > hearsay {
			continue
		}
		own = own || p.Account == w.Is.ID && strings.TrimPrefix(p.Region, Events) == region
		others = others || p.Account != w.Is.ID
	}
	return own && (others || !organizations(w))
}

// organizations tells whether the trail is an organization's, or may be.
func organizations(w detect.Window) bool {
	for _, a := range []*model.Account{w.Was, w.Is} {
		if t := a.Trail(w.Trail); t != nil && t.Is(model.Organization).Tri != model.No {
			return true
		}
	}
	return false
}

// unannounced is a change that no event told of.
func (w *Watch) unannounced(u untold, edits []model.Edit) model.Finding {
	f := w.changed(u)
	var what []string
	for _, e := range edits {
		what = append(what, said(e))
		if t, a := u.Is.Trail(u.Trail), model.AttributeNamed(e.Attribute); t != nil && a != nil {
			f.Evidence = append(f.Evidence, a.Evidence(t))
		}
	}
	f.Message = fmt.Sprintf("%s was changed between %s and %s, and no event told of it, so who did it cannot be said: %s.",
		model.ARNName(u.Trail), model.Moment(u.From), model.Moment(u.Until), strings.Join(what, "; "))
	f.Notes = []string{
		"Either the event is more than " + model.Span(grace) + " late, or a source does not bring all events of the account, or a trail that should have recorded it was blind.",
		"Event history has it for 90 days, whatever becomes of trails.",
	}
	f.Fix = fmt.Sprintf("aws cloudtrail lookup-events --region %s --start-time %s --end-time %s --lookup-attributes AttributeKey=EventSource,AttributeValue=cloudtrail.amazonaws.com",
		f.Region, u.From.Add(-detect.Near-u.Took).UTC().Format(time.RFC3339), u.Until.UTC().Format(time.RFC3339))
	return f
}

// announced is a change of which an event told after all.
func (w *Watch) announced(u untold, by *model.Cause) model.Finding {
	f := w.changed(u)
	f.Status, f.Message = model.StatusPass, "An event that came late tells of it."
	if by != nil {
		f.Message = fmt.Sprintf("%s at %s by %s tells of it, or may: its event %s came late.", by.EventName, model.Moment(by.EventTime), by.Actor.ARN, by.EventID)
	}
	return f
}

func (w *Watch) changed(u untold) model.Finding {
	about := model.Ref{Kind: model.TrailKind, ID: u.Trail}
	f := w.own(untoldRule, "Configuration changed and no event told of it", about)
	f.ID, f.Account, f.Region, f.Severity, f.Page = model.FindingID(u.Is.ID, untoldRule, about), u.Is.ID, model.ARNRegion(u.Trail), model.High, "cairn doctor"
	f.Label = f.Severity.Label()
	return f
}

// said is a change in words.
func said(e model.Edit) string {
	if e.Attribute == detect.Existence {
		if e.Before == true {
			return "it was there and is no more"
		}
		return "it was not there and is"
	}
	return fmt.Sprintf("%s was %s and is %s", e.Attribute, shown(e.Before), shown(e.After))
}

// mostShown bounds how much of a value a sentence holds: selectors can be long.
const mostShown = 200

func shown(v any) string {
	raw, err := json.Marshal(v)
	switch {
	case err != nil:
		return "unknown"
	case string(raw) == `""`, string(raw) == `"0001-01-01T00:00:00Z"`:
		return "none"
	}
	return notify.Cut(string(raw), mostShown)
}
