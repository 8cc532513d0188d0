package event

import "fmt"

// Reason is why something that was read is not given as a record.
type Reason string

// The reasons.
const (
	Malformed Reason = "malformed"  // not JSON
	Truncated Reason = "truncated"  // the object ends within it
	TooLong   Reason = "too-long"   // longer than Options.MaxRecord
	NotRecord Reason = "not-record" // readable, and no CloudTrail record: a digest, a notification
	Damaged   Reason = "damaged"    // the compressed stream is broken; what was given before may be wrong where it broke
)

// RecordError is one thing that was rejected. It stands for one record, or for a stretch of the
// object of which nobody can say how many records it held.
type RecordError struct {
	Object string // the name that Records was given
	Offset int64  // of its first byte, after decompression
	Reason Reason
	Detail string
}

// Error is the rejection as one line.
func (e *RecordError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s: %s", e.Object, e.Offset, e.Reason, e.Detail)
}

// reject rejects what begins at the read position; it does not move on.
func (r *Reader) reject(why Reason, detail string) {
	r.rejectAt(r.in.offset(), why, detail)
}

func (r *Reader) rejectAt(offset int64, why Reason, detail string) {
	r.stats.Seen++
	r.stats.Rejected++
	r.yieldError(&RecordError{Object: r.name, Offset: offset, Reason: why, Detail: detail})
}

func (r *Reader) yieldError(err error) {
	if r.yield == nil {
		return // the consumer broke off: it may not be called again
	}
	if !r.yield(nil, err) {
		r.yield, r.done = nil, true
	}
}
