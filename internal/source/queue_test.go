package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/source"
)

// envelope is an event of EventBridge with a record of this id.
func envelope(id string) string {
	return `{"source":"aws.cloudtrail","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.11","eventID":"` + id +
		`","eventName":"StopLogging","eventSource":"` + ct + `","eventTime":"2026-11-22T10:00:00Z"}}`
}

// notification is S3's of new objects of the bucket b.
func notification(keys ...string) string {
	var all []string
	for _, key := range keys {
		all = append(all, `{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"`+key+`"}}}`)
	}
	return `{"Records":[` + strings.Join(all, ",") + `]}`
}

func viaSNS(body string) string {
	text, _ := json.Marshal(body)
	return `{"Type":"Notification","Message":` + string(text) + `}`
}

// shelter keeps what is poison.
type shelter struct {
	mu   sync.Mutex
	all  []source.Poisoned
	fail error
}

func (s *shelter) take(_ context.Context, p source.Poisoned) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.all = append(s.all, p)
	return nil
}

func (s *shelter) got() []source.Poisoned {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func queueOf(q *sqs, s *store, d *desk, poison *shelter) source.Queue {
	return source.Queue{
		Name: "https://sqs.eu-west-1.amazonaws.com/1/q", Receiver: q, Objects: s, Poison: poison.take,
		Problem: d.problemByName, Stats: &source.Stats{}, Now: time.Now,
	}
}

// problemByName keeps what is told with its name.
func (d *desk) problemByName(p source.Problem) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, strings.TrimSpace(fmt.Sprintf("%s %s: %v", p.Name, p.Code, p.Err != nil)))
}

// during runs a queue for a time.
func during(t *testing.T, q source.Queue, d *desk, last time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	if err := q.Run(ctx, d.handle); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
}

func TestQueueBringsRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		s := newStore(map[string]string{"b/a.json.gz": gz(record("1", "2")), "b/b c.json": record("3"), "b/d.json": record("4")})
		var sent []time.Time
		d.refuse = func(b source.Batch) error { sent = append(sent, b.Sent); return nil }
		q.send(envelope("5"), viaSNS(envelope("6")), notification("a.json.gz", "b+c.json"), `{"Event":"s3:TestEvent","Bucket":"b"}`,
			viaSNS(`{"s3Bucket":"b","s3ObjectKey":["d.json","AWSLogs/111122223333/CloudTrail-Digest/x.json.gz"]}`))
		began := time.Now()
		one := queueOf(q, s, d, poison)
		one.Workers = 1
		during(t, one, d, time.Minute)
		if diff := cmp.Diff([]string{"1", "2", "3", "4", "5", "6"}, d.got()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		slices.Sort(d.names)
		want := []string{"2 messages of " + one.Name, "s3://b/a.json.gz", "s3://b/b c.json", "s3://b/d.json"}
		if diff := cmp.Diff(want, d.names); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		for _, at := range sent {
			if !at.Equal(began) {
				t.Errorf("sent at %v, want %v", at, began)
			}
		}
		if q.left() != 0 || len(poison.got()) != 0 || len(d.problems()) != 0 {
			t.Errorf("%d left, poison %v", q.left(), poison.got())
		}
		if n := q.calls["Delete"]; n != 5 {
			t.Errorf("%d messages deleted", n)
		}
		if st := one.Stats; st.Messages.Load() != 5 || st.Handled.Load() != 5 || st.Objects.Load() != 3 || st.Skipped.Load() != 1 {
			t.Errorf("stats %v", st)
		}
	})
}

// Events that are joined do not suffer for one among them.
func TestOneBadEventHoldsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		var bad string
		for i := range 10 {
			q.send(envelope(fmt.Sprint(i)))
		}
		for id, m := range q.messages {
			if strings.Contains(m.Body, `"7"`) {
				bad = id
			}
		}
		d.refuse = func(b source.Batch) error {
			if strings.HasPrefix(b.Name, "10 ") || strings.Contains(b.Name, bad) {
				return errors.New("not this one")
			}
			return nil
		}
		one := queueOf(q, newStore(nil), d, poison)
		during(t, one, d, time.Minute)
		if got := d.got(); len(got) != 9 || slices.Contains(got, "7") {
			t.Errorf("got %v", got)
		}
		during(t, one, d, time.Hour)
		if got := poison.got(); len(got) != 1 || got[0].ID != bad || got[0].Tries != 5 || got[0].Queue != one.Name || got[0].Err == nil || q.left() != 0 {
			t.Errorf("poison %v, %d left", got, q.left())
		}
	})
}

