package collect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/model"
)

func TestFailedCallsHideNoOthers(t *testing.T) {
	_, url := serve(t, small(),
		awsfake.Fault{Match: awsfake.Call{Op: "ListRegions"}, Action: awsfake.DenySCP()},
		awsfake.Fault{Match: awsfake.Call{Op: "DescribeRegions"}, Action: awsfake.Deny()},
		awsfake.Fault{Match: awsfake.Call{Op: "DescribeTrails", Region: "us-west-2"}, Action: awsfake.Throttle()},
		awsfake.Fault{Match: awsfake.Call{Op: "GetEventSelectors", Trail: "a"}, Action: awsfake.Drop()},
		awsfake.Fault{Match: awsfake.Call{Op: "GetTrailStatus", Trail: "b"}, Action: awsfake.Error("TrailNotFoundException", "Unknown trail")})
	a := read(t, url, options(quick, judged...))
	want := []string{
		"DescribeRegions us-east-1 UnauthorizedOperation", "DescribeTrails us-west-2 ThrottlingException",
		"GetEventSelectors eu-west-1 ConnectionError", "GetTrailStatus us-east-1 TrailNotFoundException", "ListRegions us-east-1 AccessDeniedException",
	}
	if diff := cmp.Diff(want, gapsOf(a)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	for _, g := range a.Gaps {
		if g.Account != number || g.Permission == "" || g.Why == "" {
			t.Errorf("the gap does not say everything: %+v", g)
		}
	}
	x, y := a.Trail(trailARN("eu-west-1", number, "a")), a.Trail(trailARN("us-east-1", number, "b"))
	if x == nil || y == nil {
		t.Fatalf("trails are missing: %v", a.Trails.Items)
	}
	if x.Selectors.Known() || !x.Logging.Known() || !y.Selectors.Known() || y.Logging.Known() {
		t.Error("a failed call took more with it than its own answer, or less")
	}
}

// Each call, throttled for ever: the run ends after the attempts that it may make, and the gap has AWS's own code.
func TestThrottledForEver(t *testing.T) {
	codes := map[string]string{"ListRegions": "TooManyRequestsException"}
	for _, op := range []string{"ListRegions", "DescribeTrails", "GetTrailStatus", "GetEventSelectors"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			server, url := serve(t, small().and(told{"ec2 describe-regions": told{"Regions": []any{told{"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"}}}}),
				awsfake.Fault{Match: awsfake.Call{Op: op, Region: "us-east-1"}, Action: awsfake.Throttle()})
			a := read(t, url, options(quick, judged...))
			code := codes[op]
			if code == "" {
				code = "ThrottlingException"
			}
			if !slices.Contains(gapsOf(a), op+" us-east-1 "+code) {
				t.Errorf("no gap says that it was throttled: %v", gapsOf(a))
			}
			asked := 0
			for _, c := range server.Calls() {
				if c.Op == op && c.Region == "us-east-1" {
					asked++
				}
			}
			if asked != quick.Attempts {
				t.Errorf("%d attempts, want %d", asked, quick.Attempts)
			}
		})
	}
}

// A Region whose retries ran dry leaves the others theirs, and what fails for want of retries says why the call failed.
func TestRetriesOfOneRegionAreItsOwn(t *testing.T) {
	var list []told
	for i := range 60 {
		list = append(list, trail(fmt.Sprint(trailARN("us-west-2", number, "t"), i), false))
	}
	other := trailARN("eu-west-1", number, "b")
	_, url := serve(t, small().and(trails(append(list, trail(other, false))...)),
		awsfake.Fault{Match: awsfake.Call{Op: "GetTrailStatus", Region: "us-west-2"}, Action: awsfake.Throttle()},
		awsfake.Fault{Match: awsfake.Call{Op: "GetTrailStatus", Region: "eu-west-1"}, First: 2, Action: awsfake.Throttle()})
	a := read(t, url, options(quick, judged...))
	if !a.Trail(other).Logging.Known() {
		t.Errorf("one Region's throttling cost another its retries: %v", a.Trail(other).Logging.Origin())
	}
	for _, g := range a.Gaps {
		if g.Code != "ThrottlingException" {
			t.Errorf("a throttled call says %s: %s", g.Code, g.Why)
		}
	}
	if len(a.Gaps) != 60 {
		t.Errorf("%d gaps", len(a.Gaps))
	}
}

