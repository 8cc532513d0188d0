package event

import (
	"bytes"
	"cmp"
	"fmt"
)

const (
	tooLong        = "longer than a record may be"
	nestedEnvelope = "an envelope in an envelope"
)

// within is what was read from here on, no more of it than tells that a value is too long: what
// becomes of a value must not depend on how much happens to be read behind it.
func (r *Reader) within() []byte {
	b := r.in.rest()
	return b[:min(len(b), r.opts.MaxRecord+1)]
}

// token skips space, and commas if told so, and returns the next byte without consuming it.
func (r *Reader) token(commas bool) (byte, bool) {
	for {
		b := r.in.rest()
		for i, c := range b {
			if c != ' ' && c != '\n' && c != '\r' && c != '\t' && (c != ',' || !commas) {
				r.in.advance(i)
				return c, true
			}
		}
		r.in.advance(len(b))
		if !r.in.more(0) {
			return 0, false
		}
	}
}

// element reads the value at the read position, which begins with c, and gives, skips or rejects
// it. It returns false if the place in the document was lost and another was found, or the end.
func (r *Reader) element(c byte) bool {
	n := r.complete(c)
	if n == 0 {
		return false
	}
	raw, offset := r.in.rest()[:n], r.in.offset()
	var bad int
	switch c {
	case '{':
		if r.unwanted(raw) {
			r.stats.Seen++
			r.stats.Skipped++
			break
		}
		bad = r.object(raw, offset, 0)
	case '"':
		if bad = min(checkString(raw, 0), 0); bad == 0 {
			r.string(raw, offset)
		}
	default:
		if bad = min(r.check(raw), 0); bad == 0 {
			r.reject(NotRecord, "not an object")
		}
	}
	if bad < 0 {
		r.rejectAt(offset, Malformed, fmt.Sprintf("not JSON at byte %d", offset+int64(^bad)))
		return r.recoverWithin(n)
	}
	r.in.advance(n)
	return true
}

// length returns the length of the value at the beginning of b. Objects are checked in the same
// pass, but not where most of them are not wanted.
func (r *Reader) length(c byte, b []byte) (int, state) {
	r.indexed = 0
	if c != '{' {
		return valueEnd(b, 0)
	}
	if !r.trusting() {
		if n := r.rec.index(b); n > 0 {
			r.indexed = n
			return n, whole
		}
	}
	var n int
	if r.trusting() {
		n, r.closing = validEnd(b)
	} else {
		n = objectEnd(b)
	}
	if n == 0 {
		return 0, short
	}
	return n, whole
}

// trusting says whether what is not wanted need not be checked. Without a checksum that vouches for
// the bytes, a damaged record could hide others: then everything is looked at.
func (r *Reader) trusting() bool { return r.opts.Filter != nil && r.in.checked }

// unwanted says whether nobody wants an object, which is then not looked at further.
func (r *Reader) unwanted(raw []byte) bool {
	if !r.trusting() {
		return false
	}
	both := header(raw, r.closing)
	return both != nil && !r.verdicts.wants(r.opts.Filter, both)
}

// complete brings the value at the read position into the buffer and returns its length, or 0 if
// it was rejected.
func (r *Reader) complete(c byte) int {
	for {
		b := r.within()
		n, s := r.length(c, b)
		switch {
		case s == whole && n <= r.opts.MaxRecord:
			return n
		case s == broken:
			r.fail(Malformed, "not JSON")
			return 0
		case len(b) > r.opts.MaxRecord:
			r.fail(TooLong, tooLong)
			return 0
		case !r.in.more(len(b) / 2):
			r.fail(Truncated, "the record is cut off")
			return 0
		}
	}
}

// check checks a value that is no object.
func (r *Reader) check(raw []byte) int {
	c := &r.rec.cursor
	c.reset(raw)
	return c.value(0, 0)
}

// object gives the record that an object is or holds, and returns ^index of what is wrong with its
// JSON. within counts the objects around it.
func (r *Reader) object(raw []byte, offset int64, within int) int {
	end := r.indexed
	if within > 0 || end == 0 {
		end = r.rec.index(raw)
	}
	if end < 0 {
		return end
	}
	if end != len(raw) {
		return ^end
	}
	r.rec.Raw, r.rec.Offset = raw, offset
	kind, inner, why := r.rec.shape()
	if within > 0 && (kind == isInner || kind == isText && within > 1) {
		kind, why = isOther, nestedEnvelope
	}
	at := r.rec.spans[inner]
	switch kind {
	case isRecord:
		r.give()
	case isInner:
		return min(r.object(raw[at.from:at.to], offset+int64(at.from), within+1), 0)
	case isText:
		r.string(raw[at.from:at.to], offset+int64(at.from))
	case isOther:
		r.rejectAt(offset, NotRecord, why)
	}
	return 0
}

// string gives the record that a string holds.
func (r *Reader) string(quoted []byte, offset int64) {
	r.text = appendUnescaped(r.text[:0], quoted[1:len(quoted)-1])
	raw := bytes.Trim(r.text, " \t\r\n")
	if len(raw) == 0 || raw[0] != '{' {
		r.rejectAt(offset, NotRecord, "a string that holds no object")
		return
	}
	end := r.rec.index(raw)
	if end != len(raw) {
		r.rejectAt(offset, Malformed, "the string holds no JSON object")
		return
	}
	r.rec.Offset = offset
	if kind, _, why := r.rec.shape(); kind != isRecord {
		r.rejectAt(offset, NotRecord, "in a string: "+cmp.Or(why, nestedEnvelope))
		return
	}
	r.give()
}

// give hands the record on, if it is wanted.
func (r *Reader) give() {
	r.stats.Seen++
	if f := r.opts.Filter; f != nil && !f.Wants(r.rec.EventSource(), r.rec.EventName()) {
		r.stats.Skipped++
		return
	}
	r.stats.Given++
	if r.yield != nil && !r.yield(&r.rec, nil) {
		r.yield, r.done = nil, true
	}
}
