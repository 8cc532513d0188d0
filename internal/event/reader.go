// Package event reads CloudTrail records. A [Reader] takes an object (a file, an S3 object, an API's
// answer), recognises its shape by content, and gives its records one by one without decoding them;
// what somebody looks at further is projected ([Projection]) or decoded ([Record.Decode]).
//
// Nothing is lost silently: what is not a record, or cannot be read, is given as a [RecordError],
// and for every object [Stats.Seen] = Given + Skipped + Rejected.
package event

import (
	"errors"
	"fmt"
	"io"
	"iter"
)

// DefaultMaxRecord is the longest record that is read. CloudTrail's own limit is 256 KB, 1 MB in
// an event data store; what is longer is no record, or a damaged one.
const DefaultMaxRecord = 4 << 20

// Options say what a Reader gives. The zero value gives everything.
type Options struct {
	// Filter names the records that somebody wants; nil wants all. A record that is not wanted is
	// counted as skipped. In a gzip object, whose checksum vouches for its bytes, it is split off
	// and not examined further; elsewhere it is checked like any other.
	Filter *Filter
	// MaxRecord is the longest record in bytes; 0 is DefaultMaxRecord.
	MaxRecord int
}

// Stats count what an object held.
type Stats struct {
	Seen, Given, Skipped, Rejected int
	Bytes                          int64 // after decompression
}

// Reader reads objects, one after the other: its buffers are kept from one to the next. It is for
// one goroutine.
type Reader struct {
	opts  Options
	in    input
	rec   Record
	text  []byte // a record that was a JSON string, unescaped
	stats Stats

	verdicts verdicts

	indexed int // the length of the object read last if rec holds its index, else 0
	closing int // where the first object in it ends, for header
	yield   func(*Record, error) bool
	name    string

	done    bool // the consumer broke off, or nothing is left
	nested  bool // a resync ended within an array
	damaged bool // the compressed stream's damage was told
}

// NewReader returns a Reader.
func NewReader(opts Options) *Reader {
	if opts.MaxRecord <= 0 {
		opts.MaxRecord = DefaultMaxRecord
	}
	return &Reader{opts: opts}
}

// Stats are the counts of the object read last, or so far.
func (r *Reader) Stats() Stats { return r.stats }

// Records reads an object. Each step gives a record, which is valid until the next step, or an
// error: a [*RecordError] for what was rejected, after which the object goes on, or at last the
// source's own failure, after which the rest of the object is unknown and worth another try.
func (r *Reader) Records(name string, src io.Reader) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		r.name, r.yield, r.stats = name, yield, Stats{}
		r.done, r.nested, r.damaged = false, false, false
		r.in.reset(src)
		r.documents()
		r.stats.Bytes = r.in.offset() + int64(len(r.in.rest()))
		r.yield = nil
	}
}

// documents reads one JSON text after the other: one in most objects, many in JSON lines.
func (r *Reader) documents() {
	r.skipMark()
	for !r.done {
		c, ok := r.token(false)
		switch {
		case !ok:
			r.end(-1)
		case c == '{':
			r.document()
		case c == '[':
			r.in.advance(1)
			r.elements()
		default:
			r.loose()
		}
		for r.nested && !r.done { // a resync ended within an array whose document is not known
			r.nested = false
			if !r.elements() {
				continue
			}
			if c, ok := r.token(false); ok && (c == '}' || c == ',') {
				r.trailer()
			}
		}
	}
}

// loose reads what stands in a document's place and is neither object nor array: a record in a
// string, or no JSON at all, which is rejected once and not value by value.
func (r *Reader) loose() {
	if r.in.rest()[0] == '"' {
		for len(r.in.rest()) < 2 && r.in.more(0) {
		}
		if b := r.in.rest(); len(b) > 1 && (b[1] == '{' || b[1] == ' ' || b[1] == '\\') {
			r.element('"')
			return
		}
	}
	r.fail(Malformed, "neither an object nor an array")
}

// skipMark skips a byte order mark.
func (r *Reader) skipMark() {
	const mark = "\ufeff"
	for len(r.in.rest()) < len(mark) && r.in.more(0) {
	}
	if b := r.in.rest(); len(b) >= len(mark) && string(b[:len(mark)]) == mark {
		r.in.advance(len(mark))
	}
}

// document reads the object at the read position: a container of records, or an item of its own.
func (r *Reader) document() {
	for {
		b := r.within()
		switch head := readHead(b); {
		case head.kind == headItem:
			r.element('{')
			return
		case head.kind == headArray:
			r.in.advance(head.length)
			if r.elements() {
				r.trailer()
			}
			return
		case head.kind == headForeign:
			r.reject(NotRecord, head.why)
			r.skipObject()
			return
		case len(b) > r.opts.MaxRecord:
			r.fail(TooLong, tooLong)
			return
		case !r.in.more(len(b) / 2):
			r.fail(Truncated, "the document is cut off")
			return
		}
	}
}

// elements reads what is left of an array, its end included, and returns false if the place was
// lost. Commas count as space here: whether one is missing changes no record.
func (r *Reader) elements() bool {
	for !r.done {
		c, ok := r.token(true)
		switch {
		case !ok:
			r.end(r.in.offset())
			return false
		case c == ']':
			r.in.advance(1)
			return true
		}
		if !r.element(c) {
			if !r.nested {
				return false
			}
			r.nested = false
		}
	}
	return false
}

// trailer reads what follows a container's array: further members, and the closing brace.
func (r *Reader) trailer() {
	for !r.done {
		c, ok := r.token(true)
		switch {
		case !ok:
			r.end(r.in.offset())
			return
		case c == '}':
			r.in.advance(1)
			return
		case c != '"':
			r.fail(Malformed, "the document does not go on as an object")
			return
		}
		if !r.member() {
			return
		}
	}
}

// member reads one member of a container, and the records in it if it is another array of them.
func (r *Reader) member() bool {
	for {
		b := r.within()
		name, at, state := memberName(b, 0)
		if state == whole && at < len(b) && b[at] == '[' && containers[string(name)] {
			r.in.advance(at + 1)
			return r.elements()
		}
		if state == whole {
			var end int
			if end, state = valueEnd(b, at); state == whole {
				r.in.advance(end)
				return true
			}
		}
		switch {
		case state == broken:
			r.fail(Malformed, "the document does not go on as an object")
			return false
		case len(b) > r.opts.MaxRecord:
			r.fail(TooLong, tooLong)
			return false
		case !r.in.more(len(b) / 2):
			r.fail(Truncated, "the document is cut off")
			return false
		}
	}
}

// end is reached when nothing is left. A document that began and did not end, or a stream that
// did not end as it should, is rejected once, at the offset given or the end of what was read.
func (r *Reader) end(open int64) {
	if r.done {
		return
	}
	r.done = true
	switch err := r.in.err; {
	case r.in.failed:
		r.yieldError(fmt.Errorf("read %s: %w", r.name, err))
	case !errors.Is(err, io.EOF):
		if !r.damaged {
			r.rejectAt(max(open, r.in.offset()), Damaged, err.Error())
		}
	case open >= 0:
		r.rejectAt(open, Truncated, "the document is cut off")
	}
}
