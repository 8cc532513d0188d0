package awsfake_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go"

	"cairn.example/internal/awsfake"
)

type commonError struct {
	action awsfake.Action
	code   string
}

// commonErrors are the errors that every service spells for itself.
func commonErrors(denied, throttled, expired, unrecognized string) []commonError {
	return []commonError{
		{awsfake.Deny(), denied},
		{awsfake.DenySCP(), denied},
		{awsfake.Throttle(), throttled},
		{awsfake.Expired(), expired},
		{awsfake.UnrecognizedClient(), unrecognized},
		{awsfake.Error("Whatever", "we like"), "Whatever"},
	}
}

func TestErrorsAsEachServiceSpellsThem(t *testing.T) {
	s, cfg := start(t, world)
	trails, regions := cloudtrail.NewFromConfig(cfg), account.NewFromConfig(cfg)
	for service, c := range map[string]struct {
		ask    func() error
		errors []commonError
	}{
		"cloudtrail": {
			func() error {
				_, err := trails.DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{})
				return err
			},
			commonErrors("AccessDeniedException", "ThrottlingException", "ExpiredTokenException", "UnrecognizedClientException"),
		},
		"account": {
			func() error {
				_, err := regions.ListRegions(t.Context(), &account.ListRegionsInput{})
				return err
			},
			commonErrors("AccessDeniedException", "TooManyRequestsException", "ExpiredTokenException", "UnrecognizedClientException"),
		},
		"sts": {
			func() error { _, err := identity(t.Context(), cfg); return err },
			commonErrors("AccessDenied", "Throttling", "ExpiredToken", "InvalidClientTokenId"),
		},
	} {
		for _, e := range c.errors {
			t.Run(service+" "+e.action.String(), func(t *testing.T) {
				s.Inject(awsfake.Fault{Match: awsfake.Call{Service: service}, First: 1, Action: e.action})
				wantCode(t, c.ask(), e.code)
				if err := c.ask(); err != nil {
					t.Errorf("after the fault: %v", err)
				}
			})
		}
	}
}

func TestDenySCPSaysSo(t *testing.T) {
	s, cfg := start(t, world)
	s.Inject(awsfake.Fault{Action: awsfake.DenySCP()})
	_, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{})
	want := "User: arn:aws:iam::111122223333:user/audit is not authorized to perform: cloudtrail:DescribeTrails with an explicit deny in a service control policy"
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorMessage() != want {
		t.Errorf("got %v", err)
	}
}

// What the SDK makes of broken answers: an error, or success with nothing in it.
func TestBrokenAnswers(t *testing.T) {
	for _, c := range []struct {
		action awsfake.Action
		list   string // what DescribeTrails gives: nil, or the start of an error
		caller string // what GetCallerIdentity gives
	}{
		{awsfake.Truncate(), "error", "error"},
		{awsfake.Drop(), "error", "error"},
		{awsfake.Status(500), "error", "error"},
		{awsfake.Empty(), "nil", ""},
		{awsfake.EmptyObject(), "nil", ""},
		{awsfake.Null(), "nil", ""},
		{awsfake.NullLists(), "nil", "111122223333"},
		{awsfake.Page(1), "list", "111122223333"},
	} {
		t.Run(c.action.String(), func(t *testing.T) {
			s, cfg := start(t, world)
			s.Inject(awsfake.Fault{Action: c.action})
			list := "list"
			out, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{})
			if err != nil {
				list = "error"
			} else if out.TrailList == nil {
				list = "nil"
			}
			if list != c.list {
				t.Errorf("DescribeTrails: %s, %v; want %s", list, err, c.list)
			}
			caller, err := identity(t.Context(), cfg)
			if err != nil {
				caller = "error"
			}
			if caller != c.caller {
				t.Errorf("GetCallerIdentity: %q, %v; want %q", caller, err, c.caller)
			}
		})
	}
}

