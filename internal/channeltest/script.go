package channeltest

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// Now is when scripts tell what they tell: three minutes after [Stopped].
var Now = time.Date(2026, time.November, 22, 9, 44, 7, 0, time.UTC)

// Script tells a channel one notice of a finding after the other, as the worker does.
type Script struct {
	Channel notify.Channel
	Ref     string        // that the channel returned last
	Notice  notify.Notice // as it was tried last; what comes next goes on from it
	Now     time.Time
}

// Play begins a script with a channel to a far end.
func Play(t *testing.T, kind notify.Kind, far *Far) *Script {
	t.Helper()
	env := far.Env
	if !kind.AWS {
		env.AWS = aws.Config{} // nobody gives it one
	}
	channel, err := kind.New(far.Settings, env)
	if err != nil {
		t.Fatalf("make the channel: %v", err)
	}
	return &Script{Channel: channel, Now: Now, Notice: notify.Notice{Opened: stopped}}
}

// Try makes one attempt to tell how a finding stands. The end of [Stopped] is told as the store tells it, with what began.
func (s *Script) Try(ctx context.Context, f model.Finding, state notify.State) error {
	n := &s.Notice
	n.Finding, n.State, n.Changed, n.Resolved, n.Began = f, state, s.Now, time.Time{}, nil
	n.Version++
	if state == notify.Resolved {
		n.Resolved = s.Now
		if first := Stopped(); f.RealTime != nil && f.ID == first.ID {
			n.Began = &first
		}
	}
	ref, err := notify.Show(ctx, s.Channel, notify.Compose(*n, s.Now), s.Ref, Forget)
	s.Ref = ref
	if why := notify.FailureOf(err); err == nil || why.Failure == notify.Refused && why.Some {
		n.Before, n.Was = state, f.Severity
	}
	return err
}

// Tell tells how a finding stands to a far end that takes it.
func (s *Script) Tell(t *testing.T, f model.Finding, state notify.State) {
	t.Helper()
	if err := s.Try(t.Context(), f, state); err != nil {
		t.Fatalf("tell version %d: %v", s.Notice.Version, err)
	}
}

// Again has the far end know nothing of the finding as far as the script goes: what was kept of it is lost.
func (s *Script) Again() { s.Ref, s.Notice.Before, s.Notice.Was = "", "", 0 }
