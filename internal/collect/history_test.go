package collect_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/model"
)

// past is an Event history of two sources, an hour before the tests' time and before that.
func past() told {
	return account(number, "aws", []string{"eu-west-1"}).and(told{"cloudtrail lookup-events": told{"Events": []any{
		told{"EventId": "c", "EventSource": "iam.amazonaws.com", "EventTime": "2026-11-25T11:30:00Z", "CloudTrailEvent": `{"eventID":"c"}`},
		told{"EventId": "b", "EventSource": "iam.amazonaws.com", "EventTime": "2026-11-25T11:00:00Z", "CloudTrailEvent": `{"eventID":"b"}`, "NewMember": "kept"},
		told{"EventId": "a", "EventSource": "iam.amazonaws.com", "EventTime": "2026-11-25T09:00:00Z"},
		told{"EventId": "t", "EventSource": "cloudtrail.amazonaws.com", "EventTime": "2026-11-25T11:00:00Z"},
	}}})
}

// asking is the Event history of one account, behind a role or not.
func asking(t *testing.T, url, role string) *collect.History {
	t.Helper()
	return collect.NewArchive(options(quick)).Of(collect.Target{Config: config(t, url), Role: role})
}

func TestHistoryGivesPagesAsTheyCame(t *testing.T) {
	_, url := serve(t, past(), awsfake.Fault{Match: awsfake.Call{Op: "LookupEvents"}, Action: awsfake.Page(1)})
	h := asking(t, url, "")
	var bodies []string
	for token := ""; len(bodies) == 0 || token != ""; {
		body, next, err := h.LookupEvents(t.Context(), "eu-west-1", "iam.amazonaws.com", at.Add(-2*time.Hour), token)
		if err != nil {
			t.Fatal(err)
		}
		bodies, token = append(bodies, string(body)), next
	}
	want := []string{
		`{"Events":[{"CloudTrailEvent":"{\"eventID\":\"c\"}","EventId":"c","EventSource":"iam.amazonaws.com","EventTime":1795606200}],"NextToken":"awsfake-1"}`,
		`{"Events":[{"CloudTrailEvent":"{\"eventID\":\"b\"}","EventId":"b","EventSource":"iam.amazonaws.com","EventTime":1795604400,"NewMember":"kept"}]}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// One question is one request, whatever comes back, and the error says what can be done.
func TestHistoryFailsOnce(t *testing.T) {
	const role = "arn:aws:iam::" + number + ":role/cairn"
	type failure struct {
		Call, Region, Code, Permission string
		Temporary, Expired             bool
	}
	lookup := func(code string, temporary bool) failure {
		return failure{"LookupEvents", "eu-west-1", code, collect.LookupPermission, temporary, false}
	}
	for name, c := range map[string]struct {
		op     string
		action awsfake.Action
		want   failure
	}{
		"denied":        {"LookupEvents", awsfake.DenySCP(), lookup("AccessDeniedException", false)},
		"disabled":      {"LookupEvents", awsfake.UnrecognizedClient(), lookup("UnrecognizedClientException", false)},
		"throttled":     {"LookupEvents", awsfake.Throttle(), lookup("ThrottlingException", true)},
		"dropped":       {"LookupEvents", awsfake.Drop(), lookup("ConnectionError", true)},
		"cut":           {"LookupEvents", awsfake.Truncate(), lookup("BadAnswer", true)},
		"no gateway":    {"LookupEvents", awsfake.Status(http.StatusBadGateway), lookup("BadAnswer", true)},
		"empty":         {"LookupEvents", awsfake.EmptyObject(), lookup("EmptyAnswer", false)},
		"null":          {"LookupEvents", awsfake.NullLists(), lookup("EmptyAnswer", false)},
		"bad token":     {"LookupEvents", awsfake.Error("InvalidNextTokenException", ""), lookup("InvalidNextTokenException", false)},
		"expired":       {"LookupEvents", awsfake.Expired(), failure{"LookupEvents", "", "ExpiredTokenException", collect.LookupPermission, false, true}},
		"no such role":  {"AssumeRole", awsfake.Deny(), failure{"AssumeRole", "", "AccessDenied", "sts:AssumeRole", false, false}},
		"role throttle": {"AssumeRole", awsfake.Throttle(), failure{"AssumeRole", "", "Throttling", "sts:AssumeRole", true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := serve(t, past(), awsfake.Fault{Match: awsfake.Call{Op: c.op}, Action: c.action})
			_, _, err := asking(t, url, role).LookupEvents(t.Context(), "eu-west-1", "iam.amazonaws.com", at.Add(-time.Hour), "")
			got, ok := errors.AsType[*collect.CallError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			said := failure{got.Call(), got.Region(), got.Code(), got.Permission(), got.Temporary(), errors.Is(err, collect.ErrExpired)}
			if diff := cmp.Diff(c.want, said); diff != "" || got.Gap.Account != number || !strings.HasPrefix(err.Error(), c.op) {
				t.Errorf("%v of %s (-want +got):\n%s", err, got.Gap.Account, diff)
			}
			if n := ops(server.Calls())["LookupEvents"]; n > 1 {
				t.Errorf("%d requests for one question", n)
			}
		})
	}
}

// Who interrupts is told so, and not that AWS failed.
func TestHistoryIsInterrupted(t *testing.T) {
	_, url := serve(t, past(), awsfake.Fault{Action: awsfake.Delay(time.Minute)})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(20*time.Millisecond, func() { cancel(enough) })
	_, _, err := asking(t, url, "").LookupEvents(ctx, "eu-west-1", "iam.amazonaws.com", at, "")
	if !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// A history that is made while another is asked waits for the same slots: accounts are found one after the other.
func TestHistoriesOfAnArchiveShareItsBound(t *testing.T) {
	server, url := serve(t, past(), awsfake.Fault{Action: awsfake.Delay(time.Minute)})
	narrow := quick
	narrow.Concurrency, narrow.Timeout = 1, time.Minute
	archive := collect.NewArchive(options(narrow))
	look := func(ctx context.Context) error {
		_, _, err := archive.Of(collect.Target{Config: config(t, url)}).LookupEvents(ctx, "eu-west-1", "iam.amazonaws.com", at, "")
		return err
	}
	first, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- look(first) }()
	for len(server.Calls()) == 0 {
		time.Sleep(time.Millisecond)
	}
	second, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if err := look(second); !errors.Is(err, context.DeadlineExceeded) || len(server.Calls()) != 1 {
		t.Errorf("%d requests in flight where 1 may be, and %v", len(server.Calls()), err)
	}
	end()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
}

func TestHistoryGoesInTheClearToThisMachineOnly(t *testing.T) {
	_, _, err := asking(t, "http://192.0.2.1:4566", "").LookupEvents(t.Context(), "eu-west-1", "iam.amazonaws.com", at, "")
	if err == nil || !strings.Contains(err.Error(), "--insecure-endpoint") {
		t.Errorf("got %v", err)
	}
}

func TestPolicyTakesMore(t *testing.T) {
	text, err := collect.Policy("json", []*model.FactKind{model.TrailStatus}, collect.LookupPermission)
	if err != nil || strings.Count(text, `"cloudtrail:`) != 3 || !strings.Contains(text, `"cloudtrail:LookupEvents"`) {
		t.Errorf("%v in\n%s", err, text)
	}
}