// What comes once and passes leaves no trace but its attempts.
func TestPassingFaultsAreRetried(t *testing.T) {
	slow := quick
	slow.Timeout = 200 * time.Millisecond
	for _, fault := range []awsfake.Action{
		awsfake.Throttle(), awsfake.Truncate(), awsfake.Drop(), awsfake.Delay(2 * time.Second), awsfake.Status(http.StatusInternalServerError),
		awsfake.Status(http.StatusBadGateway),
	} {
		for _, op := range []string{"GetCallerIdentity", "ListRegions", "DescribeTrails", "GetTrailStatus", "GetEventSelectors"} {
			t.Run(op+" "+fault.String(), func(t *testing.T) {
				t.Parallel()
				server, url := serve(t, small(), awsfake.Fault{Match: awsfake.Call{Op: op, Region: "us-east-1"}, First: 1, Action: fault})
				a := read(t, url, options(slow, judged...))
				if len(a.Gaps) > 0 {
					t.Errorf("gaps: %v", a.Gaps)
				}
				n := 0
				for _, c := range server.Calls() {
					if c.Op == op && c.Region == "us-east-1" {
						n++
					}
				}
				if n != 2 {
					t.Errorf("%d attempts, want 2", n)
				}
			})
		}
	}
}

func TestExpiredCredentialsStopTheRun(t *testing.T) {
	for _, call := range []awsfake.Call{
		{Op: "AssumeRole"},
		{Op: "GetCallerIdentity"},
		{Op: "ListRegions"},
		{Op: "DescribeTrails", Region: "us-west-2"},
		{Op: "GetTrailStatus", Trail: "b"},
		{Op: "GetEventSelectors"},
	} {
		t.Run(call.Op, func(t *testing.T) {
			t.Parallel()
			_, url := serve(t, small(), awsfake.Fault{Match: call, Action: awsfake.Expired()})
			target := collect.Target{Config: config(t, url)}
			if call.Op == "AssumeRole" {
				target.Role = "arn:aws:iam::" + number + ":role/cairn"
			}
			s, err := collect.Collect(t.Context(), []collect.Target{target}, options(quick, judged...))
			if s != nil || !errors.Is(err, collect.ErrExpired) || !strings.Contains(err.Error(), call.Op) || !strings.Contains(err.Error(), "sign in again") {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
}

// The SDK's provider may fail in the middle, as when an SSO session ends: that is no gap of a call.
func TestCredentialsThatEndStopTheRun(t *testing.T) {
	for _, role := range []string{"", "arn:aws:iam::" + number + ":role/cairn"} {
		_, url := serve(t, small())
		cfg := config(t, url)
		var asked atomic.Int32
		good, limit := cfg.Credentials, int32(4)
		if role != "" {
			limit = 0 // the base signs AssumeRole alone
		}
		cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			if asked.Add(1) > limit {
				return aws.Credentials{}, errors.New("the SSO session has expired or is invalid")
			}
			return good.Retrieve(ctx)
		})
		s, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg, Role: role}}, options(quick, judged...))
		if s != nil || !errors.Is(err, collect.ErrExpired) || !strings.Contains(err.Error(), "SSO session") {
			t.Errorf("role %q: got %v, %v", role, s, err)
		}
	}
}

// Whose account it is cannot be learned: what else is asked of it is not waited for.
func TestNobodysAccountIsNotWaitedFor(t *testing.T) {
	patient := quick
	patient.Timeout = time.Minute
	_, url := serve(t, small(),
		awsfake.Fault{Match: awsfake.Call{Op: "ListRegions"}, Action: awsfake.Delay(time.Minute)},
		awsfake.Fault{Match: awsfake.Call{Op: "DescribeTrails"}, Action: awsfake.Delay(time.Minute)},
		awsfake.Fault{Match: awsfake.Call{Op: "GetCallerIdentity"}, Action: awsfake.Drop()})
	began := time.Now()
	_, err := collect.Collect(t.Context(), []collect.Target{{Config: config(t, url)}}, options(patient, judged...))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "GetCallerIdentity in us-east-1: ConnectionError: "+url+": ") || !strings.Contains(err.Error(), "unset AWS_ENDPOINT_URL") {
		t.Errorf("got %v", err)
	}
}

