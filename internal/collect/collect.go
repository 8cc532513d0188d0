// Package collect reads accounts' CloudTrail configuration through the AWS API into a snapshot.
//
// It asks for the fewest facts that the selected rules need, in two waves an account: identity, Regions
// and trails, then what is known of each trail. A failed call never hides another: it becomes a gap,
// and what it would have told is unknown.
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cairn.example/internal/model"
)

// Target is one account to read: the credentials' own, or the one whose role they assume.
type Target struct {
	Config     aws.Config
	Role       string // an ARN; "" reads the credentials' own account
	Account    string // its number where Role does not tell it and somebody knows
	ExternalID string // what the role's trust policy asks for, if anything
	// RegionGuessed tells that nobody configured the Region, so that it may be one of another partition's.
	RegionGuessed bool
}

// Options are what to read and how hard to try. Zero values take the defaults, but for the clock, which is wanted.
type Options struct {
	Facts    []*model.FactKind
	Now      func() time.Time
	Log      *slog.Logger       // of each attempt, at level debug
	Progress func(answered int) // called after each answer, from several goroutines; may be nil
	Settings
}

// ErrExpired is returned when the credentials expired: nothing read with them can be trusted to be whole.
var ErrExpired = errors.New("the AWS credentials have expired: sign in again (aws sso login --profile …) and run the command again")

// run is one collection under way.
type run struct {
	Options
	slots    chan struct{} // requests in flight, over all accounts
	counter  counter
	answered atomic.Int64
	facts    map[*model.FactKind]bool
	stop     context.CancelCauseFunc
	accounts []*account
	began    time.Time
}

// Collect reads the targets. Where there is one, not learning whose account it is ends the run; where
// there are several, that account has a gap.
func Collect(ctx context.Context, targets []Target, o Options) (*model.Snapshot, error) {
	asked := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newRun(o)
	r.stop = cancel
	for _, f := range model.Closure(o.Facts) {
		r.facts[f] = true
	}
	for _, t := range targets {
		r.accounts = append(r.accounts, r.account(t))
	}
	r.began = r.Now().UTC().Truncate(time.Second)
	r.each(func(a *account) { a.list(ctx) })
	r.each(func(a *account) { a.detail(ctx) })
	if err := asked.Err(); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(r.accounts) == 1 && r.accounts[0].failed != nil {
		return nil, r.accounts[0].failed
	}
	return r.snapshot()
}

func newRun(o Options) *run {
	o.Settings = o.withDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &run{Options: o, slots: make(chan struct{}, o.Concurrency), facts: map[*model.FactKind]bool{}}
}

// accountsAtOnce bounds the accounts under way; requests are bounded apart, by Settings.Concurrency.
const accountsAtOnce = 32

func (r *run) each(f func(*account)) {
	slots := make(chan struct{}, accountsAtOnce)
	var wg sync.WaitGroup
	for _, a := range r.accounts {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(a)
		})
	}
	wg.Wait()
}

// progress tells whoever waits that one more request has its answer.
func (r *run) progress() {
	if r.Progress != nil {
		r.Progress(int(r.answered.Add(1)))
	}
}

func (r *run) snapshot() (*model.Snapshot, error) {
	s := &model.Snapshot{Schema: model.SnapshotSchema, CollectedAt: r.Now().UTC().Truncate(time.Second)}
	if r.began.Before(s.CollectedAt) {
		s.Began = r.began
	}
	for _, a := range r.accounts {
		s.Accounts = append(s.Accounts, a.model())
	}
	slices.SortStableFunc(s.Accounts, func(a, b *model.Account) int { return strings.Compare(a.ID, b.ID) })
	for i := 1; i < len(s.Accounts); i++ {
		if s.Accounts[i].ID == s.Accounts[i-1].ID {
			return nil, fmt.Errorf("account %s is asked for twice: give one --role for each account", s.Accounts[i].ID)
		}
	}
	for _, a := range s.Accounts {
		s.Calls.Refused += len(a.Gaps)
	}
	s.Calls.Requests, s.Calls.ByOp = r.counter.totals()
	return s, nil
}