// A file that cannot be read holds back none of the others that its message names, whatever ends the message.
func TestOneBadObjectHoldsNoOther(t *testing.T) {
	for name, c := range map[string]struct {
		get      error
		poisoned int
	}{
		"gone":    {errNoSuchKey, 1},
		"refused": {errDenied, 0},
		"no kind": {errors.New("what?"), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
			s := newStore(map[string]string{"b/a.json": record("1"), "b/c.json": record("3"), "b/d.json": record("4")})
			s.get = func(name string) error {
				if name == "b/bad.json" {
					return c.get
				}
				return nil
			}
			q.send(notification("a.json", "bad.json", "c.json", "d.json"))
			during(t, queueOf(q, s, d, poison), d, time.Hour)
			if diff := cmp.Diff([]string{"1", "3", "4"}, d.got()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if got := poison.got(); len(got) != c.poisoned || q.left() != 1-c.poisoned {
				t.Errorf("%s: poison %v, %d left", name, got, q.left())
			}
		})
	}
}

// A file that stays refused does not have the others that its message names be read with each try: they would count as what
// waited for long, for as long as the message is kept.
func TestOneRefusedObjectRepeatsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		s := newStore(map[string]string{"b/a.json": record("1"), "b/bad.json": record("2"), "b/c.json": record("3")})
		tries := 0
		s.get = func(name string) error {
			if name != "b/bad.json" {
				return nil
			}
			if tries++; tries < 5 {
				return errDenied
			}
			return nil
		}
		q.send(notification("a.json", "bad.json", "c.json"))
		during(t, queueOf(q, s, d, poison), d, time.Hour)
		want := []string{"b/a.json", "b/bad.json", "b/c.json", "b/bad.json", "b/bad.json", "b/bad.json", "b/bad.json"}
		if diff := cmp.Diff(want, s.gets); diff != "" {
			t.Errorf("asked for (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"1", "2", "3"}, d.got()); diff != "" || q.left() != 0 {
			t.Errorf("%d left; (-want +got):\n%s", q.left(), diff)
		}
	})
}

// The waits between the tries of a message, and its end.
func TestFailedMessageBecomesPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		s := newStore(map[string]string{"b/a.json": record("1"), "b/b.json": record("2")})
		var at []time.Duration
		began := time.Now()
		d.refuse = func(b source.Batch) error {
			if b.Name != "s3://b/a.json" {
				return nil
			}
			at = append(at, time.Since(began).Round(time.Second))
			return errors.New("the disk is full")
		}
		q.send(notification("a.json"), notification("b.json"))
		during(t, queueOf(q, s, d, poison), d, time.Hour)
		want := []time.Duration{0, 30 * time.Second, 2 * time.Minute, 6*time.Minute + 30*time.Second, 16*time.Minute + 30*time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("tried (-want +got):\n%s", diff)
		}
		if got := poison.got(); len(got) != 1 || got[0].Body != notification("a.json") || got[0].Err.Error() != "the disk is full" {
			t.Errorf("poison %v", got)
		}
		if diff := cmp.Diff([]string{"s3://b/a.json : false", "s3://b/a.json : true"}, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

func TestWhatIsPoison(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		get   error
		tries int
	}{
		"an unknown body":     {`{"hello":"world"}`, nil, 1},
		"a deleted object":    {notification("gone.json"), nil, 2},
		"a deleted bucket":    {notification("a.json"), awsError{code: "NoSuchBucket"}, 2},
		"an archived object":  {notification("a.json"), awsError{code: "InvalidObjectState"}, 5},
		"an error of no kind": {notification("a.json"), errors.New("what?"), 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
			s := newStore(map[string]string{"b/a.json": record("1")})
			s.get = func(string) error { return c.get }
			q.send(c.body)
			during(t, queueOf(q, s, d, poison), d, time.Hour)
			if got := poison.got(); len(got) != 1 || got[0].Tries != c.tries || got[0].Body != c.body || q.left() != 0 {
				t.Errorf("%s: poison %v, %d left", name, got, q.left())
			}
		})
	}
}

// Poison that nobody takes stays, and is told.
func TestPoisonIsKeptUntilTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{fail: errors.New("no room")}
		q.send("?")
		one := queueOf(q, newStore(nil), d, poison)
		during(t, one, d, 3*time.Hour)
		nobody := one
		nobody.Poison = nil
		during(t, nobody, d, 3*time.Hour)
		if q.left() != 1 || len(d.problems()) != 2 {
			t.Errorf("%d left", q.left())
		}
		poison.fail = nil
		during(t, one, d, 15*time.Minute)
		if q.left() != 0 || len(poison.got()) != 1 {
			t.Errorf("%d left, poison %v", q.left(), poison.got())
		}
	})
}

