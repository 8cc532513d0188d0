package channeltest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/notify"
)

// Server is a far end that speaks HTTP: the handler is the double of one, and the faults are everybody's.
type Server struct {
	*httptest.Server
	mu       sync.Mutex
	faults   []Fault
	requests int
	done     chan struct{}
}

// Serve starts a server until the test ends.
func Serve(t *testing.T, far http.Handler) *Server {
	t.Helper()
	s := &Server{done: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, far) }))
	t.Cleanup(func() {
		close(s.done)
		s.Close()
	})
	return s
}

// Break makes the next request fail.
func (s *Server) Break(f Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
	return true
}

// Requests is how many there were.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Env is what a channel to this server needs.
func (s *Server) Env() notify.Env {
	return notify.Env{HTTP: s.Client(), Now: func() time.Time { return Now }}
}

func (s *Server) next() (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if len(s.faults) == 0 {
		return 0, false
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f, true
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, far http.Handler) {
	f, broken := s.next()
	if !broken {
		far.ServeHTTP(w, r)
		return
	}
	// What came with the request is sent back, as careless far ends do: no error may repeat it.
	echo := r.Header.Get("Authorization") + " " + r.URL.String()
	switch f {
	case Throttled:
		w.Header().Set("Retry-After", "7")
		http.Error(w, "slow down "+echo, http.StatusTooManyRequests)
	case Down:
		http.Error(w, "down "+echo, http.StatusServiceUnavailable)
	case Refusing:
		http.Error(w, "invalid "+echo, http.StatusBadRequest)
	case Forbidden:
		http.Error(w, "forbidden "+echo, http.StatusForbidden)
	case Slow:
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-s.done:
		case <-r.Context().Done():
		}
	case Dead:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}
