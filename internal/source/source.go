// Package source brings CloudTrail records to whoever handles them, as the objects that they come in: [Files] reads
// files and folders, [Lookup] asks Event history, [Queue] follows a queue of events and of notifications, [Bucket] lists
// a trail's bucket. What was acknowledged is remembered from run to run by a [State], by the queue itself, by [Cursors].
//
// An object is acknowledged when its handler returns nil. One that is not comes again, and so does one whose
// acknowledgement was not saved when the program ended: every record comes at least once, and some come again.
package source

import (
	"context"
	"io"
	"time"
)

// Batch is one object of records as it came: a file, an answer of LookupEvents, an object of S3, or the events of some
// messages of a queue, one after the other.
type Batch struct {
	Name            string    // for messages: a path, "s3://bucket/key", "LookupEvents 111122223333 eu-west-1 cloudtrail.amazonaws.com"
	Body            io.Reader // read once, by the handler; it fails when the run's context ends, or its time of grace
	Size            int64     // of Body in bytes, 0 where that is not known
	Account, Region string    // whose history was asked; "" for anything else
	Sent            time.Time // when the message of a queue was sent that brought it; zero for anything else
}

// Handle takes a batch; nil acknowledges it. It may be called by several goroutines at once. An error is told as a
// [Problem] and the rest goes on: a handler that cannot go on ends the run's context.
type Handle func(context.Context, Batch) error

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// until is a reader that fails when the context ends.
func until(ctx context.Context, r io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(p)
	})
}

// interruptible is such a reader even while the source blocks, as a pipe does that nobody writes to. What blocks then
// goes on in a goroutine until the source gives way. Close ends it early.
func interruptible(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	return out
}

// sleep waits, and says whether the context still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
