// Package detect turns CloudTrail records into findings: which detections an event meets, what it cost, and how
// severe that is.
//
// Read takes objects of records in any order, from any number of goroutines; Tell gives the findings in the order in
// which the events happened. What an event cost is the difference between two states of the account, the one before
// and the one after it, so it is a function of the set of events and the Snapshot, never of the order of arrival. A
// finding that a late event changes is told again.
package detect

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	// Ended are losses as they were told to have ended with an earlier Snapshot, without an event: later ones show no better when.
	Ended  []model.Loss
	Values sigma.Values // of placeholders, from the settings
	Dedup  bool         // drop records that were read before
	Keep   int          // how many events of either kind are kept whole, see forget; 0: mostEvents, mostCalls
	// Rejected is told of every record that cannot be read. It may be called by several goroutines.
	Rejected func(*event.RecordError)
	// Controls are the requirements that a detection answers; nil: none.
	Controls func(id string) []model.Control
}

// remembered is how many ids of records are kept to know duplicates by: some 10 MB.
const remembered = 1 << 17

// Counts say what became of the records. Records = Judged + Duplicates + Rejected, for every object and for all.
// Records that no detection can look at are judged without a look at their ids, so a duplicate of one counts as judged.
type Counts struct {
	Records    int   `json:"records"`
	Judged     int   `json:"judged"`
	Duplicates int   `json:"duplicates"`
	Rejected   int   `json:"rejected"`
	Forgotten  int   `json:"forgotten"` // of the judged: no known trail had to do with them, and one that is read of later is too late
	Files      int   `json:"files"`
	Bytes      int64 `json:"bytes"` // after decompression
}

// Detector finds what events mean. Its methods are safe for concurrent use.
type Detector struct {
	o       Options
	fixed   *sigma.Engine // rules whose values do not change, and correlations
	asking  *sigma.Engine // rules with placeholders that trails fill, each with a value that nothing has
	of      map[*sigma.Rule]*Detection
	refused []Refusal
	values  *values
	twin    *twin
	filter  *event.Filter // what somebody looks at
	asked   *event.Filter // what a rule with placeholders looks at
	readers sync.Pool

	mu      sync.Mutex // of what comes in
	counts  Counts
	seen    *event.Dedup
	known   map[occurrence]*entry        // that are kept
	arrived []*entry                     // and not told yet
	waiting waiting                      // records that may be asked again
	now     atomic.Pointer[sigma.Engine] // asking, with all values so far
	counter *sigma.State                 // nil without correlations
	hits    []sigma.Hit                  // of it, not told yet

	telling    sync.Mutex // of what is told; it is locked before mu
	entries    []*entry   // in event order
	correlated map[occurrence][]sigma.Hit
	told       map[line]*said
	standing   map[string]bool // see Standing
	ends       state           // of the accounts after the last event
	turn       int             // of telling
	marks      []*story        // to go on from, see there; the first ones first
	worlds     *rule.Worlds    // what is worked out about them once for all stories
	begin      *beginning
	seed       maphash.Seed
}

// entry is an event that a detection looked at, or that changed a trail.
type entry struct {
	call    model.ControlCall
	cause   model.Cause
	met     []hit         // of the rules whose values do not change
	asks    bool          // rules with placeholders may be met, as these are filled
	raw     []byte        // the record, where it will be asked again
	trail   string        // the ARN of the trail that a control event is about; "" when it cannot be told
	record  string        // the record's own eventID
	shared  string        // what is the same in the records of one call that several accounts received
	first   *entry        // the one of these that stands for the call
	again   bool          // another of these was received by the same account
	fresh   bool          // it was not told as it is
	amended bool          // another record of the event stands in its place
	weights []weight      // what it adds to findings
	engine  *sigma.Engine // of rules with placeholders, that was asked last
	asked   []hit         // what it said
	folded  *folded       // not an event, but what is left of some
}

