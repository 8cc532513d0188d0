package detect

import (
	"slices"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// turn keeps which event turned which verdict to fail.
func (l *ledger) turn(e *entry, flips []model.Flip) {
	for _, f := range flips {
		switch {
		case f.To == model.StatusFail && f.From != "":
			l.failed[f.Finding] = append(l.failed[f.Finding], e)
		case f.To == model.StatusPass || f.To == model.StatusUnknown:
			delete(l.failed, f.Finding)
		}
	}
}

// flips are the verdicts that differ before and after. Whether files arrive is not told by the calls that switch and
// change a trail, so what rests on it is left out.
func (l *ledger) flips(e *entry, c change, o *Options) []model.Flip {
	if c.is.Unread() != nil || o.Snapshot == nil {
		return nil
	}
	return l.compare(c, o, func(r *rule.Rule) bool {
		return triggers(r, e.cause) && switched(r)
	})
}

// switched tells the rules that do not rest on whether files arrive.
func switched(r *rule.Rule) bool { return !slices.Contains(r.Needs, model.TrailDelivery) }

// compare judges an account before and after by some rules.
func (l *ledger) compare(c change, o *Options, by func(*rule.Rule) bool) []model.Flip {
	at := o.Snapshot.CollectedAt // what is known of deliveries is as of then, so it must not look stale
	var before, after []model.Finding
	for _, r := range o.Rules {
		if by(r) {
			before = rule.Judge(r, rule.NewGround(c.was, at, l.worlds), o.Settings, before)
			after = rule.Judge(r, rule.NewGround(c.is, at, l.worlds), o.Settings, after)
		}
	}
	var out []model.Flip
	for _, f := range after {
		was := statusOf(before, f.ID)
		if was != f.Status {
			out = append(out, model.Flip{Finding: f.ID, Account: f.Account, Rule: f.Rule, Resource: f.Resource, From: was, To: f.Status, Severity: f.Severity})
		}
	}
	for _, f := range before {
		if statusOf(after, f.ID) == "" {
			out = append(out, model.Flip{Finding: f.ID, Account: f.Account, Rule: f.Rule, Resource: f.Resource, From: f.Status, Severity: f.Severity})
		}
	}
	return out
}

func statusOf(found []model.Finding, id string) model.Status {
	for _, f := range found {
		if f.ID == id {
			return f.Status
		}
	}
	return ""
}

func triggers(r *rule.Rule, c model.Cause) bool {
	return slices.ContainsFunc(r.Triggers, func(t rule.Trigger) bool {
		return t.Source == c.EventSource && slices.Contains(t.Names, c.EventName)
	})
}
