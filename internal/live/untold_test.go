package live_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/audit"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
	"cairn.example/rules/all"
)

const (
	ownTrail = "arn:aws:cloudtrail:eu-central-1:222222222222:trail/prod-audit"
	owner    = "222222222222"
)

// house is a watch of the example organization whose accounts are read every half hour, and that may end and begin again.
type house struct {
	t       *testing.T
	id      string // of the process; "": me
	address string
	mu      sync.Mutex
	now     *model.Snapshot // as it is
	told    []string        // of CRN-105
	gaps    []store.Told    // of CT-013
	far     far             // the end of a channel
	in      source.Handle
	stop    func()
	records int
	reads   int
	every   time.Duration // between two readings
	sent    time.Time     // when the messages were sent that bring records; zero: no queue does
}

func newHouse(t *testing.T, s *model.Snapshot) *house {
	t.Helper()
	time.Sleep(time.Until(time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)))
	return &house{t: t, address: filepath.Join(t.TempDir(), "cairn.db"), now: s, every: 30 * time.Minute}
}

// start starts a watch on the store that is there.
func (h *house) start() {
	h.t.Helper()
	routes := notify.Routes{Repeat: notify.DefaultRepeat, Channels: map[string]notify.Kind{"desk": desk}}
	kept, err := store.Open(h.t.Context(), h.address, store.Options{Volatile: true, Now: time.Now, Quiet: 3 * time.Hour, Routes: routes})
	if err != nil {
		h.t.Fatal(err)
	}
	to, _ := routes.Channel("desk")
	log := slog.New(slog.NewTextHandler(h.t.Output(), nil))
	ready := make(chan struct{})
	w := &live.Watch{
		Store: kept, ID: cmp.Or(h.id, "me"), Detect: watched(h.t), Now: time.Now, Log: log, Every: h.every,
		Collect: h.collect, Tell: h.tell,
		Workers: []*notify.Worker{{Ledger: kept, To: to, Kind: desk, Channel: &h.far, ID: "me", Now: time.Now, Log: log}},
		Audit:   func(s *model.Snapshot) audit.Result { return audit.Judge(s, audit.Options{Rules: all.Rules()}) },
		Sources: []live.Source{{Name: "test", Run: func(ctx context.Context, handle source.Handle) error {
			h.in = handle
			close(ready)
			<-ctx.Done()
			return nil
		}}},
	}
	ctx, stop := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	<-ready
	h.stop = func() {
		stop()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
		if err := kept.Close(); err != nil {
			h.t.Error(err)
		}
	}
}

func (h *house) collect(context.Context) (*model.Snapshot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads++
	out := *h.now
	out.Began, out.CollectedAt, out.Accounts = time.Time{}, time.Now().UTC().Truncate(time.Second), nil
	for _, a := range h.now.Accounts {
		out.Accounts = append(out.Accounts, a.Clone())
	}
	return &out, nil
}

func (h *house) tell(one store.Told) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one.Finding.Rule == "CT-013" {
		h.gaps = append(h.gaps, one)
	}
	if one.Finding.Rule == "CRN-105" {
		h.told = append(h.told, one.Step+" "+one.Finding.Message+" "+one.Finding.Fix)
	}
}

// edit changes an account as it is.
func (h *house) edit(account string, how func(*model.Account)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := *h.now
	out.Accounts = nil
	for _, a := range h.now.Accounts {
		c := a.Clone()
		if c.ID == account {
			how(c)
		}
		out.Accounts = append(out.Accounts, c)
	}
	h.now = &out
}

// trail changes a trail as its owner sees it.
func (h *house) trail(arn string, how func(*model.Trail)) {
	h.edit(model.ARNAccount(arn), func(a *model.Account) { how(a.Trail(arn)) })
}

// call is a record of a call, as of now where it does not say otherwise.
type call struct {
	account, region, name string
	at                    time.Time
	more                  string // members
}

