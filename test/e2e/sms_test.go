//go:build e2e

package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	keys "github.com/aws/aws-sdk-go-v2/credentials"

	"cairn.example/internal/channeltest"
	channels "cairn.example/internal/notify"
	"cairn.example/internal/notify/sms"
)

// TestSMSArrives: what the channel sends is an SMS to somebody else's SNS too, and a refusal is what AWS says it is.
func TestSMSArrives(t *testing.T) {
	reset(t, parseWorld(t, ""))
	const number = "+4915112345678"
	now := time.Date(2026, time.November, 22, 9, 44, 7, 0, time.UTC)
	channel := phone(t, number, now)
	m := channels.Compose(channels.Notice{Finding: channeltest.Stopped(), State: channels.Open, Opened: now}, now)
	if ref, err := channel.Show(t.Context(), m, ""); err != nil || ref != "" {
		t.Fatalf("ref %q: %v", ref, err)
	}
	sent := phones(t)
	if len(sent) != 1 || sent[0].Number != number || !strings.HasPrefix(sent[0].Text, "EXTREME StopLogging on trail/org-trail 111122223333 by Admin/mallory 09:41Z") {
		t.Errorf("the phones got %+v", sent)
	}

	_, err := phone(t, "nobody", now).Show(t.Context(), m, "")
	if got := channels.FailureOf(err); got.Failure != channels.Refused || !strings.Contains(err.Error(), "InvalidParameter") {
		t.Errorf("a number that is none: %q, %v", got.Failure, err)
	}
	reset(t, parseWorld(t, "deny sns Publish"))
	_, err = channel.Show(t.Context(), m, "")
	if got := channels.FailureOf(err); got.Failure != channels.Closed || got.Unsure || !strings.Contains(err.Error(), "sns:Publish") {
		t.Errorf("without the permission: %q, %v", got.Failure, err)
	}
	if sent := phones(t); len(sent) != 0 {
		t.Errorf("the phones got %+v", sent)
	}
}

func phone(t *testing.T, number string, now time.Time) channels.Channel {
	t.Helper()
	channel, err := sms.Kind.New(channels.Settings{"to": {number}, "senderId": {"cairn"}, "maxPrice": {"0.50"}}, channels.Env{
		Now: func() time.Time { return now },
		AWS: aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String(world.url), HTTPClient: http.DefaultClient,
			Credentials: keys.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "nobody", ""),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

type short struct {
	Number string `json:"phone_number"`
	Text   string `json:"message"`
}

// phones are the messages that moto would have sent. While others change what moto holds it may fail to list it.
func phones(t *testing.T) []short {
	t.Helper()
	var data struct {
		SNS struct {
			SMS []short `json:"SMS"`
		} `json:"sns"`
	}
	for try := 0; ; try++ {
		res, err := http.Get(world.moto + "/moto-api/data.json")
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(res.Body).Decode(&data)
		_ = res.Body.Close()
		if err == nil {
			return data.SNS.SMS
		}
		if try == 9 {
			t.Fatalf("what moto holds: %s: %v", res.Status, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
