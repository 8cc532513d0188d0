package notify_test

import (
	"strings"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
)

// What another trail's start made good is over, though the event that the finding tells of knows nothing of that.
func TestEndedByAnother(t *testing.T) {
	f := channeltest.Stopped()
	n := notify.Notice{Finding: f, State: notify.Resolved, Before: notify.Open, Resolved: f.Cause.EventTime.Add(17*time.Minute + 40*time.Second)}
	m := notify.Compose(n, n.Resolved.Add(time.Hour))
	const want = "every management event in 17 Regions, for example ec2 RunInstances in us-east-1; not recorded from 2026-11-22 09:41:07 UTC on, for at most 17 m 40 s."
	if m.Blind != want {
		t.Errorf("it says %q, want %q", m.Blind, want)
	}
	if strings.Contains(m.Text(), "no trail records it;") || f.Cause.Lost[0].Until != nil {
		t.Errorf("the finding was changed, or is told as open: %s", m.Text())
	}
}