// While AWS refuses, or is not well, messages stay whatever their count says, and it is said once.
func TestRefusalsAreNoMessagesFault(t *testing.T) {
	for _, refusal := range []awsError{errDenied, errSlowDown} {
		for _, at := range []string{"begin", "end"} {
			synctest.Test(t, func(t *testing.T) {
				q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
				objects := map[string]string{}
				for i := range 30 {
					objects[fmt.Sprintf("b/%d.json", i)] = record(fmt.Sprint(i))
					q.send(notification(fmt.Sprintf("%d.json", i)))
				}
				s := newStore(objects)
				refused := true
				refuse := func(string) error {
					if refused {
						return refusal
					}
					return nil
				}
				if s.get = refuse; at == "end" {
					s.get, s.broken = nil, refuse
				}
				one := queueOf(q, s, d, poison)
				during(t, one, d, 6*time.Hour)
				if len(poison.got()) > 0 || q.left() != 30 {
					t.Errorf("%s: poison %v, %d left", refusal.code, poison.got(), q.left())
				}
				if n := len(s.gets); n > 30*(6*6+4) {
					t.Errorf("%s: asked %d times for 30 objects in 6 h", refusal.code, n)
				}
				if diff := cmp.Diff([]string{"s3://b " + refusal.code + ": true"}, d.problems()); diff != "" {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
				d.got()
				// After a restart nobody knows why the counts are high. One that fails once more is no poison.
				refused = false
				failed := map[string]bool{}
				d.refuse = func(b source.Batch) error {
					if !failed[b.Name] {
						failed[b.Name] = true
						return errors.New("once")
					}
					return nil
				}
				during(t, one, d, time.Hour)
				if got := d.got(); len(got) != 30 || len(poison.got()) > 0 || q.left() != 0 {
					t.Errorf("%s: got %d, poison %v, %d left", refusal.code, len(got), poison.got(), q.left())
				}
			})
		}
	}
}

// What breaks off is not acknowledged, whatever the handler says.
func TestBrokenObjectComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		s := newStore(map[string]string{"b/a.json": record("1", "2")})
		breaks := 2
		s.broken = func(string) error {
			if breaks--; breaks >= 0 {
				return errSlowDown
			}
			return nil
		}
		q.send(notification("a.json"))
		during(t, queueOf(q, s, d, poison), d, 10*time.Minute)
		if len(s.gets) != 3 || q.left() != 0 {
			t.Errorf("read %v, %d left", s.gets, q.left())
		}
		if diff := cmp.Diff([]string{"s3://b : false", "s3://b SlowDown: true"}, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}

// The queue itself refuses: it is told, asked seldom, and read when it can be.
func TestQueueIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		q.send(envelope("1"))
		q.fail = func(string) error { return errDenied }
		one := queueOf(q, newStore(nil), d, poison)
		time.AfterFunc(time.Hour, func() { q.failing(nil) })
		during(t, one, d, 2*time.Hour)
		name := "ReceiveMessage " + one.Name
		if diff := cmp.Diff([]string{name + " : false", name + " AccessDenied: true"}, d.problems()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := q.calls["Receive"]; n > 4*(60+10)+4*60*3+10 {
			t.Errorf("asked %d times", n)
		}
		if len(d.got()) != 1 || q.left() != 0 {
			t.Errorf("%d left", q.left())
		}
	})
}

// Messages that cannot be deleted are tried several times, then come again, and are handled again.
func TestDeletionsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, d, poison := newSQS(t, 1), &desk{}, &shelter{}
		for i := range 25 {
			q.send(envelope(fmt.Sprint(i)))
		}
		flaky := 0
		q.fail = func(call string) error {
			if flaky++; call == "Delete" && flaky%3 == 0 {
				return errSlowDown
			}
			return nil
		}
		one := queueOf(q, newStore(nil), d, poison)
		during(t, one, d, time.Minute)
		if q.left() != 0 || len(d.names) > 4 {
			t.Errorf("%d left, handed on as %v", q.left(), d.names)
		}
		q.send(envelope("z"))
		q.failing(func(call string) error {
			if call == "Delete" {
				return errDenied
			}
			return nil
		})
		d.problems()
		d.names = nil
		during(t, one, d, 20*time.Minute)
		if q.left() != 1 || len(d.names) < 3 || len(poison.got()) != 0 {
			t.Errorf("%d left, handed on as %v", q.left(), d.names)
		}
		if diff := cmp.Diff([]string{"DeleteMessage " + one.Name + " AccessDenied: true"}, d.problems()); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	})
}
