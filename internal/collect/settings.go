package collect

import (
	"cmp"
	"sync"
	"time"
)

// Settings are how hard to try. AWS_RETRY_MODE and AWS_MAX_ATTEMPTS are ignored: a run must end in known time.
type Settings struct {
	Attempts    int           // of each call; default 5
	MaxBackoff  time.Duration // between attempts; default 2 s, so a call that is throttled for ever ends within 10 s
	Timeout     time.Duration // of each attempt; default 15 s
	Concurrency int           // requests in flight; default 64
	Rate        float64       // requests a second for each (account, Region, operation); default 10
	Insecure    bool          // allow an endpoint that is neither https nor loopback
}

func (s Settings) withDefaults() Settings {
	s.Attempts = cmp.Or(s.Attempts, 5)
	s.MaxBackoff = cmp.Or(s.MaxBackoff, 2*time.Second)
	s.Timeout = cmp.Or(s.Timeout, 15*time.Second)
	s.Concurrency = cmp.Or(s.Concurrency, 64)
	s.Rate = cmp.Or(s.Rate, quota)
	return s
}

// quota is CloudTrail's own limit of requests a second for each account and Region, for every operation that
// reads configuration; it cannot be raised (AWS General Reference, "AWS CloudTrail endpoints and quotas").
const quota = 10

// bucket is a token bucket that is full at first and holds one second's worth. It is ours, and not that of
// golang.org/x/time/rate, because its clock is the run's: tests move it.
type bucket struct {
	mu    sync.Mutex
	rate  float64
	next  time.Time // when the next token is there; up to a second ago while tokens are left
	clock func() time.Time
}

// delay takes a token and tells how long to wait until it is there.
func (b *bucket) delay() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	if full := now.Add(-time.Second); b.next.Before(full) {
		b.next = full
	}
	b.next = b.next.Add(time.Duration(float64(time.Second) / b.rate))
	return b.next.Sub(now)
}

// counter counts attempts by operation.
type counter struct {
	mu   sync.Mutex
	byOp map[string]int
	sum  int
}

func (c *counter) add(op string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byOp == nil {
		c.byOp = map[string]int{}
	}
	c.byOp[op]++
	c.sum++
}

func (c *counter) totals() (int, map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sum, c.byOp
}