// Where nothing listens a second try is as vain as the first, and what says to ask there is named.
func TestNothingListens(t *testing.T) {
	nowhere := "http://" + closedPort(t)
	for _, role := range []string{"", "arn:aws:iam::222222222222:role/cairn"} {
		var log bytes.Buffer
		o := options(quick, judged...)
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		_, err := collect.Collect(t.Context(), []collect.Target{{Config: config(t, nowhere), Role: role}}, o)
		if err == nil || !strings.Contains(err.Error(), nowhere+": connection refused; check what listens there, or unset AWS_ENDPOINT_URL") {
			t.Errorf("got %v", err)
		}
		if n := strings.Count(log.String(), "op=GetCallerIdentity") + strings.Count(log.String(), "op=AssumeRole"); n != 1 {
			t.Errorf("asked %d times:\n%s", n, log.String())
		}
	}
}

// closedPort is where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// What the account's reader can do about it stands in the error, and the SDK's chain of words does not.
func TestUnreadAccountSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		region, want string
		fault        awsfake.Action
	}{
		{"", "set AWS_REGION", awsfake.UnrecognizedClient()},
		{"us-east-1", "InvalidClientTokenId: AWS does not know these credentials; sign in again", awsfake.UnrecognizedClient()},
		{"us-east-1", "AccessDenied by a service control policy", awsfake.DenySCP()},
	} {
		_, url := serve(t, small(), awsfake.Fault{Match: awsfake.Call{Op: "GetCallerIdentity"}, Action: c.fault})
		cfg := config(t, url)
		cfg.Region = c.region
		_, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(quick, judged...))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "RequestID") || strings.Contains(err.Error(), "operation error") {
			t.Errorf("Region %q: got %v, want %q", c.region, err, c.want)
		}
		if _, ok := errors.AsType[smithy.APIError](err); !ok {
			t.Errorf("Region %q: AWS's own error is lost", c.region)
		}
	}
}

// A token that is not valid in a Region says nothing about the Region.
func TestWrongTokenIsNotADisabledRegion(t *testing.T) {
	_, url := serve(t, small(), awsfake.Fault{Match: awsfake.Call{Service: "cloudtrail", Region: "us-west-2"}, Action: awsfake.UnrecognizedClient()})
	a := read(t, url, options(quick, judged...))
	if !slices.Contains(a.Regions.Items, "us-west-2") || len(a.Trails.Gaps) != 1 || a.Trails.Gaps[0].Region != "us-west-2" {
		t.Fatalf("Regions %v, gaps %v", a.Regions.Items, a.Trails.Gaps)
	}
	g := a.Trails.Gaps[0]
	if g.Code != "UnrecognizedClientException" || !strings.Contains(g.Why, "regional STS endpoint") || strings.Contains(g.Why, "disabled") {
		t.Errorf("the gap says %+v", g)
	}
}