// hand hands in records.
func (h *house) hand(calls ...call) {
	h.t.Helper()
	var all []string
	for _, c := range calls {
		h.records++
		if c.at.IsZero() {
			c.at = time.Now()
		}
		if !strings.Contains(c.more, "readOnly") {
			c.more = `"readOnly":false,` + c.more
		}
		if !strings.Contains(c.more, "requestParameters") {
			c.more += fmt.Sprintf(`"requestParameters":{"name":%q},`, ownTrail)
		}
		all = append(all, fmt.Sprintf(`{"eventVersion":"1.11","eventTime":%q,"eventSource":"cloudtrail.amazonaws.com","eventName":%q,"awsRegion":%q,
			"recipientAccountId":%q,"eventID":"e-%d","userAgent":"aws-cli/2.17","sourceIPAddress":"203.0.113.7","eventType":"AwsApiCall",%s
			"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::222222222222:assumed-role/Admin/mallory","accountId":"222222222222"},"responseElements":null}`,
			c.at.UTC().Format(time.RFC3339), c.name, cmp.Or(c.region, "eu-central-1"), cmp.Or(c.account, owner), h.records, c.more))
	}
	if err := h.in(h.t.Context(), source.Batch{Name: "test", Body: strings.NewReader(`{"Records":[` + strings.Join(all, ",") + `]}`), Sent: h.sent}); err != nil {
		h.t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

// heard makes an account and Region one whose events cairn reads.
func (h *house) heard(account, region string) {
	h.hand(call{account: account, region: region, name: "DescribeTrails", more: `"readOnly":true,`})
}

func (h *house) until(hour, minute int) {
	time.Sleep(time.Until(time.Date(2026, time.November, 22, hour, minute, 0, 0, time.UTC)))
}

func (h *house) want(want ...string) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.told) != len(want) {
		h.t.Fatalf("told\n%s\nwant %d:\n%s", strings.Join(h.told, "\n"), len(want), strings.Join(want, "\n"))
	}
	for i, all := range want {
		for part := range strings.SplitSeq(all, " | ") {
			if !strings.Contains(h.told[i], part) {
				h.t.Errorf("told %q, want %q in it", h.told[i], part)
			}
		}
	}
}

// from is where a value was read in the home Region.
func from(call string) model.Origin { return model.Origin{Call: call, Region: "eu-central-1"} }

func off(t *model.Trail) { t.Logging = model.Known(false, from("GetTrailStatus")) }

func on(t *model.Trail) { t.Logging = model.Known(true, from("GetTrailStatus")) }

// refuse makes an account one that cannot be read.
func refuse(a *model.Account) {
	gap := []model.Gap{{Call: "AssumeRole", Account: a.ID, Code: "AccessDenied"}}
	*a = model.Account{ID: a.ID, Partition: a.Partition, Gaps: gap, Regions: model.List[string]{Gaps: gap}, Trails: model.List[*model.Trail]{Gaps: gap}}
}

func stoppedAt(hour, minute int) func(*model.Trail) {
	return func(t *model.Trail) {
		t.StoppedAt = model.Known(time.Date(2026, time.November, 22, hour, minute, 0, 0, time.UTC), from("GetTrailStatus"))
	}
}

// What the accounts show and no event told of is told, and what may have been told of is not. Each story begins at
// 00:45, half-way between two readings, and cairn reads the events of the trail's account and Region.
func TestUntold(t *testing.T) {
	s, _ := example(t)
	for name, tale := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, s)
				h.start()
				defer func() { h.stop() }()
				time.Sleep(time.Minute)
				if !tale.deaf {
					h.heard(owner, "eu-central-1")
					h.heard("333333333333", "eu-central-1")
				}
				h.until(0, 45)
				h.want()
				tale.play(h)
				time.Sleep(90 * time.Minute) // two readings, and an event's grace
				h.want(tale.want...)
				if h.reads > 20 {
					t.Errorf("the accounts were read %d times in some two hours", h.reads)
				}
			})
		})
	}
}

