package collect

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// A call that is throttled for ever ends within ten seconds: the longest back-offs there can be, added up. The first
// wait has attempt number 0 or 1, whichever the SDK's loop begins with.
func TestBackoffIsBounded(t *testing.T) {
	for _, env := range []string{"", "true"} {
		t.Setenv("AWS_NEW_RETRIES_2026", env)
		r := &run{Options: Options{Settings: Settings{}.withDefaults()}}
		retryer := r.retryer()
		throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
		if n := retryer.MaxAttempts(); n != 5 {
			t.Errorf("%d attempts", n)
		}
		var sum time.Duration
		for attempt := 1; attempt < retryer.MaxAttempts(); attempt++ {
			var longest time.Duration
			for range 200 {
				for _, n := range []int{attempt - 1, attempt} {
					d, err := retryer.RetryDelay(n, throttled)
					if err != nil {
						t.Fatal(err)
					}
					longest = max(longest, d)
				}
			}
			sum += longest
		}
		if limit := time.Duration(retryer.MaxAttempts()-1) * r.MaxBackoff; sum > limit || limit >= 10*time.Second {
			t.Errorf("back-offs add up to %s, the most should be %s", sum, limit)
		}
	}
}

func TestBucketHoldsOneSecondsWorth(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := &bucket{rate: 10, clock: func() time.Time { return now }}
	for _, step := range []struct {
		after  time.Duration
		tokens int
		waits  []time.Duration
	}{
		{0, 10, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},
		{200 * time.Millisecond, 0, []time.Duration{100 * time.Millisecond}},
		{time.Hour, 10, []time.Duration{100 * time.Millisecond}}, // an hour of rest saves no more than a second's
	} {
		now = now.Add(step.after)
		for i := range step.tokens {
			if d := b.delay(); d > 0 {
				t.Errorf("after %s: token %d waits %s", step.after, i, d)
			}
		}
		for _, want := range step.waits {
			if d := b.delay(); d != want {
				t.Errorf("after %s: waits %s, want %s", step.after, d, want)
			}
		}
	}
}

func TestClientsShareNoRetryer(t *testing.T) {
	r := &run{Options: Options{Settings: Settings{}.withDefaults()}}
	a := r.account(Target{Config: aws.Config{Region: "us-east-1"}})
	b := r.account(Target{Config: aws.Config{Region: "us-east-1"}})
	seen := map[aws.Retryer]bool{}
	for _, c := range []client{a.in("us-east-1"), a.in("eu-west-1"), b.in("us-east-1")} {
		seen[c.trails.Options().Retryer] = true
		seen[c.config.Retryer()] = true // as the client of another service makes it
	}
	if len(seen) != 6 {
		t.Errorf("%d retryers for six clients", len(seen))
	}
	if first := a.in("us-east-1").trails; first != a.in("us-east-1").trails {
		t.Error("a Region's client is made anew for each call, and its retryer with it")
	}
}