// hit is a rule that an event met, and what the event is about.
type hit struct {
	rule  *sigma.Rule
	about model.Ref
	quiet bool // only counted by correlations
}

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
	d := &Detector{
		o: o, of: map[*sigma.Rule]*Detection{}, seen: event.NewDedup(remembered), known: map[occurrence]*entry{},
		correlated: map[occurrence][]sigma.Hit{}, told: map[line]*said{}, seed: maphash.MakeSeed(), worlds: &rule.Worlds{},
	}
	fixed, asking := d.sort()
	d.values = newValues(o.Values, asking)
	var errs sigma.Errors
	d.fixed, errs = sigma.NewEngine(fixed, o.Values)
	d.refuse(errs)
	d.asking, errs = sigma.NewEngine(asking, d.values.impossible())
	d.refuse(errs)
	d.twin = newTwin(o)
	d.lacking(asking)
	d.filter, d.asked = d.wanted(d.fixed, d.asking), d.wanted(d.asking)
	d.readers.New = func() any { return event.NewReader(event.Options{Filter: d.filter}) }
	if d.fixed.Correlates() {
		d.counter = d.fixed.NewState(0)
	}
	waits := slices.ContainsFunc(d.refused, func(r Refusal) bool { return r.Needs != "" })
	if len(d.fixed.Rules())+len(d.asking.Rules()) == 0 && !waits {
		return nil, d.refused, errors.New("there is nothing to watch for: no detection can run")
	}
	return d, d.refused, nil
}

// sort parts the rules with placeholders that trails fill from the others, and refuses those that can never run.
func (d *Detector) sort() (fixed, asking []*sigma.Rule) {
	for _, det := range d.o.Detections {
		for _, r := range det.Rules {
			d.of[r] = det
			unset := slices.DeleteFunc(r.Placeholders(), func(name string) bool { return placeholders[name] != nil || len(d.o.Values[name]) > 0 })
			switch {
			case len(unset) > 0:
				d.lacks(r, unset)
			case slices.ContainsFunc(r.Placeholders(), fromTrail):
				asking = append(asking, r)
			default:
				fixed = append(fixed, r)
			}
		}
	}
	return d.countable(fixed, asking)
}

// countable takes out the correlations of rules with placeholders that trails fill, and the rules that they alone would
// tell of: which events met such a rule changes with what is known of trails, so they cannot be counted as they come.
func (d *Detector) countable(fixed, asking []*sigma.Rule) (counts, tells []*sigma.Rule) {
	quiet := map[*sigma.Rule]bool{}
	for _, r := range fixed {
		var bases []*sigma.Rule
		for _, base := range asking {
			if r.Correlation != nil && base.File == r.File && slices.ContainsFunc(r.Correlation.Rules, base.Named) {
				bases = append(bases, base)
			}
		}
		if len(bases) == 0 {
			counts = append(counts, r)
			continue
		}
		for _, base := range bases {
			quiet[base] = quiet[base] || !r.Correlation.Generate
		}
		d.refuse(sigma.Errors{{File: r.File, Line: r.Line, Column: 1, Rule: r.String(), Message: fmt.Sprintf(
			"correlation: %q has a placeholder that trails fill, and rules with such cannot be counted", bases[0].Title)}})
	}
	return counts, slices.DeleteFunc(asking, func(r *sigma.Rule) bool { return quiet[r] })
}

func (d *Detector) refuse(errs sigma.Errors) {
	for _, e := range errs {
		d.refused = append(d.refused, Refusal{Detection: e.Rule, Why: e})
	}
}

// lacking refuses the rules with placeholders that have no value as things stand.
func (d *Detector) lacking(rules []*sigma.Rule) {
	now := d.values.begin(nil)
	for _, a := range d.twin.base {
		now.add(a)
	}
	filled := d.values.filled(now.so)
	for _, r := range rules {
		d.lacks(r, slices.DeleteFunc(r.Placeholders(), func(name string) bool { return len(filled[name]) > 0 }))
	}
	d.now.Store(d.values.all(d.asking.Rules()))
}

