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
	if !d.collect() {
		return nil
	}
	found := d.story()
	if d.recall() {
		d.collect()
		found = d.story()
	}
	out := d.news(found)
	d.forget()
	return out
}

// collect takes what has come in since it was told, and is false where that is nothing.
func (d *Detector) collect() bool {
	if !d.fetch() {
		return false
	}
	slices.SortFunc(d.entries, func(a, b *entry) int { return model.Order(a.call, b.call) })
	join(d.entries)
	return true
}

func (d *Detector) fetch() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.arrived) == 0 {
		return false
	}
	for _, h := range d.hits {
		d.correlate(h)
	}
	d.entries = append(d.entries, d.arrived...)
	d.arrived, d.hits = nil, nil
	d.entries = slices.DeleteFunc(d.entries, func(e *entry) bool { return e.folded == nil && d.known[e.occurrence()] != e })
	return true
}

// correlate notes which correlations an event meets, when all are counted: a later event of the same second counts too.
func (d *Detector) correlate(h sigma.Hit) {
	key := occurrence{h.Account, h.Event}
	d.correlated[key] = slices.DeleteFunc(d.correlated[key], func(o sigma.Hit) bool { return o.Rule == h.Rule })
	if h.Met {
		d.correlated[key] = append(d.correlated[key], h)
	}
}

// news is what of a story was not told before, and what was and is not in it.
func (d *Detector) news(found []model.Finding) []model.Finding {
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
	for _, last := range d.told {
		if last.turn != d.turn && !last.taken {
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