// Where accounts are read seldom they are read again when a change may be told.
func TestUntoldDue(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, s)
		h.every = 2 * time.Hour
		h.start()
		defer func() { h.stop() }()
		time.Sleep(time.Minute)
		h.heard(owner, "eu-central-1")
		h.until(2, 30)
		h.trail(ownTrail, off)
		h.until(4, 25)
		h.want()
		h.until(4, 35)
		h.want("opened | between 2026-11-22 02:0 | and 2026-11-22 04:0 | IsLogging was true and is false.")
	})
}

// They are, too, when a queue has brought what came while nobody read it.
func TestUntoldDueWhenCaughtUp(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, s)
		h.every = 4 * time.Hour
		h.start()
		defer func() { h.stop() }()
		time.Sleep(time.Minute)
		h.heard(owner, "eu-central-1")
		h.until(4, 30)
		h.stop()
		h.trail(ownTrail, off)
		h.until(9, 0)
		h.start()
		h.until(9, 20)
		h.sent = time.Now().Add(-4 * time.Hour)
		h.heard(owner, "eu-central-1")
		h.until(9, 49)
		h.want()
		h.until(9, 55)
		h.want("opened | IsLogging was true and is false.")
	})
}

// What another process told while it judged is not told once more by one that was refused the account before that.
func TestUntoldByAnother(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, s)
		h.start()
		defer func() { h.stop() }()
		time.Sleep(time.Minute)
		h.heard(owner, "eu-central-1")
		h.until(0, 45)
		h.edit(owner, refuse)
		h.until(1, 5)
		kept, err := store.Open(t.Context(), h.address, store.Options{Volatile: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		if err := kept.Disown(t.Context(), "judge", "me"); err != nil {
			t.Fatal(err)
		}
		if ok, err := kept.Own(t.Context(), "judge", "other", time.Minute); !ok || err != nil {
			t.Fatal(ok, err)
		}
		other := &house{t: t, id: "other", address: h.address, now: s, every: h.every}
		other.start()
		h.until(1, 45)
		other.trail(ownTrail, off)
		h.until(2, 45)
		other.want("opened | IsLogging was true and is false.")
		h.edit(owner, func(a *model.Account) { *a = *other.now.Account(owner) })
		other.stop()
		h.until(4, 30)
		h.want()
	})
}

// What was off when the accounts were read first is no change: case (f).
func TestUntoldFirst(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, s)
		h.trail(ownTrail, off)
		h.start()
		defer func() { h.stop() }()
		time.Sleep(time.Minute)
		h.heard(owner, "eu-central-1")
		time.Sleep(90 * time.Minute)
		h.want()
	})
}

// The reading before a restart is kept, and so is what was found and what was told: case (g).
func TestUntoldRestart(t *testing.T) {
	s, _ := example(t)
	begin := func(t *testing.T) *house {
		t.Helper()
		h := newHouse(t, s)
		h.start()
		time.Sleep(time.Minute)
		h.heard(owner, "eu-central-1")
		h.until(0, 45)
		return h
	}
	for name, tale := range restarts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := begin(t)
				defer func() { h.stop() }()
				want := tale(h)
				time.Sleep(90 * time.Minute)
				h.want(want...)
			})
		})
	}
}

// A change happened, so its finding ends when nothing more is seen of it; an event that comes even later reopens nothing.
func TestUntoldEnds(t *testing.T) {
	s, _ := example(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, s)
		h.start()
		defer func() { h.stop() }()
		time.Sleep(time.Minute)
		h.heard(owner, "eu-central-1")
		h.until(0, 45)
		at := time.Now()
		h.trail(ownTrail, off)
		h.trail(ownTrail, func(t *model.Trail) { t.Validation = model.Known(false, from("DescribeTrails")) })
		h.until(4, 20)
		h.want("opened | IsLogging")
		h.until(4, 40)
		h.want("opened", "resolved Nothing more was seen of it")
		h.hand(call{name: "StopLogging", at: at})
		time.Sleep(time.Hour)
		h.want("opened", "resolved")
	})
}
