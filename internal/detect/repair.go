package detect

import (
	"slices"
	"strings"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/rule"
)

// repair is the commands that make good what an event took of its trail, one a line, and what to know of them. Only
// what makes nothing worse is put back: an event may have taken one thing and given another.
func (s *story) repair(e *entry, d *difference) (commands string, notes []string) {
	for _, c := range d.changes {
		if !c.first(e.trail) || !d.hurt() {
			continue
		}
		was := c.was
		if e.unknownBefore(was) {
			was = rewound(c.is, e.call)
		}
		want, unknown := s.putBack(e, c, was)
		var lines []string
		if want != nil {
			lines, _ = remediate.Commands(remediate.Restore(c.is, want, e.trail)) // what it cannot write is not restored
		}
		switch {
		case len(lines) == 0 && len(d.lost) > 0:
			return "", []string{"No command restores it: what the trail was is not known well enough."}
		case len(lines) == 0:
			return "", nil
		}
		if len(unknown) > 0 {
			notes = []string{"The commands do not restore what is not known: " + strings.Join(unknown, ", ") + "."}
		}
		return strings.Join(lines, "\n"), notes
	}
	return "", nil
}

// unknownBefore tells that the trail's switch was not known before a call that stops it.
func (e *entry) unknownBefore(was *model.Account) bool {
	t := was.Trail(e.trail)
	return e.call.Op == "StopLogging" && (t == nil || !t.Logging.Known())
}

// hurt tells whether an event took something.
func (d *difference) hurt() bool {
	return len(d.lost) > 0 || d.data != "" || d.omits != "" ||
		slices.ContainsFunc(d.flips, func(f model.Flip) bool { return f.To == model.StatusFail && f.From == model.StatusPass }) ||
		slices.ContainsFunc(redirected, func(r redirection) bool { return len(r.reasons(d, model.Low)) > 0 })
}

// putBack is the account with all of its trail put back that makes nothing worse, and what of a deleted trail is not
// known; nil where there is nothing to put back.
func (s *story) putBack(e *entry, c change, was *model.Account) (want *model.Account, unknown []string) {
	before, now := was.Trail(e.trail), c.is.Trail(e.trail)
	switch {
	case before == nil:
		return nil, nil
	case now == nil:
		return recreated(was, e.trail)
	}
	want = c.is.Clone()
	trail := want.Trail(e.trail)
	changed := false
	for _, a := range model.Attributes {
		if follows(a) || !a.Known(before) || a.Same(before, now) {
			continue
		}
		kept := trail.Clone()
		a.Copy(trail, before)
		if s.worse(c.is, want) {
			*trail = *kept
			continue
		}
		changed = true
	}
	if !changed {
		return nil, nil
	}
	return want, nil
}

// recreated is an account with a deleted trail as it was, switched on: a trail that is made does not log.
func recreated(was *model.Account, arn string) (want *model.Account, unknown []string) {
	want = was.Clone()
	t := want.Trail(arn)
	if !t.Bucket.Known() {
		return nil, nil
	}
	if t.Is(model.Logging).Tri != model.No {
		t.Logging = model.Known(true, model.Origin{})
	}
	for _, a := range model.Attributes {
		if !follows(a) && !a.Known(t) {
			unknown = append(unknown, a.Name())
		}
	}
	return want, unknown
}

// worse tells whether less is recorded or a verdict fails after a change that passed before it.
func (s *story) worse(is, want *model.Account) bool {
	world := is.World()
	if world.Lost(is.Recorders(), want.Recorders(), world.Management(coverage.Scope{})).Verdict == model.No {
		return true
	}
	t := change{was: is, is: want}
	for _, arn := range t.trails() {
		if on(is.Trail(arn)) && off(want.Trail(arn)) {
			return true
		}
	}
	if s.d.o.Snapshot == nil || is.Unread() != nil {
		return false
	}
	flips := s.ledger.compare(t, &s.d.o, func(*rule.Rule) bool { return true })
	return slices.ContainsFunc(flips, func(f model.Flip) bool { return f.To == model.StatusFail && f.From != model.StatusFail })
}