// A Region whose state is of a new kind is not taken for a disabled one: the fallback is asked.
func TestUnknownRegionStatus(t *testing.T) {
	_, url := serve(t, small().and(told{
		"account list-regions": told{"Regions": []any{
			told{"RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}, told{"RegionName": "eu-west-1", "RegionOptStatus": "SUSPENDED"},
		}},
		"ec2 describe-regions": told{"Regions": []any{
			told{"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"},
			told{"RegionName": "eu-west-1", "OptInStatus": "opted-in"},
			told{"RegionName": "cn-north-1", "OptInStatus": "opted-in"},
		}},
	}))
	a := read(t, url, options(quick))
	if diff := cmp.Diff([]string{"eu-west-1", "us-east-1"}, a.Regions.Items); diff != "" || len(a.Gaps) != 1 || a.Gaps[0].AnsweredBy != "DescribeRegions" {
		t.Errorf("gaps %v, Regions (-want +got):\n%s", a.Gaps, diff)
	}
}

// Ctrl-C ends a run within a second, whatever it waits for, and the error is the context's.
func TestCancelEndsTheRun(t *testing.T) {
	starved, patient, queued := quick, quick, quick
	starved.Rate = 1e-3
	patient.MaxBackoff, patient.Timeout = time.Minute, time.Minute
	queued.Concurrency, queued.Timeout = 1, time.Minute
	late := awsfake.Fault{Action: awsfake.Delay(time.Minute)}
	for name, c := range map[string]struct {
		settings collect.Settings
		faults   []awsfake.Fault
		role     string
	}{
		"for a token":      {settings: starved},
		"for an answer":    {settings: patient, faults: []awsfake.Fault{late}},
		"for a slot":       {settings: queued, faults: []awsfake.Fault{late}},
		"between attempts": {settings: patient, faults: []awsfake.Fault{{Action: awsfake.Throttle()}}},
		"for a role":       {settings: patient, faults: []awsfake.Fault{late}, role: "arn:aws:iam::" + number + ":role/cairn"},
		"for a detail":     {settings: patient, faults: []awsfake.Fault{{Match: awsfake.Call{Op: "GetTrailStatus"}, Action: awsfake.Delay(time.Minute)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := serve(t, small(), c.faults...)
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("interrupt signal received")) })
			began := time.Now()
			s, err := collect.Collect(ctx, []collect.Target{{Config: config(t, url), Role: c.role}}, options(c.settings, judged...))
			if s != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", s, err)
			}
			if took := time.Since(began); took > 1100*time.Millisecond {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestOneAccountOfSeveralThatCannotBeRead(t *testing.T) {
	const other = "222222222222"
	doc := small().and(account(number, "aws", []string{"us-east-1"}))
	for key, v := range account(other, "aws", []string{"us-east-1"}) {
		doc[key+" --profile "+other] = v
	}
	delete(doc, "sts get-caller-identity --profile "+other)
	for name, fault := range map[string]awsfake.Fault{
		"AssumeRole":        {Match: awsfake.Call{Op: "AssumeRole", Role: "arn:aws:iam::" + other + ":role/cairn"}, Action: awsfake.Deny()},
		"GetCallerIdentity": {Match: awsfake.Call{Op: "GetCallerIdentity", Account: other}, Action: awsfake.EmptyObject()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := serve(t, doc, fault)
			role := func(id string) collect.Target {
				return collect.Target{Config: config(t, url), Role: "arn:aws:iam::" + id + ":role/cairn"}
			}
			if s, err := collect.Collect(t.Context(), []collect.Target{role(other)}, options(quick, judged...)); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("alone: got %v, %v", s, err)
			}
			s, err := collect.Collect(t.Context(), []collect.Target{role(other), role(number)}, options(quick, judged...))
			if err != nil {
				t.Fatal(err)
			}
			good, bad := s.Account(number), s.Account(other)
			if good.Unread() != nil || bad.Unread() == nil || bad.Unread().Call != name || len(bad.Trails.Items) > 0 {
				t.Errorf("gaps of the good account %v, of the other %v", good.Gaps, bad.Gaps)
			}
			if bad.Trails.Whole() || bad.Regions.Whole() || bad.Unseen(true).Tri != model.Unknown {
				t.Error("the account that was not read looks empty")
			}
		})
	}
}

func TestTheSameAccountTwice(t *testing.T) {
	_, url := serve(t, small())
	target := collect.Target{Config: config(t, url)}
	s, err := collect.Collect(t.Context(), []collect.Target{target, target}, options(quick))
	if err == nil || !strings.Contains(err.Error(), number) || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestExternalIDIsSent(t *testing.T) {
	role := "arn:aws:iam::" + number + ":role/cairn"
	_, url := serve(t, small().and(told{
		"sts assume-role --role-arn " + role:                               told{"error": "AccessDenied"},
		"sts assume-role --external-id the-secret-word --role-arn " + role: told{},
	}))
	for id, want := range map[string]bool{"": false, "another": false, "the-secret-word": true} {
		_, err := collect.Collect(t.Context(), []collect.Target{{Config: config(t, url), Role: role, ExternalID: id}}, options(quick))
		if (err == nil) != want {
			t.Errorf("with the external id %q: %v", id, err)
		}
	}
}
