package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/audit"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
	"cairn.example/rules/all"
)

const orgTrail = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail"

// standing is a watch that goes on for days of virtual time: what it told, and the accounts as they are read.
type standing struct {
	*live.Watch
	in   source.Handle
	mu   sync.Mutex
	now  *model.Snapshot // as it is
	took time.Duration   // to read the accounts, all of them at its beginning
	keep time.Duration   // to keep what one finding came to
	told []string
	err  error // why they cannot be read, if so
}

// stand starts a watch of the example organization, whose accounts are read every hour, after what was before.
func stand(t *testing.T, s *model.Snapshot, before func(*store.Store), run func(*standing)) {
	t.Helper()
	standSlow(t, s, 0, before, run)
}

// standSlow is stand where to read the accounts takes so long.
func standSlow(t *testing.T, s *model.Snapshot, took time.Duration, before func(*store.Store), run func(*standing)) {
	t.Helper()
	time.Sleep(time.Until(time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC))) // the bubble's time begins before CloudTrail
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{Volatile: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	before(kept)
	st := &standing{now: s, took: took}
	ready := make(chan struct{})
	st.Watch = &live.Watch{
		Store: kept, ID: "me", Detect: watched(t), Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Every: time.Hour,
		Collect: func(context.Context) (*model.Snapshot, error) {
			st.mu.Lock()
			defer st.mu.Unlock()
			out := *st.now
			out.Began, out.CollectedAt, out.Accounts = time.Time{}, time.Now().UTC(), nil
			for _, a := range st.now.Accounts {
				out.Accounts = append(out.Accounts, a.Clone())
			}
			took := st.took
			st.mu.Unlock()
			time.Sleep(took)
			st.mu.Lock()
			if took > 0 {
				out.Began, out.CollectedAt = out.CollectedAt, time.Now().UTC()
			}
			return &out, st.err
		},
		Audit: func(s *model.Snapshot) audit.Result { return audit.Judge(s, audit.Options{Rules: all.Rules()}) },
		Tell: func(one store.Told) {
			st.mu.Lock()
			keep := st.keep
			st.mu.Unlock()
			time.Sleep(keep)
			st.mu.Lock()
			defer st.mu.Unlock()
			st.told = append(st.told, one.Step+" "+one.Finding.Rule+" "+one.Finding.Resource.ID)
		},
		Sources: []live.Source{{Name: "test", Run: func(ctx context.Context, handle source.Handle) error {
			st.in = handle
			close(ready)
			<-ctx.Done()
			return nil
		}}},
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- st.Run(ctx) }()
	<-ready
	time.Sleep(time.Minute)
	run(st)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// record hands in a record of the example organization's trail, as of now.
func (st *standing) record(t *testing.T, name, agent string) {
	t.Helper()
	body := fmt.Sprintf(`{"Records":[{"eventVersion":"1.11","eventTime":%q,"eventSource":"cloudtrail.amazonaws.com","eventName":%q,"awsRegion":"eu-west-1",
		"recipientAccountId":"111111111111","eventID":"e-%d","userAgent":%q,"sourceIPAddress":"203.0.113.7","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,
		"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111111111111:assumed-role/Admin/mallory","accountId":"111111111111"},
		"requestParameters":{"name":%q},"responseElements":null}]}`, time.Now().UTC().Format(time.RFC3339), name, time.Now().UnixNano(), agent, orgTrail)
	name = fmt.Sprintf("111111111111_CloudTrail_eu-west-1_%s_x.json", time.Now().UTC().Format("20060102T1504Z"))
	if err := st.in(t.Context(), source.Batch{Name: name, Body: strings.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

// slow sets how long it takes to read the accounts.
func (st *standing) slow(took time.Duration) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.took = took
}

// fails sets why the accounts cannot be read from now on; nil: they can.
func (st *standing) fails(err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.err = err
}

// is sets how the accounts are from now on.
func (st *standing) is(s *model.Snapshot) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.now = s
}

// take gives what was told since, of some rules.
func (st *standing) take(rules ...string) []string {
	st.mu.Lock()
	defer st.mu.Unlock()
	var out []string
	for _, rule := range rules {
		for _, one := range st.told {
			if strings.Contains(one, " "+rule+" ") {
				out = append(out, one)
			}
		}
	}
	st.told = nil
	return out
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

// switched is an account set with the organization's trail on or off.
func switched(s *model.Snapshot, on bool) *model.Snapshot {
	out := *s
	out.Accounts = nil
	for _, a := range s.Accounts {
		c := a.Clone()
		if t := c.Trail(orgTrail); t != nil {
			t.Logging = model.Known(on, model.Origin{Call: "GetTrailStatus", Region: "eu-west-1"})
		}
		out.Accounts = append(out.Accounts, c)
	}
	return &out
}

// What an event does to verdicts is known at once; to read the accounts again changes none of it.
func TestPostureOpensAndResolves(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		stand(t, s, func(*store.Store) {}, func(st *standing) {
			got := st.take("CT-101", "CRN-102")
			for _, one := range []string{"opened CT-101 111111111111", "opened CRN-102 444444444444", "opened CRN-102 555555555555"} {
				if !slices.Contains(got, one) { // of 444444444444 one Region is refused, of 555555555555 all
					t.Errorf("the first reading opens %q, want %s", got, one)
				}
			}
			st.record(t, "StopLogging", "aws-cli/2.17")
			want(t, "after a stop", st.take("CT-102"), "opened CT-102 111111111111", "opened CT-102 444444444444")
			st.is(switched(s, false))
			time.Sleep(2 * time.Hour)
			want(t, "read again while it is off", st.take("CT-102"), "told anew CT-102 111111111111", "told anew CT-102 444444444444")
			st.record(t, "StartLogging", "aws-cli/2.17")
			st.is(s)
			want(t, "after a start", st.take("CT-102"), "resolved CT-102 111111111111", "resolved CT-102 444444444444")
		})
	})
}

// Files that no longer come, and calls of cairn's own that no longer come back, are findings; so is their end.
func TestSilence(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		day := func(kept *store.Store) {
			for range 30 {
				if err := kept.Beat(t.Context(), [][2]string{{"111111111111", "eu-west-1"}}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
			}
		}
		stand(t, s, day, func(st *standing) {
			st.record(t, "DescribeTrails", "aws-sdk-go-v2/1.48.0 app/cairn")
			time.Sleep(time.Minute)
			want(t, "while they come", st.take("CRN-103", "CRN-104"))
			time.Sleep(6 * time.Hour)
			want(t, "when they stopped", st.take("CRN-103", "CRN-104"), "opened CRN-103 111111111111/eu-west-1", "opened CRN-104 111111111111/heartbeat")
			st.record(t, "DescribeTrails", "aws-sdk-go-v2/1.48.0 app/cairn")
			time.Sleep(10 * time.Minute)
			want(t, "when they came again", st.take("CRN-103", "CRN-104"), "resolved CRN-103 111111111111/eu-west-1", "resolved CRN-104 111111111111/heartbeat")
		})
	})
}

