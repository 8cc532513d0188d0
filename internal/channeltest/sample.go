package channeltest

import (
	"time"

	"cairn.example/internal/model"
)

const (
	account = "111122223333"
	trail   = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org-trail"
)

var (
	stopped = time.Date(2026, time.November, 22, 9, 41, 7, 0, time.UTC)
	started = time.Date(2026, time.November, 22, 9, 58, 44, 0, time.UTC)
)

// Stopped is the finding of a trail that was stopped: nothing is recorded any more.
func Stopped() model.Finding {
	f := base()
	f.Severity, f.Label = model.Extreme, model.Extreme.Label()
	f.Message = "StopLogging on trail/org-trail (eu-west-1). Lost: every management event in 17 Regions."
	f.Fix = "aws cloudtrail start-logging --region eu-west-1 --name " + trail
	f.RealTime = &model.RealTime{
		Kind: "real-time", Declared: model.Low, Reason: "no trail records any more: every management event; CT-001 fails now",
		Means: "The trail records nothing until it is started again.", Count: 1,
		Cause: cause("4a705624-0000-4000-8000-000000000001", "StopLogging", stopped, "assumed-role/Admin/mallory", "203.0.113.7", "CLI"),
	}
	f.Cause.Lost = []model.Loss{{
		Accounts: []string{account}, What: "every management event in 17 Regions", Witness: "ec2 RunInstances in us-east-1", Since: stopped, By: f.Cause.EventID,
	}}
	return f
}

// Started is the same finding when the trail was started again.
func Started() model.Finding {
	f := base()
	f.Severity, f.Label = model.Medium, model.Medium.Label()
	f.Message = "StartLogging on trail/org-trail (eu-west-1)."
	f.RealTime = &model.RealTime{
		Kind: "real-time", Declared: model.Low, Reason: "it ends a gap of 17 m 37 s", Means: "The trail records from now on.", Count: 2,
		Cause: cause("4a705624-0000-4000-8000-000000000002", "StartLogging", started, "assumed-role/BreakGlass/alice", "198.51.100.20", "console"),
	}
	until := started
	f.Cause.Regained = []model.Loss{{
		Accounts: []string{account}, What: "every management event in 17 Regions", Since: stopped, Until: &until, Seconds: int64(started.Sub(stopped) / time.Second),
	}}
	return f
}

// Posture is a finding of an audit.
func Posture() model.Finding {
	r := model.Ref{Kind: model.TrailKind, ID: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/legacy"}
	id := model.FindingID(account, "CT-001", r)
	return model.Finding{
		ID: id, Rule: "CT-001", Title: "CloudTrail Enabled", Status: model.StatusFail, Severity: model.High, Label: model.High.Label(),
		Account: account, Region: "eu-west-1", Resource: r, Message: "It records eu-west-1 only, and is not logging.",
		Notes: []string{}, Evidence: []model.Evidence{}, Controls: []model.Control{}, Page: "cairn rules CT-001", Fix: "cairn fix " + id,
	}
}

func base() model.Finding {
	r := model.Ref{Kind: model.TrailKind, ID: trail}
	return model.Finding{
		ID: model.FindingID(account, "CT-013", r), Rule: "CT-013", Title: "AWS CloudTrail Configuration Changes", Status: model.StatusFail,
		Account: account, Region: "eu-west-1", Resource: r, Notes: []string{}, Evidence: []model.Evidence{}, Controls: []model.Control{}, Page: "cairn detections CT-013",
	}
}

func cause(id, name string, at time.Time, who, from, origin string) *model.Cause {
	return &model.Cause{
		EventID: id, EventTime: at, EventSource: "cloudtrail.amazonaws.com", EventName: name, Account: account, Region: "eu-west-1", Outcome: model.OutcomeSuccess,
		Severity: model.Low, Actor: model.Actor{Type: "AssumedRole", ARN: "arn:aws:sts::" + account + ":" + who, Account: account}, SourceIP: from, UserAgent: "aws-cli/2.17.32",
		Origin: origin, OriginFrom: "userAgent", Changes: []model.Edit{}, Lost: []model.Loss{}, Regained: []model.Loss{}, Verdicts: []model.Flip{}, Unknown: []string{},
	}
}
