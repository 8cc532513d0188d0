package source_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/source"
)

const (
	ct  = "cloudtrail.amazonaws.com"
	iam = "iam.amazonaws.com"
	kms = "kms.amazonaws.com"
	s3  = "s3.amazonaws.com"
)

// many are so many events of one source in eu-west-1, a second apart, the last one now.
func many(src string, n int) []happened {
	var out []happened
	for i := range n {
		out = append(out, happened{"eu-west-1", src, fmt.Sprintf("%s-%d", src, i), time.Now().Add(-time.Duration(n-1-i) * time.Second)})
	}
	return out
}

type runner interface {
	Run(ctx context.Context, handle source.Handle) error
}

// start runs in the background; what it returns ends the run, and returns its error.
func start(s runner, d *desk) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, d.handle) }()
	return func() error {
		cancel()
		return <-done
	}
}

// In no second are there more than two requests to a Region, whatever they are for and whatever comes back.
func TestTwoRequestsASecond(t *testing.T) {
	for name, faults := range map[string][]awsfake.Fault{
		"answered": nil,
		"throttled": {
			{First: 3, Action: awsfake.Throttle()},
			{First: 2, Match: awsfake.Call{Region: "us-east-1"}, Action: awsfake.Truncate()},
		},
		"denied": {{Match: awsfake.Call{Region: "us-east-1"}, Action: awsfake.Deny()}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, d := newWorld(t, slices.Concat(many(kms, 140), many(ct, 24))...), &desk{}
				w.inject(awsfake.Fault{Action: awsfake.Page(10)})
				for _, f := range faults {
					w.inject(f)
				}
				stop := start(w.lookup([]string{"eu-west-1", "us-east-1"}, []string{kms, iam, ct, s3}), d)
				time.Sleep(5 * time.Minute)
				if err := stop(); !errors.Is(err, context.Canceled) {
					t.Errorf("ended with %v", err)
				}
				times := map[string][]time.Time{}
				for _, r := range w.asked("") {
					times[r.region] = append(times[r.region], r.at)
				}
				for region, at := range times {
					for i := 2; i < len(at); i++ {
						if d := at[i].Sub(at[i-2]); d < time.Second {
							t.Fatalf("%s: three requests within %s", region, d)
						}
					}
				}
				if len(times) != 2 || len(times["eu-west-1"]) < 40 {
					t.Errorf("%d and %d requests", len(times["eu-west-1"]), len(times["us-east-1"]))
				}
				if n := len(d.got()); n != 164 {
					t.Errorf("%d events were handled", n)
				}
			})
		})
	}
}

// A source with page after page keeps none waiting: the first pages come first, cloudtrail's before all, and a new
// pass of cloudtrail goes before the old pages of others.
func TestUrgentSourcesGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, many(kms, 250)...), &desk{}
		w.inject(awsfake.Fault{Action: awsfake.Page(1)})
		stop := start(w.lookup([]string{"eu-west-1"}, []string{kms, iam, ct, iam}), d)
		time.Sleep(2*time.Minute - time.Second)
		stop()
		var order []string
		for _, r := range w.asked("")[:6] {
			order = append(order, r.source)
		}
		if diff := cmp.Diff([]string{ct, kms, iam, kms, kms, kms}, order); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := len(w.asked(ct)); n != 2 {
			t.Errorf("in two minutes %d passes over %s", n, ct)
		}
		if n := len(w.asked(kms)); n < 230 {
			t.Errorf("only %d pages of %s", n, kms)
		}
	})
}