// beats are some thirty hours in which files and calls of cairn's own arrive of an account, and some time after them.
func beats(t *testing.T, then time.Duration) func(*store.Store) {
	t.Helper()
	return func(kept *store.Store) {
		for range 30 {
			if err := kept.Beat(t.Context(), [][2]string{{"111111111111", "eu-west-1"}, {"111111111111", live.Heartbeat}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		time.Sleep(then)
	}
}

// What did not come while nobody listened is no silence; what does not come from then on is.
func TestSilenceAfterARestart(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		stand(t, s, beats(t, 72*time.Hour), func(st *standing) {
			time.Sleep(100 * time.Minute)
			want(t, "soon after the start", st.take("CRN-103", "CRN-104"))
			time.Sleep(2 * time.Hour)
			want(t, "hours later", st.take("CRN-103", "CRN-104"), "opened CRN-103 111111111111/eu-west-1", "opened CRN-104 111111111111/heartbeat")
		})
	})
}

// Files that come again after a long silence end it, though they no longer come in most hours.
func TestLongSilenceEnds(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		stand(t, s, beats(t, 0), func(st *standing) {
			time.Sleep(48 * time.Hour)
			want(t, "after two days", st.take("CRN-103"), "opened CRN-103 111111111111/eu-west-1")
			st.record(t, "DescribeTrails", "aws-sdk-go-v2/1.48.0 app/cairn")
			time.Sleep(10 * time.Minute)
			want(t, "when they came again", st.take("CRN-103"), "resolved CRN-103 111111111111/eu-west-1")
		})
	})
}

// Where an account is not read there are no calls that could come back.
func TestNoHeartbeatWithoutCalls(t *testing.T) {
	s, _ := example(t)
	for name, now := range map[string]func(*model.Account) bool{
		"refused": func(a *model.Account) bool {
			a.Trails = model.List[*model.Trail]{Gaps: []model.Gap{{Call: "AssumeRole", Account: a.ID, Code: "AccessDenied"}}}
			a.Caller, a.Gaps = "", a.Trails.Gaps
			return true
		},
		"no longer watched": func(*model.Account) bool { return false },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stand(t, s, beats(t, 0), func(st *standing) {
					other := *s
					other.Accounts = nil
					for _, a := range s.Accounts {
						if c := a.Clone(); a.ID != "111111111111" || now(c) {
							other.Accounts = append(other.Accounts, c)
						}
					}
					st.is(&other)
					time.Sleep(12 * time.Hour)
					want(t, "while it is not read", st.take("CRN-104"))
					st.is(s)
					time.Sleep(12 * time.Hour)
					want(t, "when it was read for long", st.take("CRN-104"), "opened CRN-104 111111111111/heartbeat")
				})
			})
		})
	}
}

// Who shuts cairn out of all accounts at once, as by the role of the only one or the credentials, is told of, too, when a
// second try was refused; and that they can be read again.
func TestNoAccountCanBeRead(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		stand(t, s, beats(t, 0), func(st *standing) {
			st.take()
			st.fails(errors.New("AssumeRole: AccessDenied"))
			time.Sleep(62 * time.Minute)
			want(t, "after a first try", st.take("CRN-102"))
			time.Sleep(12 * time.Hour)
			want(t, "after more", st.take("CRN-102"), "opened CRN-102 all")
			st.fails(nil)
			time.Sleep(10 * time.Minute)
			want(t, "when they can be read again", st.take("CRN-102"), "resolved CRN-102 all")
			st.fails(errors.New("RequestTimeout"))
			time.Sleep(55 * time.Minute)
			st.fails(nil)
			time.Sleep(10 * time.Minute)
			want(t, "after one that failed", st.take("CRN-102"))
		})
	})
}
