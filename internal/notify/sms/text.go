package sms

import (
	"strings"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// How much of one part the names may take. The word, the account, the time and the id always have room beside them.
const (
	mostSubject = 64
	mostActor   = 32
	leastLoss   = 16 // a shorter piece says nothing
)

// compose says a finding in one part: EXTREME StopLogging on trail/org-trail 111122223333 by Admin/mallory 09:41Z: what
// it means. And the finding's id.
func compose(m notify.Message, now time.Time) string {
	out := m.Word() + " " + subject(m)
	end := " " + moment(m, now)
	id := ". " + m.Key
	if who := actor(m); who != "" {
		end = " by " + cut(gsm(who), mostActor) + end
	}
	out += end
	if room := onePart - septets(out) - septets(": "+id); room >= leastLoss {
		if loss := gsm(loss(m)); loss != "" {
			out += ": " + strings.TrimSuffix(cut(loss, room), ".")
		}
	}
	return out + id
}

// subject is what happened to what, and the account, which is not cut.
func subject(m notify.Message) string {
	f := m.Notice.Finding
	name, cutOff := strings.CutSuffix(m.Title, ", account "+f.Account)
	name = cut(gsm(strings.Replace(name, " ("+f.Region+")", "", 1)), mostSubject)
	if !cutOff {
		return name
	}
	return name + " " + cut(gsm(f.Account), len("111122223333"))
}

// actor is who did it, without what all roles have in common.
func actor(m notify.Message) string {
	f := m.Notice.About()
	if f.RealTime == nil {
		return ""
	}
	name := notify.Clean(model.ARNPart(f.Cause.Actor.ARN, arnResource))
	return strings.TrimPrefix(name, "assumed-role/")
}

// arnResource is the place of an ARN's last part.
const arnResource = 5

// moment is when it happened: 09:41Z, with the day where that is not today.
func moment(m notify.Message, now time.Time) string {
	at := m.At
	if m.Notice.Finding.RealTime == nil && m.State == notify.Resolved {
		at = m.Notice.Resolved
	}
	at, now = at.UTC(), now.UTC()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04Z")
	}
	return at.Format("2 Jan 15:04Z")
}

// loss is what is not recorded, or how long it was not; else what the finding means.
func loss(m notify.Message) string {
	f := m.Notice.About()
	switch {
	case f.RealTime == nil && m.State == notify.Resolved:
		return "was: " + notify.Clean(f.Message)
	case f.RealTime == nil:
		return notify.Clean(f.Message)
	case m.State == notify.Resolved && len(m.Notice.Finding.Cause.Regained) > 0:
		longest := int64(0)
		for _, l := range m.Notice.Finding.Cause.Regained {
			longest = max(longest, l.Seconds)
		}
		return "was blind for " + model.Span(time.Duration(longest)*time.Second)
	case m.State == notify.Resolved && len(f.Cause.Lost) > 0:
		return "was blind to " + notify.Clean(f.Cause.Lost[0].What)
	case len(f.Cause.Lost) > 0:
		return "blind to " + notify.Clean(f.Cause.Lost[0].What)
	case f.Cause.Outcome != model.OutcomeSuccess:
		return notify.Clean(f.Cause.Reason)
	}
	return notify.Clean(f.Means)
}
