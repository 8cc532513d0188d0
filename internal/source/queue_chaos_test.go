package source_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/source"
)

// The properties: whatever fails, ends or comes twice, nothing is deleted that was not dealt with, and in the end
// everything is, by one of several readers.
func TestNothingIsLost(t *testing.T) {
	for seed := range 30 {
		synctest.Test(t, func(t *testing.T) { chaos(t, uint64(seed)) })
	}
}

// chaos is one such life of a queue.
func chaos(t *testing.T, seed uint64) {
	t.Helper()
	q := newSQS(t, seed)
	q.duplicate, q.latency = 0.1, 30*time.Millisecond
	l := &ledger{random: q.random, mu: &q.mu, objects: map[string]int{}, done: map[string]bool{}}
	s := newStore(map[string]string{})
	s.get = func(string) error { return l.chance(map[error]float64{errSlowDown: 0.1, errDenied: 0.05}) }
	s.broken = func(string) error { return l.chance(map[error]float64{errSlowDown: 0.05}) }
	bodies := l.fill(s, 40)
	q.send(bodies...)
	q.fail = func(call string) error { // q is locked
		if call == "Receive" || q.random.Float64() > 0.1 {
			return nil
		}
		return errSlowDown
	}
	q.deleting = func(body string) {
		if !l.dealtWith(body) {
			t.Errorf("seed %d: deleted before it was dealt with: %s", seed, body)
		}
	}
	readers := 1 + int(seed%3)
	for life := 0; q.left() > 0 && life < 60; life++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+life*life)*time.Minute)
		var both sync.WaitGroup
		for range readers {
			one := source.Queue{
				Name: "q", Receiver: &perhapsDead{sqs: q, ctx: ctx, crashes: life%2 == 1}, Objects: s, Poison: l.poison, Now: time.Now, InFlight: 5,
			}
			both.Go(func() { _ = one.Run(ctx, l.handle) })
		}
		both.Wait()
		cancel()
	}
	if q.left() > 0 {
		t.Errorf("seed %d: %d messages are left", seed, q.left())
	}
	for _, body := range bodies {
		if !l.dealtWith(body) {
			t.Errorf("seed %d: was never dealt with: %s", seed, body)
		}
	}
}

// perhapsDead is a queue that cannot be reached when the program has crashed, so that nothing is put back.
type perhapsDead struct {
	*sqs
	ctx     context.Context
	crashes bool
}

func (p *perhapsDead) dead() error {
	if p.crashes && p.ctx.Err() != nil {
		return errors.New("the program has crashed")
	}
	return nil
}

func (p *perhapsDead) Delete(ctx context.Context, receipts []string) []error {
	if err := p.dead(); err != nil {
		return slices.Repeat([]error{err}, len(receipts))
	}
	return p.sqs.Delete(ctx, receipts)
}

func (p *perhapsDead) Extend(ctx context.Context, receipts []string, hidden time.Duration) []error {
	if err := p.dead(); err != nil {
		return slices.Repeat([]error{err}, len(receipts))
	}
	return p.sqs.Extend(ctx, receipts, hidden)
}

// ledger is the book of what was dealt with.
type ledger struct {
	mu      *sync.Mutex // the queue's, whose randomness it shares
	random  interface{ Float64() float64 }
	objects map[string]int  // by body: how many objects or events it brings
	done    map[string]bool // "s3://b/key", the id of an event, or the body of a poisoned message
	parts   map[string][]string
}

func (l *ledger) fill(s *store, n int) []string {
	l.parts = map[string][]string{}
	for i := range n {
		switch i % 4 {
		case 0:
			l.parts[envelope(fmt.Sprint("e", i))] = []string{fmt.Sprint("e", i)}
		case 1, 2:
			var keys, names []string
			for j := range 1 + i%3 {
				key := fmt.Sprintf("%d-%d.json", i, j)
				s.objects["b/"+key] = record(key)
				keys, names = append(keys, key), append(names, "s3://b/"+key)
			}
			l.parts[viaSNS(notification(keys...))] = names
		default:
			l.parts[fmt.Sprintf(`{"unknown":%d}`, i)] = []string{"never"}
		}
	}
	return slices.Sorted(maps.Keys(l.parts))
}

func (l *ledger) chance(odds map[error]float64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.random.Float64()
	for _, err := range slices.SortedFunc(maps.Keys(odds), func(a, b error) int { return strings.Compare(a.Error(), b.Error()) }) {
		if x -= odds[err]; x < 0 {
			return err
		}
	}
	return nil
}

func (l *ledger) handle(ctx context.Context, b source.Batch) error {
	d, body := &desk{}, &noting{Reader: b.Body}
	b.Body = body
	if err := d.handle(ctx, b); err != nil {
		return err
	}
	l.mu.Lock()
	took := time.Duration(l.random.Float64() * l.random.Float64() * float64(5*time.Minute))
	l.mu.Unlock()
	if err := pause(ctx, took); err != nil {
		return err
	}
	if err := l.chance(map[error]float64{errors.New("refused"): 0.25}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if body.err != nil {
		return nil // the source sees for itself
	}
	l.done[b.Name] = true
	for _, id := range d.ids {
		l.done[id] = true
	}
	return nil
}

func (l *ledger) poison(_ context.Context, p source.Poisoned) error {
	if err := l.chance(map[error]float64{errors.New("no room"): 0.2}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[p.Body] = true
	return nil
}

// dealtWith says whether all that a message brings was acknowledged, or the message was poison. All is locked, or over.
func (l *ledger) dealtWith(body string) bool {
	return l.done[body] || !slices.ContainsFunc(l.parts[body], func(part string) bool { return !l.done[part] })
}
