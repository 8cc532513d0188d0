package detect

import (
	"slices"

	"cairn.example/internal/model"
)

// Standing tells, of every finding whose last events are about something that later events can make good, whether it
// still is so: a trail that was stopped and not started again. Findings of other events, such as a call that was denied, are not in it. It
// is as of the last [Detector.Tell].
func (d *Detector) Standing() map[string]bool {
	d.telling.Lock()
	defer d.telling.Unlock()
	return d.standing
}

// standing is the end of a story.
func (s *story) standing() map[string]bool {
	out := map[string]bool{}
	for id, l := range s.lives {
		switch {
		case slices.ContainsFunc(l.lasting, s.stands):
			out[id] = true
		case l.mends:
			out[id] = false
		}
	}
	return out
}

// follow takes in an event of a finding. One that costs nothing, after all others were made good, is a thing of its own.
func (l *life) follow(own weighed, regains bool, stands func(weighed) bool) {
	switch {
	case own.lasts, len(own.edits) > 0, regains:
		l.mends = true
	case !slices.ContainsFunc(l.lasting, stands):
		l.mends = false
	}
}

// Twin is the accounts as the Snapshot and the events so far leave them, as of the last [Detector.Tell]; nil without a
// Snapshot. Whether log files arrive no event tells, so that is as the Snapshot has it.
func (d *Detector) Twin() *model.Snapshot {
	d.telling.Lock()
	defer d.telling.Unlock()
	if d.o.Snapshot == nil {
		return nil
	}
	out := *d.o.Snapshot
	ends := d.ends
	if ends == nil { // nothing was told yet
		ends = d.twin.snapshot()
	}
	out.Accounts = nil
	for _, read := range d.o.Snapshot.Accounts { // others are known from events alone, which is not enough to judge them
		if a := ends[read.ID]; a != nil {
			out.Accounts = append(out.Accounts, a.Clone())
		}
	}
	return &out
}