// lacks refuses a rule for each placeholder without a value.
func (d *Detector) lacks(r *sigma.Rule, names []string) {
	for _, name := range names {
		why := &sigma.Error{File: r.File, Line: r.Line, Column: 1, Rule: r.String(), Message: lacks(name)}
		d.refused = append(d.refused, Refusal{d.of[r].ID, name, fromTrail(name), d.runs(d.of[r]), why})
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
	c := d.counts
	c.Forgotten = d.waiting.forgotten
	return c
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
	id := identify(rec)
	met := d.fixed.Match(rec)
	now := d.now.Load()
	asks, may := d.asks(rec, now)
	var e *entry
	if len(met) > 0 || asks || may || control(rec) {
		if d.o.Dedup && d.has(id) { // of most records nothing is made, and Add below is enough
			return false, ""
		}
		at, err := rec.EventTime()
		if err != nil {
			return false, err.Error()
		}
		if why := implausible(at); why != "" {
			return false, why
		}
	}
	if len(met) > 0 || asks || control(rec) {
		e = d.enter(rec, met, asks)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.o.Dedup && !d.seen.Add(id) { // another goroutine was faster
		return false, ""
	}
	if e == nil && may && now != d.now.Load() { // a value was told in the meantime
		if asks, may = d.asks(rec, d.now.Load()); asks {
			e = d.enter(rec, met, asks)
		}
	}
	switch {
	case e != nil:
		return d.arrive(e, rec), ""
	case may:
		d.waiting.add(rec.Raw)
	}
	return true, ""
}

// identify is the id of the record; of one that does not say which event it is, a hash.
func identify(rec *event.Record) event.ID {
	if id, ok := rec.ID(); ok {
		return id
	}
	sum := sha256.Sum256(rec.Raw)
	return event.ID(sum[:16])
}

// launched is when CloudTrail came; no record is older.
var launched = time.Date(2013, time.November, 1, 0, 0, 0, 0, time.UTC)

// implausible tells the times that no record has. It reads no clock: the same records are judged the same next year.
func implausible(at time.Time) string {
	if at.Before(launched) || at.Year() >= 2100 {
		return "eventTime " + at.Format(time.RFC3339) + " is no time at which CloudTrail recorded"
	}
	return ""
}

func control(rec *event.Record) bool {
	return string(rec.EventSource()) == cloudTrail && model.ControlCall{Service: cloudTrail, Op: string(rec.EventName())}.Control()
}

// enter keeps of a record what will be needed when it is told.
func (d *Detector) enter(rec *event.Record, met []sigma.Match, asks bool) *entry {
	r := record{rec.Tree()}
	e := &entry{cause: newCause(rec, r), asks: asks, record: r.text("eventID"), shared: sharedOf(r)}
	e.cause.EventID = cmp.Or(r.text("addendum.originalEventID"), e.record)
	if e.cause.EventID == "" {
		e.cause.EventID = fmt.Sprintf("sha256:%x", identify(rec))
	}
	e.call = call(rec, e.cause)
	if e.call.Control() {
		e.trail = e.call.Trail(partitionOf(e.cause))
	}
	for _, m := range met {
		if d.of[m.Rule].Ours && e.copied() {
			continue
		}
		e.met = append(e.met, hit{m.Rule, d.resource(m.Rule).of(r, e.cause), m.Quiet})
	}
	if asks {
		e.raw = slices.Clone(rec.Raw)
	}
	return e
}

// copied tells the record that a VPC endpoint gives of a call which succeeded: the call has its own. Of one that the
// endpoint's policy refused there is no other.
func (e *entry) copied() bool {
	return e.call.Category == network && e.cause.Outcome == model.OutcomeSuccess
}

// arrive takes in an event, and is false for one that was read before. Of the records of one event, which are an
// addendum and what it amends, the addendum counts.
func (d *Detector) arrive(e *entry, rec *event.Record) bool {
	old := d.known[e.occurrence()]
	switch {
	case old != nil && old.record == e.record:
		return false
	case old != nil && !e.amends(old):
		return true
	}
	if old != nil {
		old.amended = true
	}
	d.known[e.occurrence()] = e
	d.arrived = append(d.arrived, e)
	if d.counter != nil {
		var matches []sigma.Match
		for _, h := range e.met {
			matches = append(matches, sigma.Match{Rule: h.rule, Quiet: h.quiet})
		}
		d.hits = append(d.hits, d.counter.Count(rec, e.cause.Account, e.cause.EventID, matches)...)
	}
	return true
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
