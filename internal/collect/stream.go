package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxWait is how long SQS waits for messages before it answers that there are none.
const maxWait = 20 * time.Second

// limit is how long an attempt may take, up to the beginning of an object.
func (r *run) limit(op string) time.Duration {
	if op == "ReceiveMessage" {
		return r.Timeout + maxWait
	}
	return r.Timeout
}

// stream is the content of an object. It has all the time that its reader takes, but what does not come for as long as
// an attempt may take is not coming.
type stream struct {
	io.ReadCloser
	ctx   context.Context // of the request, which lasts until the stream is closed
	end   context.CancelCauseFunc
	late  *time.Timer
	limit time.Duration
}

// Read reads what comes in time.
func (s *stream) Read(p []byte) (int, error) {
	s.late.Reset(s.limit)
	n, err := s.ReadCloser.Read(p)
	s.late.Stop()
	if err != nil && errors.Is(context.Cause(s.ctx), errTimeout) {
		err = fmt.Errorf("%w (%s)", errTimeout, s.limit)
	}
	return n, err
}

// Close ends the request.
func (s *stream) Close() error {
	s.late.Stop()
	err := s.ReadCloser.Close()
	s.end(nil)
	return err
}