func TestTruncateCutsTheBody(t *testing.T) {
	s, cfg := start(t, world)
	s.Inject(awsfake.Fault{Action: awsfake.Truncate()})
	_, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{})
	if !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("got %v; want an answer cut short", err)
	}
}

func TestFaultsMatch(t *testing.T) {
	arn := "arn:aws:cloudtrail:us-east-1:111122223333:trail/t"
	call := awsfake.Call{Service: "cloudtrail", Op: "GetTrailStatus", Region: "us-east-1", Account: "111122223333", Trail: arn}
	for name, c := range map[string]struct {
		edit func(*awsfake.Call)
		hits bool
	}{
		"itself":          {func(*awsfake.Call) {}, true},
		"anything":        {func(c *awsfake.Call) { *c = awsfake.Call{} }, true},
		"the trail":       {func(c *awsfake.Call) { *c = awsfake.Call{Trail: "t"} }, true},
		"another trail":   {func(c *awsfake.Call) { c.Trail = "u" }, false},
		"another service": {func(c *awsfake.Call) { c.Service = "sts" }, false},
		"another call":    {func(c *awsfake.Call) { c.Op = "GetTrail" }, false},
		"another Region":  {func(c *awsfake.Call) { c.Region = "eu-west-1" }, false},
		"another account": {func(c *awsfake.Call) { c.Account = "444455556666" }, false},
		"another role":    {func(c *awsfake.Call) { c.Role = "r" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, match := serve(t, world), call
			c.edit(&match)
			s.Inject(awsfake.Fault{Match: match, Action: awsfake.Deny()})
			got := ask(t, s, "cloudtrail get-trail-status --name "+arn)
			if denied := strings.Contains(got, "AccessDenied"); denied != c.hits {
				t.Errorf("denied: %v; %s", denied, got)
			}
		})
	}
}

// A fault that answers instead of the fixture leaves nothing untold.
func TestFaultAnswersForTheFixture(t *testing.T) {
	s := serve(t, `{}`)
	s.Inject(awsfake.Fault{Match: awsfake.Call{Op: "ListTrails"}, Action: awsfake.Deny()})
	s.Inject(awsfake.Fault{Match: awsfake.Call{Op: "DescribeTrails"}, Action: awsfake.Status(500)})
	for _, line := range []string{"cloudtrail list-trails", "cloudtrail describe-trails", "account list-regions"} {
		ask(t, s, line)
	}
	if got := s.NotTold(); len(got) != 1 || got[0].Op != "ListRegions" {
		t.Errorf("got %v; want ListRegions alone", got)
	}
}

// A delayed answer ends with its request, and stop does not wait for it.
func TestDelayEndsWithTheRequest(t *testing.T) {
	s, cfg := start(t, world)
	s.Inject(awsfake.Fault{Action: awsfake.Delay(time.Hour)})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := identity(ctx, cfg); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestStopEndsWaitingRequests(t *testing.T) {
	s := serve(t, world)
	s.Latency = time.Hour
	url, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	_, cfg := start(t, world)
	cfg.BaseEndpoint = aws.String(url)
	failed := make(chan error)
	go func() { _, err := identity(t.Context(), cfg); failed <- err }()
	for len(s.Calls()) == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	stop()
	if err := <-failed; err == nil {
		t.Error("an answer from a server that was stopped")
	}
}

func TestConcurrentRequests(t *testing.T) {
	s := serve(t, world)
	s.Inject(awsfake.Fault{First: 10, Action: awsfake.Throttle()})
	var wg sync.WaitGroup
	var mu sync.Mutex
	throttled := 0
	for range 50 {
		wg.Go(func() {
			got := ask(t, s, "cloudtrail describe-trails")
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(got, "ThrottlingException") {
				throttled++
			}
		})
	}
	wg.Wait()
	if len(s.Calls()) != 50 || throttled != 10 {
		t.Errorf("%d calls, %d throttled; want 50 and 10", len(s.Calls()), throttled)
	}
}
