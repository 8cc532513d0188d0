// Package detect turns CloudTrail records into findings: which detections an event meets, what it cost, and how
// severe that is.
//
// Read takes objects of records in any order, from any number of goroutines; Tell gives the findings in the order in
// which the events happened. What an event cost is the difference between two states of the account, the one before
// and the one after it, so it is a function of the set of events and the Snapshot, never of the order of arrival. A
// finding that a late event changes is told again.
package detect

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"sync"

	"cairn.example/internal/event"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/internal/sigma"
)

// Options are what to watch for, and what is known of the accounts.
type Options struct {
	Detections []*Detection
	Rules      rule.Registry // whose verdicts an event may change
	rule.Settings
	Snapshot *model.Snapshot // nil: nothing is known but what the events tell
	Values   sigma.Values    // of placeholders, from the settings
	Dedup    bool            // drop records that were read before
	Keep     int             // how many events are kept, to be told anew when a late one changes them; 0: 20,000
	// Rejected is told of every record that cannot be read. It may be called by several goroutines.
	Rejected func(*event.RecordError)
	// Controls are the requirements that a detection answers; nil: none.
	Controls func(id string) []model.Control
}

// remembered is how many ids of records are kept to know duplicates by: some 25 MB.
const remembered = 1 << 18

// Counts say what became of the records. Records = Judged + Duplicates + Rejected, for every object and for all.
// Records that no detection can look at are judged without a look at their ids, so a duplicate of one counts as judged.
type Counts struct {
	Records    int   `json:"records"`
	Judged     int   `json:"judged"`
	Duplicates int   `json:"duplicates"`
	Rejected   int   `json:"rejected"`
	Files      int   `json:"files"`
	Bytes      int64 `json:"bytes"` // after decompression
}

// Detector finds what events mean. Its methods are safe for concurrent use.
type Detector struct {
	o       Options
	fixed   *sigma.Engine // rules without placeholders, and correlations
	rules   int           // in fixed, correlations included
	asking  *sigma.Engine // rules with placeholders, each with a value that nothing has
	of      map[*sigma.Rule]*Detection
	refused []Refusal
	values  *values
	twin    *twin
	filter  *event.Filter // what somebody looks at
	asked   *event.Filter // what a rule with placeholders looks at
	readers sync.Pool

	mu      sync.Mutex
	counts  Counts
	seen    *event.Dedup
	entries []*entry
	fresh   bool            // entries came since they were told
	told    map[line]uint64 // a hash of what was told of an event last
	seed    maphash.Seed
}

// entry is an event that a detection looked at, or that changed a trail.
type entry struct {
	call  model.ControlCall
	cause model.Cause
	met   []hit  // of the rules without placeholders
	asks  bool   // rules with placeholders may be met, as these are filled
	raw   []byte // the record, where it will be asked again
	trail string // the ARN of the trail that a control event is about; "" when it cannot be told
}

// hit is a rule that an event met, and what the event is about.
type hit struct {
	rule  *sigma.Rule
	about model.Ref
	quiet bool // only counted by correlations
}

// line is what one finding says of one event.
type line struct{ account, event, finding string }

// Refusal is a rule that cannot run, and why.
type Refusal struct {
	Detection string // its id
	Needs     string // the placeholder that has no value; "" where something else is wrong
	FromTrail bool   // a trail would fill it
	Part      bool   // the detection has other rules, which run
	Why       error
}

// New prepares a detector. Detections that cannot run as things stand are refused by name, and it runs without them;
// those that lack the value of a placeholder run as soon as an event tells it.
func New(o Options) (*Detector, []Refusal, error) {
	d := &Detector{o: o, of: map[*sigma.Rule]*Detection{}, seen: event.NewDedup(remembered), told: map[line]uint64{}, seed: maphash.MakeSeed()}
	var fixed, asking []*sigma.Rule
	for _, det := range o.Detections {
		for _, r := range det.Rules {
			d.of[r] = det
			if len(r.Placeholders()) > 0 {
				asking = append(asking, r)
			} else {
				fixed = append(fixed, r)
			}
		}
	}
	d.values = newValues(o.Values, asking)
	var errs sigma.Errors
	d.fixed, errs = sigma.NewEngine(fixed, nil)
	d.rules = len(fixed)
	d.refuse(errs)
	d.asking, errs = sigma.NewEngine(asking, d.values.impossible())
	d.refuse(errs)
	d.twin = newTwin(o)
	d.lacking(asking)
	d.filter, d.asked = d.wanted(d.fixed, d.asking), d.wanted(d.asking)
	d.readers.New = func() any { return event.NewReader(event.Options{Filter: d.filter}) }
	if len(d.fixed.Rules())+len(d.asking.Rules()) == 0 {
		return nil, d.refused, errors.New("there is nothing to watch for: no detection can run")
	}
	return d, d.refused, nil
}

func (d *Detector) refuse(errs sigma.Errors) {
	for _, e := range errs {
		d.refused = append(d.refused, Refusal{Detection: e.Rule, Why: e})
	}
}

// lacking refuses the rules with placeholders that have no value as things stand.
func (d *Detector) lacking(rules []*sigma.Rule) {
	filled := d.values.from(d.twin.base)
	for _, r := range rules {
		for _, name := range r.Placeholders() {
			if len(filled[name]) == 0 {
				why := &sigma.Error{File: r.File, Line: r.Line, Column: 1, Rule: r.String(), Message: lacks(name)}
				d.refused = append(d.refused, Refusal{d.of[r].ID, name, placeholders[name] != nil, d.runs(d.of[r]), why})
			}
		}
	}
}

