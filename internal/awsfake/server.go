package awsfake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server answers AWS's API out of a Fixture. It is safe for concurrent use.
type Server struct {
	// Latency is added to every request. Set it before the first one.
	Latency time.Duration

	fixture  *Fixture
	mu       sync.Mutex
	calls    []Call
	untold   []Call
	faults   []*planned
	sessions map[string]session // by access key
}

// New returns a server for the fixture.
func New(f *Fixture) *Server {
	return &Server{fixture: f, sessions: map[string]session{}}
}

// Calls returns every request so far, attempts counted one by one, in the order
// in which they arrived.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// NotTold returns the calls that were answered 501 because the fixture does not
// tell them. A test fails if there are any.
func (s *Server) NotTold() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.untold)
}

// maxBody is far above the input of any call served here.
const maxBody = 1 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client went away, or is no client of AWS
	}
	q, err := read(r, body)
	q.Account = s.accountOf(q.key)
	id := s.record(q.Call)
	var a answer
	switch {
	case err != nil:
		a = answer{q: q, fail: &failure{code: "SerializationException", message: err.Error()}}
	case !q.signed:
		a = answer{q: q, fail: &failure{code: "MissingAuthenticationTokenException", message: "Missing Authentication Token", status: http.StatusForbidden}}
	default:
		a = s.answer(q)
	}
	a.wait = s.Latency
	s.meddle(&a)
	a.cut()
	s.finish(&a)
	a.send(r.Context(), w, id)
}

// accountOf tells whose key it is; keys that no AssumeRole made are the base account's.
func (s *Server) accountOf(key string) string {
	if in, assumed := s.session(key); assumed {
		return in.account
	}
	return s.fixture.base
}

func (s *Server) record(c Call) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", len(s.calls))
}

// finish gives a bare error code AWS's words, and keeps what nobody told.
func (s *Server) finish(a *answer) {
	if a.fail == nil {
		return
	}
	if a.fail.code == notTold && !a.replaced() {
		s.mu.Lock()
		s.untold = append(s.untold, a.q.Call)
		s.mu.Unlock()
	}
	if a.fail.message != "" {
		return
	}
	worded := *a.fail // the fixture's own is shared
	worded.message = worded.code
	if worded.refusal() {
		worded.message = notAuthorized(a.caller, a.q.Call, "because no identity-based policy allows the "+a.q.Service+":"+a.q.Op+" action")
	}
	a.fail = &worded
}

// stopGrace is how long stop waits for answers that are being written. It is short because a connection that a
// client opened and never used looks busy to [http.Server.Shutdown].
const stopGrace = 20 * time.Millisecond

// Start serves on a free loopback port. stop ends every request that still waits
// and returns when the port is free; calling it again does nothing.
func (s *Server) Start() (url string, stop func(), err error) {
	var lc net.ListenConfig
	ctx, cancel := context.WithCancel(context.Background())
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		cancel()
		return "", nil, fmt.Errorf("listen on a loopback port: %w", err)
	}
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Serve(ln) // always http.ErrServerClosed: only stop ends it
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		grace, free := context.WithTimeout(context.Background(), stopGrace)
		defer free()
		if err := h.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
			_ = h.Close() // whoever still reads has had its time
		}
		<-done
	})
	return "http://" + ln.Addr().String(), stop, nil
}
