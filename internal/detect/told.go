package detect

import (
	"encoding/json"
	"hash/maphash"
	"slices"

	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
)

// line is what one finding says of one event.
type line struct{ account, event, finding string }

// said is what was told last of a line.
type said struct {
	hash  uint64 // of all that it said
	turn  int    // in which it last was so
	taken bool   // back
	as    model.Finding
}

// Tell gives the findings that are new or have changed since they were told last, in the order of the events. There
// is one for each detection that an event meets: the finding as it stands after that event. One that was told and is
// not so, as an event that was read later shows, is told as passed.
func (d *Detector) Tell() []model.Finding {
	d.telling.Lock()
	defer d.telling.Unlock()
	var before []line
	from, some := d.collect(&before)
	if !some {
		return nil
	}
	s := d.story(from)
	if d.recall() {
		also, _ := d.collect(&before)
		s = d.story(min(from, also))
	}
	out := d.news(s.out, before)
	d.forget()
	return out
}

// collect takes in what has come since it was told, and gives the place of the first event that is not told as it is.
// To lines it adds those that were told of the events from there on.
func (d *Detector) collect(lines *[]line) (from int, some bool) {
	old := d.entries
	if !d.fetch() {
		return 0, false
	}
	join(d.entries)
	from = d.unlike(old)
	for _, e := range old[from:] {
		for _, w := range e.weights {
			*lines = append(*lines, line{e.cause.Account, e.cause.EventID, w.finding})
		}
	}
	return from, true
}

// fetch puts what has come in its place.
func (d *Detector) fetch() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.arrived) == 0 {
		return false
	}
	for _, h := range d.hits {
		d.correlate(h)
	}
	order := func(a, b *entry) int { return model.Order(a.call, b.call) }
	place, _ := slices.BinarySearchFunc(d.entries, slices.MinFunc(d.arrived, order), order)
	late := slices.Concat(d.entries[place:], d.arrived)
	slices.SortFunc(late, order)
	d.entries = slices.DeleteFunc(slices.Concat(d.entries[:place], late), func(e *entry) bool { return e.amended })
	d.arrived, d.hits = nil, nil
	return true
}

// unlike is the first place from which the entries are not told as they are. An event that the Snapshot holds changes
// what was before all of them.
func (d *Detector) unlike(old []*entry) int {
	from := 0
	for from < min(len(old), len(d.entries)) && old[from] == d.entries[from] && !d.entries[from].fresh {
		from++
	}
	held := func(e *entry) bool { return (e.fresh || e.amended) && d.twin.holds(e) }
	if slices.ContainsFunc(old[from:], held) || slices.ContainsFunc(d.entries[from:], held) {
		d.marks, from = nil, 0
	}
	return from
}

// correlate notes which correlations an event meets, when all are counted: a later event of the same second counts too.
func (d *Detector) correlate(h sigma.Hit) {
	key := occurrence{h.Account, h.Event}
	if e := d.known[key]; e != nil {
		e.fresh = true
	}
	d.correlated[key] = slices.DeleteFunc(d.correlated[key], func(o sigma.Hit) bool { return o.Rule == h.Rule })
	if h.Met {
		d.correlated[key] = append(d.correlated[key], h)
	}
}

// news is what of a story was not told before, and which lines were and are not in it.
func (d *Detector) news(found []model.Finding, lines []line) []model.Finding {
	d.turn++
	var out []model.Finding
	for _, f := range found {
		key := line{f.Account, f.Cause.EventID, f.ID}
		hash, last := d.fingerprint(f), d.told[key]
		if last == nil {
			last = &said{as: outline(f)}
			d.told[key] = last
		} else if last.hash != hash || last.taken {
			rt := *f.RealTime
			rt.Revises = f.Cause.EventID
			f.RealTime = &rt
		}
		if last.hash != hash || last.taken {
			out = append(out, f)
		}
		last.hash, last.turn, last.taken = hash, d.turn, false
	}
	for _, one := range lines {
		if last := d.told[one]; last != nil && last.turn != d.turn && !last.taken {
			last.taken = true
			out = append(out, takenBack(last.as))
		}
	}
	slices.SortStableFunc(out, func(a, b model.Finding) int {
		return model.Order(callOf(a), callOf(b))
	})
	return out
}

// callOf is a finding's event as far as its place among others goes.
func callOf(f model.Finding) model.ControlCall {
	return model.ControlCall{At: f.Cause.EventTime, Op: f.Cause.EventName, ID: f.Cause.EventID, Account: f.Account}
}

// outline is what of a finding is needed to take it back.
func outline(f model.Finding) model.Finding {
	c := *f.Cause
	c.Changes, c.Lost, c.Regained, c.Verdicts, c.Unknown = []model.Edit{}, []model.Loss{}, []model.Loss{}, []model.Flip{}, []string{}
	rt := *f.RealTime
	rt.Cause = &c
	f.RealTime, f.Fix, f.Notes = &rt, "", []string{}
	return f
}

// takenBack is a finding of which an event is no longer one.
func takenBack(f model.Finding) model.Finding {
	rt := *f.RealTime
	rt.Revises, rt.Count = rt.Cause.EventID, 0
	rt.Reason = "an event that was read later shows that this one does not meet the detection"
	c := *rt.Cause
	c.Reason, rt.Cause = rt.Reason, &c
	f.RealTime, f.Status = &rt, model.StatusPass
	return f
}

// fingerprint stands for all that a line says.
func (d *Detector) fingerprint(f model.Finding) uint64 {
	raw, err := json.Marshal(f)
	if err != nil { // a finding is data, which always encodes
		raw = []byte(err.Error())
	}
	return maphash.Bytes(d.seed, raw)
}