// runs tells whether a detection has a rule without placeholders.
func (d *Detector) runs(det *Detection) bool {
	return slices.ContainsFunc(det.Rules, func(r *sigma.Rule) bool { return len(r.Placeholders()) == 0 })
}

// wanted are the records that somebody looks at: all of CloudTrail's own, for the twin, and those of the detections;
// nil where some detection must see every record.
func (d *Detector) wanted(engines ...*sigma.Engine) *event.Filter {
	keys := []event.Key{{Source: cloudTrail}}
	for _, e := range engines {
		more, all := e.Keys()
		if !all {
			return nil
		}
		for _, k := range more {
			keys = append(keys, event.Key(k))
		}
	}
	return event.NewFilter(keys...)
}

const cloudTrail = "cloudtrail.amazonaws.com"

// Unindexed are the rules that must see every record.
func (d *Detector) Unindexed() []*sigma.Rule {
	return slices.Concat(d.fixed.Unindexed(), d.asking.Unindexed())
}

// Sources are the event sources that detections name, CloudTrail's first; all is false where some detection looks at
// records of any source.
func (d *Detector) Sources() (sources []string, all bool) {
	sources, all = []string{cloudTrail}, true
	for _, e := range []*sigma.Engine{d.fixed, d.asking} {
		keys, indexed := e.Keys()
		all = all && indexed
		for _, k := range keys {
			if k.Source == "" {
				all = false
			} else if !slices.Contains(sources, k.Source) {
				sources = append(sources, k.Source)
			}
		}
	}
	return sources, all
}

// Seen makes a record with that id a duplicate.
func (d *Detector) Seen(id event.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen.Add(id)
}

// Counts are what was read so far.
func (d *Detector) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

// Read reads one object of records. It fails where the object itself cannot be read to its end; what came before
// counts, and is a duplicate when the object is read again.
func (d *Detector) Read(name string, src io.Reader) error {
	reader, _ := d.readers.Get().(*event.Reader)
	defer d.readers.Put(reader)
	var failed error
	duplicates, rejected := 0, 0
	for rec, err := range reader.Records(name, src) {
		if err != nil {
			var bad *event.RecordError
			if !errors.As(err, &bad) {
				failed = fmt.Errorf("read %s: %w", name, err)
				continue
			}
			d.reject(bad)
			continue
		}
		switch ok, why := d.take(rec); {
		case why != "":
			rejected++
			d.reject(&event.RecordError{Object: name, Offset: rec.Offset, Reason: event.NotRecord, Detail: why})
		case !ok:
			duplicates++
		}
	}
	stats := reader.Stats()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts.Records += stats.Seen
	d.counts.Rejected += stats.Rejected + rejected
	d.counts.Duplicates += duplicates
	d.counts.Judged += stats.Seen - stats.Rejected - rejected - duplicates
	d.counts.Bytes += stats.Bytes
	d.counts.Files++
	return failed
}

func (d *Detector) reject(e *event.RecordError) {
	if d.o.Rejected != nil {
		d.o.Rejected(e)
	}
}

// take judges a record. It is false for one that was read before.
func (d *Detector) take(rec *event.Record) (fresh bool, why string) {
	id, identified := rec.ID()
	identified = identified && d.o.Dedup
	if identified && d.has(id) {
		return false, ""
	}
	met := d.fixed.Match(rec.Raw)
	asks := d.asked.Wants(rec.EventSource(), rec.EventName()) && d.asks(rec.Raw)
	var e *entry
	if len(met) > 0 || asks || control(rec) {
		if _, err := rec.EventTime(); err != nil {
			return false, "eventTime cannot be read: " + err.Error()
		}
		e = d.enter(rec, met, asks)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if identified && !d.seen.Add(id) { // another goroutine was faster
		return false, ""
	}
	if e != nil {
		d.entries, d.fresh = append(d.entries, e), true
	}
	return true, ""
}

// asks tells whether a rule with placeholders is met with some values.
func (d *Detector) asks(raw []byte) bool {
	return len(d.asking.MayMatch(raw)) > 0 || len(d.asking.Match(raw)) > 0
}

func control(rec *event.Record) bool {
	return string(rec.EventSource()) == cloudTrail && model.ControlCall{Service: cloudTrail, Op: string(rec.EventName())}.Control()
}

// enter keeps of a record what will be needed when it is told.
func (d *Detector) enter(rec *event.Record, met []sigma.Match, asks bool) *entry {
	r := record{rec.Tree()}
	e := &entry{cause: newCause(rec, r), asks: asks}
	e.call = call(rec, e.cause)
	if about := theTrail.of(r, e.cause); about.Kind == model.TrailKind && e.call.Control() {
		e.trail = about.ID
	}
	for _, m := range met {
		e.met = append(e.met, hit{m.Rule, d.resource(m.Rule).of(r, e.cause), m.Quiet})
	}
	if asks || len(d.fixed.Rules()) < d.rules {
		e.raw = slices.Clone(rec.Raw)
	}
	return e
}

// resource says what events that met a rule are about.
func (d *Detector) resource(r *sigma.Rule) resource {
	if c := d.of[r].actions[r]; c != nil {
		return c.Resource
	}
	return resource{}
}

func (d *Detector) has(id event.ID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen.Has(id)
}