// Events that arrive late, and behind newer ones, are read; what is too old for every pass is not.
func TestLateEventsAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		at := func(d time.Duration, id string) happened { return happened{"eu-west-1", ct, id, begin.Add(d)} }
		w, d := newWorld(t, at(-23*time.Hour, "old"), at(-25*time.Hour, "older"), at(-time.Minute, "new")), &desk{}
		stop := start(w.lookup([]string{"eu-west-1"}, []string{ct}), d)
		step := func(want string, more ...happened) {
			t.Helper()
			w.add(more...)
			time.Sleep(time.Minute + time.Second)
			if got := strings.Join(d.got(), " "); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		step("new old")
		step("new")
		step("late new", at(-25*time.Minute, "late"))
		step("late new", at(-32*time.Minute, "too late"))
		step("late new newer", at(3*time.Minute, "newer"))
		step("future late new newer", at(2*time.Hour, "future"))
		step("future new newer") // an event that claims to be newer than now moves nothing beyond now
		time.Sleep(3 * time.Hour)
		d.got()
		step("future")
		stop()
	})
}

// A Region that is refused stops no other. It is told once, with what would help, and once when it is over.
func TestOneRegionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		event := happened{"eu-west-1", ct, "a", time.Now()}
		w, d := newWorld(t, event), &desk{}
		w.inject(awsfake.Fault{Match: awsfake.Call{Region: "eu-south-2"}, Action: awsfake.UnrecognizedClient()})
		w.inject(awsfake.Fault{Match: awsfake.Call{Region: "us-east-1"}, Action: awsfake.Deny()})
		l := w.lookup([]string{"eu-south-2", "eu-west-1", "us-east-1"}, []string{ct, iam})
		l.Problem = d.problem
		stop := start(l, d)
		time.Sleep(3*time.Minute + time.Second)
		want := []string{
			"111122223333 eu-south-2 LookupEvents UnrecognizedClientException cloudtrail:LookupEvents: true",
			"111122223333 us-east-1 LookupEvents AccessDeniedException cloudtrail:LookupEvents: true",
		}
		if diff := cmp.Diff(want, d.problems()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := len(w.asked(iam)); n != 4 {
			t.Errorf("%s was asked for %d times: a Region that is refused needs one question a pass", iam, n)
		}
		w.add(happened{"us-east-1", iam, "b", time.Now()})
		time.Sleep(2 * time.Minute)
		if diff := cmp.Diff([]string{"a", "b"}, d.got()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"111122223333 eu-south-2   : false", "111122223333 us-east-1   : false"}, d.problems()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		stop()
	})
}

// Credentials that cannot be had are the account's problem: told once, whatever the Regions, and again when the
// reason is another one.
func TestOneAccountIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, happened{"eu-west-1", ct, "a", time.Now()}), &desk{}
		w.inject(awsfake.Fault{Match: awsfake.Call{Op: "AssumeRole"}, Action: awsfake.Deny()})
		l := w.lookupAs("arn:aws:iam::"+number+":role/cairn", []string{"eu-west-1", "us-east-1"}, []string{ct, iam})
		l.Problem = d.problem
		stop := start(l, d)
		time.Sleep(90 * time.Second)
		w.inject(awsfake.Fault{Match: awsfake.Call{Op: "AssumeRole"}, Action: awsfake.Error("ValidationError", "no such role")})
		time.Sleep(time.Minute)
		w.add()
		time.Sleep(time.Minute)
		stop()
		want := []string{
			"111122223333  AssumeRole AccessDenied sts:AssumeRole: true", "111122223333  AssumeRole ValidationError sts:AssumeRole: true",
			"111122223333    : false",
		}
		if diff := cmp.Diff(want, d.told); diff != "" || strings.Join(d.got(), " ") != "a" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What passes is waited for, longer each time, and told if it does not pass.
