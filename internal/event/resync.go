package event

import (
	"bytes"
	"errors"
	"io"
)

const (
	nameWindow = 256 // a candidate's first name ends within so many bytes
	resyncWork = 8   // how many times MaxRecord may be looked at before a resync goes in bigger steps
)

// fail rejects what begins at the read position, whose end is not known, and looks for the next
// place that can be read.
func (r *Reader) fail(why Reason, detail string) {
	if r.in.failed {
		r.end(-1) // the source's failure is told instead: another try may read this
		return
	}
	if why == Truncated && !errors.Is(r.in.err, io.EOF) {
		why, detail, r.damaged = Damaged, detail+": "+r.in.err.Error(), true
	}
	offset := r.in.offset()
	found := r.resync(0)
	if found && why == Truncated {
		why, detail = Malformed, "its end is not found"
	}
	r.rejectAt(offset, why, detail)
	if !found {
		r.end(-1)
	}
}

// recoverWithin goes on after a malformed value of n bytes was rejected, and returns false if the
// place was lost. A flipped quote makes one value of several records, so the next place may lie
// within; a lost brace ends a record too early, so what follows must look like the next value.
func (r *Reader) recoverWithin(n int) bool {
	if r.resync(n) {
		return false
	}
	r.in.advance(n)
	c, ok := r.token(false)
	if ok && c == ',' {
		r.in.advance(1)
		c, ok = r.token(false)
	}
	if !ok || c == '{' || c == ']' {
		return true
	}
	if !r.resync(0) {
		r.end(-1)
	}
	return false
}

// resync moves the read position to the next record or container that begins behind it, within the
// limit if that is not 0, and notes whether it stands in an array. Nested objects are not taken for
// records: a candidate begins with a name that records begin with, is valid, and has their shape.
func (r *Reader) resync(limit int) bool {
	work := resyncWork * r.opts.MaxRecord
	for p := 1; !r.done; {
		b := r.in.rest()
		next := bytes.IndexByte(b[min(p, len(b)):], '{')
		if next < 0 {
			if p = len(b); limit > 0 && p >= limit {
				return false
			}
			p = r.drop(p, limit)
			if !r.in.more(0) {
				return false
			}
			continue
		}
		if p += next; limit > 0 && p >= limit {
			return false
		}
		if len(b)-p < nameWindow && r.in.more(nameWindow) {
			continue
		}
		looked, found := r.candidate(p)
		if found {
			before := bytes.TrimRight(r.in.rest()[:p], " \t\r\n")
			r.nested = len(before) > 0 && (before[len(before)-1] == ',' || before[len(before)-1] == '[')
			r.in.advance(p)
			return true
		}
		// Objects in objects could make the work quadratic: when there is much of it, what was
		// looked at once is given up.
		if work -= looked; work < 0 {
			p += looked
		}
		p = r.drop(p+1, limit)
	}
	return false
}

// drop lets go of what resync has passed, all but the last byte that is not space, which tells
// whether what follows stands in an array.
func (r *Reader) drop(p, limit int) int {
	if limit > 0 || p < startBuffer/2 {
		return p
	}
	b := r.in.rest()
	p = min(p, len(b))
	keep := max(len(bytes.TrimRight(b[:p], " \t\r\n"))-1, 0)
	r.in.advance(keep)
	return p - keep
}

// candidate looks at the object at p, and says how many bytes it looked at and whether a record or
// a container begins there. The answer does not depend on how much was read at a time.
func (r *Reader) candidate(p int) (looked int, found bool) {
	b := r.in.rest()[p:]
	window := b[:min(len(b), nameWindow)]
	name, at, s := memberName(window, skipSpace(window, 1))
	if s != whole {
		return 1, false
	}
	if string(name) == "Records" && window[at] == '[' {
		return at, true
	}
	if fieldOf(name) == unknownField && !bytes.Contains([]byte(" version id source EventId EventName "), append(append([]byte(" "), name...), ' ')) {
		return 1, false
	}
	for {
		b = r.in.rest()[p:]
		b = b[:min(len(b), r.opts.MaxRecord+1)]
		n := objectEnd(b)
		if n == 0 && len(b) <= r.opts.MaxRecord && r.in.more(len(b)/2) {
			continue
		}
		if n == 0 || n > r.opts.MaxRecord {
			return len(b), false
		}
		if r.rec.index(b[:n]) != n {
			return n, false
		}
		kind, _, _ := r.rec.shape()
		return n, kind != isOther
	}
}

// skipObject moves behind the object at the read position, of whatever length.
func (r *Reader) skipObject() {
	depth, quoted, escaped := 0, false, false
	for {
		b := r.in.rest()
		for i, c := range b {
			switch {
			case escaped:
				escaped = false
			case quoted:
				escaped, quoted = c == '\\', c != '"'
			case c == '"':
				quoted = true
			case c == '{':
				depth++
			case c == '}':
				if depth--; depth == 0 {
					r.in.advance(i + 1)
					return
				}
			}
		}
		r.in.advance(len(b))
		if !r.in.more(0) {
			r.end(-1)
			return
		}
	}
}
