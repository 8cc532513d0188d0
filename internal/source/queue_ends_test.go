package source_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/source"
)

// A handler may take hours: nobody else gets the message meanwhile. After 12 h SQS gives it to somebody else, and the
// handler is told to stop.
func TestSlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		s := newStore(map[string]string{"b/a.json": record("1")})
		q.send(notification("a.json"))
		one := queueOf(q, s, d, poison)
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Hour)
		defer cancel()
		began, last := 0, 11*time.Hour
		err := one.Run(ctx, func(ctx context.Context, b source.Batch) error {
			began++
			if err := pause(ctx, last); err != nil {
				return err
			}
			return d.handle(ctx, b)
		})
		if began != 1 || q.left() != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("begun %d times, %d left, %v", began, q.left(), err)
		}
		if got := d.problems(); len(got) != 0 {
			t.Errorf("problems %v", got)
		}
		last, began = 13*time.Hour, 0
		q.send(notification("a.json"))
		var why error
		ctx, cancel = context.WithTimeout(t.Context(), 13*time.Hour)
		defer cancel()
		_ = one.Run(ctx, func(ctx context.Context, _ source.Batch) error {
			began++
			if err := pause(ctx, last); why == nil {
				why = err
			}
			return why
		})
		if why == nil || !strings.Contains(why.Error(), "12 h") || q.left() != 1 {
			t.Errorf("begun %d times, ended with %v, %d left", began, why, q.left())
		}
		if diff := cmp.Diff([]string{"s3://b/a.json : true"}, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

// Who stops a queue gets what was begun handled, and all else is there again at once.
func TestStopping(t *testing.T) {
	for _, c := range []struct {
		takes   time.Duration
		handled int
	}{{15 * time.Second, 4}, {time.Minute, 0}} {
		synctest.Test(t, func(t *testing.T) {
			q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
			objects := map[string]string{}
			for i := range 20 {
				objects[fmt.Sprintf("b/%d.json", i)] = record(fmt.Sprint(i))
				q.send(notification(fmt.Sprintf("%d.json", i)))
			}
			one := queueOf(q, newStore(objects), d, poison)
			one.InFlight, one.Workers = 4, 2
			ctx, cancel := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			time.AfterFunc(10*time.Second, func() { cancel(enough) })
			began := time.Now()
			err := one.Run(ctx, func(ctx context.Context, b source.Batch) error {
				if err := pause(ctx, c.takes); err != nil {
					return err
				}
				return d.handle(ctx, b)
			})
			took := time.Since(began).Round(time.Second)
			if want := min(c.takes, 30*time.Second); !errors.Is(err, enough) || took != want && took != want+time.Second {
				t.Errorf("ended after %s with %v", took, err)
			}
			if got := len(d.got()); got != c.handled || q.left() != 20-c.handled {
				t.Errorf("handled %d, %d left", got, q.left())
			}
			for id, m := range q.messages {
				if m.visible.After(time.Now()) {
					t.Errorf("%s is hidden until %v", id, m.visible)
				}
			}
			if got := d.problems(); len(got) != 0 || len(poison.got()) != 0 {
				t.Errorf("problems %v, poison %v", got, poison.got())
			}
		})
	}
}

// lastMinute is a queue that gives messages when the context has ended already.
type lastMinute struct{ *sqs }

func (l lastMinute) Receive(ctx context.Context, _, hidden time.Duration) ([]source.Message, error) {
	<-ctx.Done()
	return l.take(hidden), nil
}

func TestNothingIsBegunAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d := newSQS(t, 1), &desk{}
		for i := range 10 {
			q.send(notification(fmt.Sprintf("%d.json", i)), envelope(fmt.Sprint(i)))
		}
		one := queueOf(q, newStore(nil), d, &shelter{})
		one.Receiver, one.Workers = lastMinute{q}, 1
		during(t, one, d, time.Minute)
		if len(d.names) > 0 || q.next() > time.Millisecond || len(q.delays) != 10 {
			t.Errorf("begun %v, put back %v", d.names, q.delays)
		}
	})
}

// A refusal that ends does not count for what comes after it, and one folder's is not ended by what is read of others.
func TestRefusedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		open, closed := keyAt("111122223333/CloudTrail/eu-west-1", time.Now(), "1"), keyAt("444455556666/CloudTrail/eu-west-1", time.Now(), "2")
		s := newStore(map[string]string{"b/" + open: record("1"), "b/" + closed: record("2")})
		s.get = func(name string) error {
			if name == "b/"+closed {
				return errDenied
			}
			return nil
		}
		q.send(notification(closed))
		tick := time.AfterFunc(time.Hour, func() { q.send(notification(open)) })
		time.AfterFunc(2*time.Hour, func() { s.set(nil) })
		tried := 0
		d.refuse = func(b source.Batch) error {
			if b.Name == "s3://b/"+closed {
				tried++
				return errors.New("not this one")
			}
			if got := slices.Clone(d.told); len(got) != 1 {
				t.Errorf("problems %v", got)
			}
			return nil
		}
		during(t, queueOf(q, s, d, poison), d, 4*time.Hour)
		tick.Stop()
		if tried != 5 || len(poison.got()) != 1 || len(d.got()) != 1 {
			t.Errorf("tried %d times, poison %v", tried, poison.got())
		}
		want := []string{"s3://b : false", "s3://b AccessDenied: true", "s3://b/" + closed + " : false", "s3://b/" + closed + " : true"}
		if diff := cmp.Diff(want, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

func TestObjectsInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		objects := map[string]string{}
		for i := range 200 {
			objects[fmt.Sprintf("b/%d.json", i)] = record(fmt.Sprint(i))
			q.send(notification(fmt.Sprintf("%d.json", i)))
		}
		s := newStore(objects)
		one := queueOf(q, s, d, poison)
		one.InFlight = 7
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_ = one.Run(ctx, func(ctx context.Context, b source.Batch) error {
			_ = pause(ctx, time.Second)
			return d.handle(ctx, b)
		})
		if s.most != 7 || len(d.got()) != 200 {
			t.Errorf("%d at once", s.most)
		}
	})
}

func TestQueueThatCannotBeRead(t *testing.T) {
	q, s := newSQS(t, 1), newStore(nil)
	for want, one := range map[string]source.Queue{
		"none is given":        {Objects: s, Now: time.Now},
		"nothing can read the": {Name: "q", Receiver: q, Now: time.Now},
		"10 s to 12 h":         {Name: "q", Receiver: q, Objects: s, Visibility: time.Second, Now: time.Now},
	} {
		if err := one.Run(t.Context(), (&desk{}).handle); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