func TestThrottling(t *testing.T) {
	for _, c := range []struct {
		times, told int
		want        string
	}{{4, 0, "0s 1s 3s 7s 15s 1m15s 1m16s 1m18s 1m22s 1m30s"}, {0, 1, "0s 1s 3s 7s 15s 1m15s 2m15s"}} {
		synctest.Test(t, func(t *testing.T) {
			w, d := newWorld(t, happened{"eu-west-1", ct, "a", time.Now()}), &desk{}
			w.inject(awsfake.Fault{First: c.times, Action: awsfake.Throttle()})
			l := w.lookup([]string{"eu-west-1"}, []string{ct})
			l.Problem, l.Every = d.problem, time.Minute
			begin := time.Now()
			stop := start(l, d)
			time.Sleep(20 * time.Second)
			if c.times == 0 {
				time.Sleep(2 * time.Minute)
			}
			if c.times > 0 { // an answer begins the count anew
				w.inject(awsfake.Fault{First: c.times, Action: awsfake.Throttle()})
				time.Sleep(80 * time.Second)
			}
			stop()
			var at []string
			for _, r := range w.asked("") {
				at = append(at, r.at.Sub(begin).String())
			}
			if got := strings.Join(at, " "); got != c.want || len(d.told) != c.told {
				t.Errorf("asked at %s, want %s; told %v", got, c.want, d.told)
			}
		})
	}
}

// One pass, with an error for what could not be read.
func TestLookupOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, many(ct, 120)...), &desk{}
		w.inject(awsfake.Fault{Match: awsfake.Call{Region: "us-east-1"}, Action: awsfake.DenySCP()})
		l := w.lookup([]string{"eu-west-1", "us-east-1"}, []string{ct, iam})
		l.Once = true
		err := l.Run(t.Context(), d.handle)
		want := "not everything was read: account 111122223333: LookupEvents in us-east-1: AccessDeniedException by a service control policy (needs cloudtrail:LookupEvents)"
		if got, ok := errors.AsType[*source.IncompleteError](err); !ok || got.Count != 1 || err.Error() != want {
			t.Errorf("got %v", err)
		}
		if len(d.got()) != 120 || len(w.asked(ct)) != 3+1 {
			t.Errorf("%d requests for %s", len(w.asked(ct)), ct)
		}
		w.add()
		if err := l.Run(t.Context(), d.handle); err != nil {
			t.Error(err)
		}
	})
}

// A token that AWS forgot begins the pass anew; a page that cannot be had stops neither the pass after it nor other
// sources.
func TestPagesThatCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, many(ct, 120)...), &desk{}
		l := w.lookup([]string{"eu-west-1"}, []string{ct})
		l.Problem = d.problem
		refused := 0
		d.refuse = func(source.Batch) error { // the first page was handled, so the second is asked for next
			if refused++; refused == 1 {
				w.inject(awsfake.Fault{First: 1, Action: awsfake.Error("InvalidNextTokenException", "")})
			}
			return nil
		}
		stop := start(l, d)
		time.Sleep(30 * time.Second)
		stop()
		var tokens []string
		for _, r := range w.asked(ct) {
			tokens = append(tokens, r.token)
		}
		if diff := cmp.Diff([]string{"", "awsfake-50", "", "awsfake-50", "awsfake-100"}, tokens); diff != "" || len(d.told) > 0 {
			t.Errorf("told %v; tokens (-want +got):\n%s", d.told, diff)
		}
	})
}

// A batch that was not acknowledged comes again, and the rest meanwhile.
func TestRefusedBatchComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, slices.Concat(many(ct, 2), many(iam, 1))...), &desk{}
		full := true
		d.refuse = func(b source.Batch) error {
			if full && strings.Contains(b.Name, ct) {
				return errors.New("no room")
			}
			return nil
		}
		l := w.lookup([]string{"eu-west-1"}, []string{ct, iam})
		l.Problem, l.State = d.problem, source.NewState()
		stop := start(l, d)
		time.Sleep(90 * time.Second)
		if got, told := strings.Join(d.got(), " "), d.problems(); got != iam+"-0" || len(told) != 1 || len(remembered(l.State)) != 1 {
			t.Errorf("got %q, told %v, remembered %v", got, told, remembered(l.State))
		}
		d.mu.Lock()
		full = false
		d.mu.Unlock()
		time.Sleep(time.Minute)
		if told := d.problems(); !slices.Contains(d.got(), ct+"-1") || len(told) != 1 {
			t.Errorf("it did not come again; told %v", told)
		}
		stop()
		if n := len(remembered(l.State)); n != 3 {
			t.Errorf("%d ids are remembered", n)
		}
	})
}

