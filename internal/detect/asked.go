package detect

import (
	"slices"

	"cairn.example/internal/event"
	"cairn.example/internal/sigma"
)

// asks tells whether a record meets a rule with placeholders that trails fill, at the values that are known now or at
// fewer, as they were before, and whether it may come to meet one.
func (d *Detector) asks(rec *event.Record, now *sigma.Engine) (asks, may bool) {
	if !d.asked.Wants(rec.EventSource(), rec.EventName()) {
		return false, false
	}
	if len(now.Match(rec)) > 0 || len(d.asking.Match(rec)) > 0 {
		return true, false
	}
	open := d.asking.MayMatch(rec)
	return slices.ContainsFunc(open, (*sigma.Rule).Negates), len(open) > 0
}

// waiting are records that no known trail has to do with: deletions of the objects of any bucket, services that retire
// the grants of any key. An event that is read later may tell of a trail that they are about. Most never are, so only
// the last are kept.
type waiting struct {
	records   [][]byte // the oldest first
	size      int
	forgotten int
}

// mostWaiting is how many bytes of records wait: some five thousand.
const mostWaiting = 4 << 20

func (w *waiting) add(raw []byte) {
	w.records, w.size = append(w.records, slices.Clone(raw)), w.size+len(raw)
	for w.size > mostWaiting {
		w.size -= len(w.records[0])
		w.records[0], w.records = nil, w.records[1:]
		w.forgotten++
	}
}

// recall asks the waiting records again when events told of more that trails point at, and tells whether any is an
// event now.
func (d *Detector) recall() bool {
	now := d.values.all(d.asking.Rules())
	if now == d.now.Load() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Store(now)
	before := len(d.arrived)
	d.waiting.records = slices.DeleteFunc(d.waiting.records, func(raw []byte) bool {
		rec, err := event.Parse(raw)
		if err != nil { // it was read before
			return true
		}
		asks, _ := d.asks(rec, now)
		if asks {
			d.arrive(d.enter(rec, nil, true), rec)
			d.waiting.size -= len(raw)
		}
		return asks
	})
	return len(d.arrived) > before
}
