package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"
)

// Objects reads objects of S3. An error, also one of the body's, may be a [Failure] or a [Refusal].
type Objects interface {
	// Get returns an object's content as it is stored, and its size, or -1.
	Get(ctx context.Context, bucket, key string) (body io.ReadCloser, size int64, err error)
}

// Refusal is what a Failure may tell besides.
type Refusal interface {
	Failure
	Denied() bool // credentials, a permission or a key are missing: what was asked for is not at fault
}

// Stats count what a [Queue] or a [Bucket] did. They only grow.
type Stats struct {
	Messages atomic.Int64 // received, each time
	Handled  atomic.Int64 // messages that were acknowledged
	Poisoned atomic.Int64 // messages that Poison took
	Objects  atomic.Int64 // that were acknowledged
	Skipped  atomic.Int64 // objects that hold no records, such as digests
}

// goneCodes are those of an object that is not there. S3 is consistent, so that somebody has deleted it.
var goneCodes = []string{"NoSuchKey", "NoSuchBucket"}

// unreadError is why an object could not be read to its end.
type unreadError struct {
	object object
	err    error
}

func (e *unreadError) Error() string { return fmt.Sprintf("read %s: %v", e.object, e.err) }

func (e *unreadError) Unwrap() error { return e.err }

func isGone(err error) bool {
	e, ok := errors.AsType[*unreadError](err)
	if !ok {
		return false
	}
	f, ok := errors.AsType[Failure](e.err)
	return ok && slices.Contains(goneCodes, f.Code())
}

// isPassing tells an object that could not be read, and would be if AWS were well and let us.
func isPassing(err error) bool {
	e, unread := errors.AsType[*unreadError](err)
	if !unread {
		return false
	}
	f, ok := errors.AsType[Failure](e.err)
	return isDenied(err) || ok && f.Temporary()
}

// isDenied tells an object that AWS does not let us read.
func isDenied(err error) bool {
	e, unread := errors.AsType[*unreadError](err)
	if !unread {
		return false
	}
	r, ok := errors.AsType[Refusal](e.err)
	return ok && r.Denied()
}

// reader hands objects on.
type reader struct {
	objects Objects
	handle  Handle
	stats   *Stats
}

// read hands an object on; nil acknowledges it. An object that broke off while it was read is not acknowledged, whatever
// its handler made of that.
func (r *reader) read(ctx context.Context, o object, sent time.Time) error {
	body, size, err := r.objects.Get(ctx, o.bucket, o.key)
	if err != nil {
		return &unreadError{o, err}
	}
	defer body.Close() //nolint:errcheck // read only
	var broke error
	src := until(ctx, body)
	err = r.handle(ctx, Batch{Name: o.String(), Size: max(size, 0), Sent: sent, Body: readFunc(func(p []byte) (int, error) {
		n, err := src.Read(p)
		if err != nil && !errors.Is(err, io.EOF) {
			broke = err
		}
		return n, err
	})})
	switch {
	case broke != nil:
		return &unreadError{o, broke}
	case err == nil:
		r.stats.Objects.Add(1)
	}
	return err
}

// failure is the problem of a call, or none if the error is nil. Its Region is in the error's words.
func failure(name, call string, err error) Problem {
	p := Problem{Name: name, Call: call, Err: err}
	if f, ok := errors.AsType[Failure](err); ok {
		p.Call, p.Code, p.Permission = f.Call(), f.Code(), f.Permission()
	}
	return p
}
