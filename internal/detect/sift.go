package detect

import (
	"errors"
	"fmt"
	"io"

	"cairn.example/internal/event"
)

// Sieve finds, in objects of records, those that a [Detector] may ever have to do with. It knows nothing of the accounts,
// so several can work side by side, on one machine or on many, before one detector that does. It is safe for concurrent
// use.
type Sieve struct {
	d *Detector
	// Saw is called for every record of the event sources that detections look at, wanted or not, where it is set.
	Saw func(*event.Record)
}

// NewSieve makes the sieve of a detector with the same options.
func NewSieve(o Options) (*Sieve, error) {
	o.Snapshot = nil
	d, _, err := New(o)
	return &Sieve{d: d}, err
}

// Sift hands on every record of an object that a detector may have to do with; its Raw holds until keep returns. The
// counts are of this object: what was not handed on counts as judged.
func (s *Sieve) Sift(name string, src io.Reader, keep func(id event.ID, rec *event.Record) error) (Counts, error) {
	reader, _ := s.d.readers.Get().(*event.Reader)
	defer s.d.readers.Put(reader)
	var failed error
	rejected := 0
	for rec, err := range reader.Records(name, src) {
		if err != nil {
			var bad *event.RecordError
			if !errors.As(err, &bad) {
				failed = fmt.Errorf("read %s: %w", name, err)
				continue
			}
			s.d.reject(bad)
			continue
		}
		if s.Saw != nil {
			s.Saw(rec)
		}
		wanted, why := s.wants(rec)
		switch {
		case why != "":
			rejected++
			s.d.reject(&event.RecordError{Object: name, Offset: rec.Offset, Reason: event.NotRecord, Detail: why})
		case wanted:
			if err := keep(identify(rec), rec); err != nil {
				return Counts{}, err
			}
		}
	}
	stats := reader.Stats()
	return Counts{
		Records: stats.Seen, Rejected: stats.Rejected + rejected, Judged: stats.Seen - stats.Rejected - rejected, Files: 1, Bytes: stats.Bytes,
	}, failed
}

// wants tells whether a detector would take a record in, or let it wait; and why it cannot be judged at all.
func (s *Sieve) wants(rec *event.Record) (wanted bool, why string) {
	wanted = control(rec) || len(s.d.fixed.Match(rec)) > 0
	if !wanted {
		asks, may := s.d.asks(rec, s.d.now.Load())
		wanted = asks || may
	}
	if !wanted {
		return false, ""
	}
	at, err := rec.EventTime()
	if err != nil {
		return false, err.Error()
	}
	return true, implausible(at)
}

// Awaited tells whether the detector keeps a record because an event may still show that it is one; false for one that
// a detection is met by, or that changed a trail.
func (d *Detector) Awaited(raw []byte) bool {
	rec, err := event.Parse(raw)
	if err != nil {
		return false
	}
	if control(rec) || len(d.fixed.Match(rec)) > 0 {
		return false
	}
	asks, _ := d.asks(rec, d.now.Load())
	return !asks
}
