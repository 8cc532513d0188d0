package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/collect"
	"cairn.example/internal/source"
)

var (
	_ source.Receiver = (*collect.Queue)(nil)
	_ source.Objects  = (*collect.Buckets)(nil)
	_ source.Lister   = (*collect.Buckets)(nil)
	_ source.Refusal  = (*collect.CallError)(nil)
)

// sqs is a standard queue in memory, with what makes one hard: messages come in any order and some twice, are hidden for
// a time and then there again, and are deleted by the receipt of the last time only.
type sqs struct {
	t         *testing.T
	duplicate float64 // how likely a message is not hidden
	latency   time.Duration

	mu       sync.Mutex
	random   *rand.Rand
	messages map[string]*stored
	receipts map[string]string // to ids
	arrived  chan struct{}
	fail     func(call string) error // nil fails nothing
	deleting func(body string)       // is asked before a message is deleted
	deleted  []string                // bodies
	delays   []time.Duration         // with which messages were put back or hidden anew
	calls    map[string]int
}

type stored struct {
	source.Message
	visible time.Time
	first   time.Time // received, this time
}

func newSQS(t *testing.T, seed uint64) *sqs {
	t.Helper()
	return &sqs{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), messages: map[string]*stored{}, receipts: map[string]string{},
		arrived: make(chan struct{}, 1), calls: map[string]int{},
	}
}

func (q *sqs) send(bodies ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, body := range bodies {
		id := fmt.Sprintf("m%04d", q.random.IntN(1e9))
		q.messages[id] = &stored{Message: source.Message{ID: id, Body: body, Sent: time.Now()}}
	}
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// call is the beginning of each call.
func (q *sqs) call(ctx context.Context, name string) error {
	if err := pause(ctx, q.latency); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls[name]++
	if q.fail != nil {
		return q.fail(name)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 { // within a bubble the race detector's runtime ends at a timer that is due at once (Go 1.26)
		return context.Cause(ctx)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func (q *sqs) Receive(ctx context.Context, wait, hidden time.Duration) ([]source.Message, error) {
	if err := q.call(ctx, "Receive"); err != nil {
		return nil, err
	}
	for until := time.Now().Add(wait); ; {
		if got := q.take(hidden); len(got) > 0 || !time.Now().Before(until) {
			return got, nil
		}
		select {
		case <-q.arrived:
		case <-time.After(min(time.Until(until), q.next())):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// next is how long it takes until a message is there again.
func (q *sqs) next() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	soon := time.Hour
	for _, m := range q.messages {
		soon = min(soon, max(time.Until(m.visible), time.Millisecond))
	}
	return soon
}

func (q *sqs) take(hidden time.Duration) []source.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var ids []string
	for id, m := range q.messages {
		if !m.visible.After(time.Now()) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	q.random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	var out []source.Message
	for _, id := range ids[:min(len(ids), 10)] {
		m := q.messages[id]
		m.Receives++
		m.Receipt = fmt.Sprintf("%s/%d", id, m.Receives)
		m.first = time.Now()
		q.receipts[m.Receipt] = id
		if q.random.Float64() >= q.duplicate {
			m.visible = time.Now().Add(hidden)
		}
		out = append(out, m.Message)
	}
	return out
}

func (q *sqs) Delete(ctx context.Context, receipts []string) []error {
	return q.each(ctx, "Delete", receipts, func(m *stored, receipt string) error {
		if m == nil || m.Receipt != receipt {
			return nil // done already, or in vain: SQS does not say so
		}
		if q.deleting != nil {
			q.deleting(m.Body)
		}
		q.deleted = append(q.deleted, m.Body)
		delete(q.messages, m.ID)
		return nil
	})
}

func (q *sqs) Extend(ctx context.Context, receipts []string, hidden time.Duration) []error {
	return q.each(ctx, "Extend", receipts, func(m *stored, receipt string) error {
		q.delays = append(q.delays, hidden)
		switch {
		case m == nil || !m.visible.After(time.Now()):
			return errors.New("MessageNotInflight")
		case time.Now().Add(hidden).Sub(m.first) > 12*time.Hour:
			return errors.New("InvalidParameterValue: longer than 12 h")
		case m.Receipt == receipt:
			m.visible = time.Now().Add(hidden)
		}
		if hidden == 0 {
			select {
			case q.arrived <- struct{}{}:
			default:
			}
		}
		return nil
	})
}

func (q *sqs) each(ctx context.Context, call string, receipts []string, do func(*stored, string) error) []error {
	if len(receipts) == 0 || len(receipts) > 10 {
		q.t.Errorf("%s of %d messages", call, len(receipts))
	}
	errs := make([]error, len(receipts))
	for i := range errs {
		if errs[i] = q.call(ctx, call); errs[i] != nil {
			continue
		}
		q.mu.Lock()
		errs[i] = do(q.messages[q.receipts[receipts[i]]], receipts[i])
		q.mu.Unlock()
	}
	return errs
}

func (q *sqs) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.messages)
}

// failing makes calls fail as long as the function says so.
func (q *sqs) failing(f func(call string) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail = f
}

// awsError is a failure of a call, as the collector words it.
type awsError struct {
	code              string
	denied, temporary bool
}

func (e awsError) Error() string      { return "AWS said " + e.code }
func (e awsError) Call() string       { return "" }
func (e awsError) Region() string     { return "eu-west-1" }
func (e awsError) Code() string       { return e.code }
func (e awsError) Permission() string { return "" }
func (e awsError) Temporary() bool    { return e.temporary }
func (e awsError) Denied() bool       { return e.denied }

var (
	errDenied    = awsError{code: "AccessDenied", denied: true}
	errSlowDown  = awsError{code: "SlowDown", temporary: true}
	errNoSuchKey = awsError{code: "NoSuchKey"}
)

// store holds objects by "bucket/key". Reading one may fail, at once or at its end.
type store struct {
	mu      sync.Mutex
	objects map[string]string
	get     func(name string) error
	broken  func(name string) error
	gets    []string
	open    int
	most    int // open at once
}

func newStore(objects map[string]string) *store { return &store{objects: objects} }

func (s *store) Get(ctx context.Context, bucket, key string) (io.ReadCloser, int64, error) {
	if err := pause(ctx, 20*time.Millisecond); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := bucket + "/" + key
	s.gets = append(s.gets, name)
	if s.get != nil {
		if err := s.get(name); err != nil {
			return nil, 0, err
		}
	}
	text, ok := s.objects[name]
	if !ok {
		return nil, 0, errNoSuchKey
	}
	var end error
	if s.broken != nil {
		end = s.broken(name)
	}
	s.open++
	s.most = max(s.most, s.open)
	return &opened{io.MultiReader(strings.NewReader(text), failingReader{end}), s}, int64(len(text)), nil
}

func (s *store) set(get func(name string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.get = get
}

type opened struct {
	io.Reader
	store *store
}

func (o *opened) Close() error {
	o.store.mu.Lock()
	defer o.store.mu.Unlock()
	o.store.open--
	return nil
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// noting remembers whether what it reads broke off.
type noting struct {
	io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	got, err := n.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return got, err
}
