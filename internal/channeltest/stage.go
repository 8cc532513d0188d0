package channeltest

import (
	"context"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// stage is a channel and its far end.
type stage struct {
	*Script
	kind notify.Kind
	far  *Far
}

func newStage(t *testing.T, kind notify.Kind, far *Far) *stage {
	t.Helper()
	return &stage{Play(t, kind, far), kind, far}
}

// ended is when the end is told.
var ended = started.Add(time.Minute)

// show shows a finding and gives what the far end shows then.
func (s *stage) show(t *testing.T, f model.Finding, state notify.State) []Shown {
	t.Helper()
	if s.Now = Now; state == notify.Resolved {
		s.Now = ended
	}
	s.Notice.Count++
	s.Tell(t, f, state)
	return s.far.Shown()
}

// life opens a finding, makes it worse, resolves it and opens it again.
func (s *stage) life(t *testing.T) {
	t.Helper()
	first := Stopped()
	first.Severity = model.High
	shown := s.show(t, first, notify.Open)
	one(t, shown)
	says(t, shown[0], "StopLogging on trail/org-trail", "111122223333", first.ID)
	if s.full() {
		says(t, shown[0], "HIGH", "every management event in 17 Regions", "mallory", "203.0.113.7", first.Fix)
	}
	open(t, shown[0], true)

	shown = s.show(t, Stopped(), notify.Open)
	last := shown[len(shown)-1]
	says(t, last, "EXTREME", first.ID)
	if s.kind.Keyed || s.kind.Edits {
		one(t, shown)
	}

	shown = s.show(t, Started(), notify.Resolved)
	last = shown[len(shown)-1]
	says(t, last, first.ID)
	open(t, last, false)
	if s.kind.Keyed || s.kind.Edits {
		one(t, shown)
	}
	if s.full() {
		says(t, last, "17 m 37 s", "mallory", "StartLogging")
	}

	shown = s.show(t, Stopped(), notify.Open)
	last = shown[len(shown)-1]
	says(t, last, "StopLogging", first.ID)
	open(t, last, true)
}

// ended tells of a finding that was over before anybody heard of it.
func (s *stage) ended(t *testing.T) {
	t.Helper()
	shown := s.show(t, Started(), notify.Resolved)
	one(t, shown)
	open(t, shown[0], false)
	says(t, shown[0], "org-trail", Started().ID)
	if s.full() {
		says(t, shown[0], "StopLogging", "17 m 37 s", "mallory", "StartLogging")
	}
}

func (s *stage) posture(t *testing.T) {
	t.Helper()
	f := Posture()
	shown := s.show(t, f, notify.Open)
	one(t, shown)
	says(t, shown[0], "CT-001", "legacy", f.ID)
	if s.full() {
		says(t, shown[0], f.Message, f.Fix)
	}
	shown = s.show(t, f, notify.Resolved)
	open(t, shown[len(shown)-1], false)
}

// crash shows the same twice, the second time without what the first returned.
func (s *stage) crash(t *testing.T) {
	t.Helper()
	f := Stopped()
	s.show(t, f, notify.Open)
	s.Again()
	s.Notice.Version = 0
	shown := s.show(t, f, notify.Open)
	if s.kind.Keyed {
		one(t, shown)
		return
	}
	for _, m := range shown {
		says(t, m, f.ID)
	}
}

// crashes tells of a finding that was over before anybody heard of it, and dies after each step before the ref is kept.
func (s *stage) crashes(t *testing.T) {
	t.Helper()
	n := notify.Notice{Finding: Started(), State: notify.Resolved, Version: 2, Count: 2, Opened: Now.Add(-3 * time.Minute), Changed: ended, Resolved: ended}
	ref := ""
	for steps := 1; ; steps++ {
		var next string
		var err error
		for range 2 {
			if next, err = s.Channel.Show(t.Context(), notify.Compose(n, ended), ref); err != nil && notify.FailureOf(err).Failure != notify.More {
				t.Fatalf("step %d: %v", steps, err)
			}
		}
		if ref = next; err == nil {
			break
		}
	}
	shown := s.far.Shown()
	if s.kind.Keyed {
		one(t, shown)
	}
	for _, m := range shown {
		open(t, m, false)
	}
}

// Forget keeps no ref between the steps of a message, for [notify.Show].
func Forget(string) error { return nil }

// trial is what cairn notify test sends.
func (s *stage) trial(t *testing.T) {
	t.Helper()
	n := notify.Notice{Finding: Stopped(), State: notify.Open, Version: 1, Count: 1, Opened: Now, Changed: Now, Test: true}
	if _, err := notify.Show(t.Context(), s.Channel, notify.Compose(n, Now), "", Forget); err != nil {
		t.Fatal(err)
	}
	shown := s.far.Shown()
	one(t, shown)
	says(t, shown[0], "TEST")
}

// huge shows names and lists that nobody bounded.
func (s *stage) huge(t *testing.T) {
	t.Helper()
	f := Stopped()
	f.Message = strings.Repeat("a long name, ", 5_000)
	f.Fix = strings.Repeat("aws cloudtrail start-logging --name "+strings.Repeat("ü", 700)+"\n", 40)
	f.Means = strings.Repeat("Überlang. ", 20_000)
	f.Cause.Actor.ARN = "arn:aws:sts::111122223333:assumed-role/" + strings.Repeat("x", 5_000)
	f.Cause.Lost[0].What = strings.Repeat("every event ", 3_000)
	shown := s.show(t, f, notify.Open)
	says(t, shown[0], f.ID)
}

// hostile shows names that mean something somewhere. The far end's own double fails the test where it sees that they do.
func (s *stage) hostile(t *testing.T) {
	t.Helper()
	for _, name := range Hostile {
		f := Stopped()
		f.Message = "StopLogging on " + name + ". Lost: all."
		f.Resource.ID = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/" + name
		f.Cause.Actor.ARN, f.Cause.Actor.Session = "arn:aws:sts::111122223333:assumed-role/Admin/"+name, name
		f.Cause.UserAgent, f.Cause.SourceIP, f.Cause.Origin = name, name, "unknown"
		f.Cause.Lost[0].What, f.Fix = name, "aws cloudtrail start-logging --name '"+name+"'"
		f.ID = model.FindingID(f.Account, f.Rule, f.Resource)
		s.Again()
		shown := s.show(t, f, notify.Open)
		says(t, shown[len(shown)-1], f.ID)
		s.show(t, f, notify.Resolved)
	}
}

// fault meets a far end that fails once, and one that works again.
func (s *stage) fault(t *testing.T, fault Fault, wants notify.Failure) {
	t.Helper()
	if !s.far.Break(fault) {
		t.Skip("this far end has no such answer")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := s.Try(ctx, Stopped(), notify.Open)
	if err == nil {
		t.Fatal("no error")
	}
	got := notify.FailureOf(err)
	if got.Failure != wants {
		t.Errorf("the failure is %q, want %q: %v", got.Failure, wants, err)
	}
	if fault == Throttled && !s.far.Silent && got.After != 7*time.Second {
		t.Errorf("it is to be left alone for %s, want 7 s", got.After)
	}
	if fault == Slow && !got.Unsure {
		t.Error("a message without an answer may have arrived, and nothing says so")
	}
	for _, secret := range s.far.Secrets {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
	shown := s.show(t, Stopped(), notify.Open)
	says(t, shown[len(shown)-1], Stopped().ID)
	if s.kind.Keyed {
		one(t, shown)
	}
}

// full tells whether a far end takes all five parts.
func (s *stage) full() bool { return s.kind.Name != "sms" }