// An account whose Regions nobody could list stops no other.
func TestAccountWithoutRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(t, happened{"eu-west-1", ct, "a", time.Now()}), &desk{}
		l := w.lookup([]string{"eu-west-1"}, []string{ct})
		l.Accounts, l.Once = append(l.Accounts, source.Account{ID: "444455556666"}), true
		err := l.Run(t.Context(), d.handle)
		if err == nil || !strings.Contains(err.Error(), "account 444455556666: no Region is known") || len(d.got()) != 1 {
			t.Errorf("got %v", err)
		}
	})
}

// An account whose Regions are known later is read from then on, and so is a Region that is enabled later; none is read twice.
func TestAccountsAndRegionsThatAreFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		w, d := newWorld(t, happened{"eu-west-1", ct, "a", at}, happened{"us-east-1", ct, "b", at}), &desk{}
		l := w.lookup(nil, []string{ct})
		more := make(chan []source.Account)
		l.More, l.Problem = more, d.problem
		stop := start(l, d)
		for _, regions := range [][]string{{"eu-west-1"}, nil, {"eu-west-1", "us-east-1"}} {
			time.Sleep(time.Second)
			more <- []source.Account{{ID: number, Regions: regions, Looker: l.Accounts[0].Looker}}
		}
		time.Sleep(30 * time.Second)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if diff := cmp.Diff([]string{"a", "b"}, d.got()); diff != "" || len(w.asked("")) != 2 {
			t.Errorf("%d requests; (-want +got):\n%s", len(w.asked("")), diff)
		}
		if diff := cmp.Diff([]string{number + "    : true", number + "    : false"}, d.told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestLookupRefuses(t *testing.T) {
	for want, change := range map[string]func(*source.Lookup){
		"90 days":         func(l *source.Lookup) { l.Since = 91 * 24 * time.Hour },
		"no event source": func(l *source.Lookup) { l.Sources = nil },
		"no account":      func(l *source.Lookup) { l.Accounts = nil },
		"given twice":     func(l *source.Lookup) { l.Accounts = append(l.Accounts, l.Accounts...) },
	} {
		w := newWorld(t)
		l := w.lookup([]string{"eu-west-1"}, []string{ct})
		l.Once = true
		change(&l)
		if err := l.Run(t.Context(), (&desk{}).handle); err == nil || !strings.Contains(err.Error(), want) || len(w.asked("")) > 0 {
			t.Errorf("want %q, got %v after %d requests", want, err, len(w.asked("")))
		}
	}
}

// one is a history that has one event for whoever asks.
type one struct{}

func (one) LookupEvents(context.Context, string, string, time.Time, string) (body []byte, next string, err error) {
	return []byte(`{"Events":[{"CloudTrailEvent":"{\"eventID\":\"e\",\"eventName\":\"Any\",\"eventSource\":\"x\",\"eventTime\":\"2026-11-22T10:00:00Z\"}"}]}`), "", nil
}

// A Region costs some KB while nothing is asked in it: an organization has 100,000 of them.
func TestManyRegionsAreSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := source.Account{ID: number, Looker: one{}}
		for i := range 2_000 {
			a.Regions = append(a.Regions, fmt.Sprint("region-", i))
		}
		l := source.Lookup{Accounts: []source.Account{a}, Sources: []string{ct}, Now: time.Now}
		before := heap()
		stop := start(l, &desk{})
		time.Sleep(90 * time.Second)
		if each := (heap() - before) / int64(len(a.Regions)); each > 20<<10 {
			t.Errorf("a Region costs %d KB", each>>10)
		}
		stop()
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // a pool gives way at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
