package detect

import "cairn.example/internal/model"

// TellAfresh is Tell that goes on from no mark: all events are told from the first one on.
func TellAfresh(d *Detector) []model.Finding {
	d.telling.Lock()
	d.marks = nil
	for _, e := range d.entries {
		e.fresh = true
	}
	d.telling.Unlock()
	return d.Tell()
}

// Refusals is how many kinds of refused calls a detector remembers.
func Refusals(d *Detector) int {
	n := 0
	for _, e := range d.entries {
		if e.folded != nil {
			n += len(e.folded.refusals)
		}
	}
	for _, m := range d.marks {
		n += len(m.refusals)
	}
	return n
}
