package detect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cairn.example/internal/coverage"
	"cairn.example/internal/event"
	"cairn.example/internal/model"
)

// record is a decoded record, read by dotted paths.
type record struct{ tree *event.Object }

// at is the value of a path; an array on the way is entered at its first element that leads on, and so is the JSON of an
// object in a string, as some logs have the parameters.
func (r record) at(path string) any { return lookup(r.tree, strings.Split(path, ".")) }

func lookup(v any, path []string) any {
	if len(path) == 0 {
		return v
	}
	switch v := v.(type) {
	case *event.Object:
		if next, ok := v.Lookup(path[0]); ok {
			return lookup(next, path[1:])
		}
	case []any:
		for _, e := range v {
			if found := lookup(e, path); found != nil {
				return found
			}
		}
	case string:
		if !strings.HasPrefix(v, "{") {
			return nil
		}
		if inner, err := event.Parse([]byte(v)); err == nil {
			return lookup(inner.Tree(), path)
		}
	}
	return nil
}

// text is the value of a path, where it is a string.
func (r record) text(path string) string {
	s, _ := r.at(path).(string)
	return s
}

// one is the value of a path, where it is a string or a list of one.
func (r record) one(path string) string {
	if list, ok := r.at(path).([]any); ok && len(list) == 1 {
		s, _ := list[0].(string)
		return s
	}
	return r.text(path)
}

// newCause is what a record says of the event, before anything is known of the account.
func newCause(rec *event.Record, r record) model.Cause {
	at, _ := rec.EventTime() // a record without one is refused before
	c := model.Cause{
		EventID: r.text("eventID"), EventTime: at, EventSource: r.text("eventSource"), EventName: r.text("eventName"),
		Account: accountOf(r), Region: r.text("awsRegion"), ErrorCode: r.text("errorCode"), Outcome: outcomeOf(r),
		SourceIP: r.text("sourceIPAddress"), UserAgent: r.text("userAgent"), Actor: actorOf(r),
		Changes: []model.Edit{}, Lost: []model.Loss{}, Regained: []model.Loss{}, Verdicts: []model.Flip{}, Unknown: []string{},
	}
	c.Origin, c.OriginFrom = originOf(r)
	return c
}

// accountOf is the account that received the record: records before version 1.02 do not say, and then it is the
// caller's.
func accountOf(r record) string {
	if id := r.text("recipientAccountId"); id != "" {
		return id
	}
	return r.text("userIdentity.accountId")
}

// outcomeOf tells a refusal from another error. Sign-in failures have an errorMessage without an errorCode.
func outcomeOf(r record) model.Outcome {
	code, message := r.text("errorCode"), r.text("errorMessage")
	switch {
	case code == "" && message == "", strings.EqualFold(code, "success"):
		return model.OutcomeSuccess
	case refused(code), strings.Contains(message, "not authorized to perform"):
		return model.OutcomeDenied
	}
	return model.OutcomeFailed
}

// refused tells the error codes for a missing permission, as services spell them: Client.UnauthorizedOperation is
// Amazon EC2's, VpceAccessDenied a VPC endpoint's policy.
func refused(code string) bool {
	code = strings.TrimPrefix(strings.TrimPrefix(code, "Client."), "Vpce")
	return model.Denied(code) || strings.HasPrefix(code, "AccessDenied") || strings.HasPrefix(code, "Unauthorized") || code == "NotAuthorized"
}

func actorOf(r record) model.Actor {
	a := model.Actor{
		Type: r.text("userIdentity.type"), ARN: r.text("userIdentity.arn"), AccessKeyID: r.text("userIdentity.accessKeyId"),
		Issuer: r.text("userIdentity.sessionContext.sessionIssuer.arn"), Account: r.text("userIdentity.accountId"),
	}
	if a.Type == "" && r.text("userIdentity.invokedBy") != "" {
		a.Type = "AWSService"
	}
	if a.ARN == "" { // a service calls without an identity
		a.ARN = r.text("userIdentity.invokedBy")
	}
	if kind, session, ok := cutLast(a.ARN, "/"); ok && strings.Contains(kind, ":assumed-role/") {
		a.Session = session
	}
	return a
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// The origins of a call.
const (
	originConsole = "console"
	originCLI     = "CLI"
	originSDK     = "SDK"
	originService = "AWS service"
	originUnknown = "unknown"
)

// agents tell a call's origin by how its userAgent begins.
var agents = []struct{ prefix, origin string }{
	{"console.amazonaws.com", originConsole},
	{"console.", originConsole},
	{"signin.amazonaws.com", originConsole},
	{"[S3Console", originConsole},
	{"S3Console", originConsole},
	{"Mozilla/", originConsole},
	{"AWSCloudTrail, aws-internal", originConsole},
	{"aws-cli/", originCLI},
	{"[aws-cli/", originCLI},
	{"AWSPowerShell", originCLI},
	{"aws-shell", originCLI},
	{"aws-sdk-", originSDK},
	{"[aws-sdk-", originSDK},
	{"Boto3/", originSDK},
	{"[Boto3/", originSDK},
	{"Botocore/", originSDK},
	{"APN/", originSDK},
	{"Terraform", originSDK},
	{"HashiCorp", originSDK},
	{"AWS Internal", originService},
	{"aws-internal/", originService},
}

// originOf is how the call was made, and the field that says so. A console session's calls carry
// sessionCredentialFromConsole since eventVersion 1.08; a user agent is what the caller says of itself.
func originOf(r record) (origin, from string) {
	const agentField = "userAgent"
	if r.text("sessionCredentialFromConsole") == "true" {
		return originConsole, "sessionCredentialFromConsole"
	}
	if r.text("userIdentity.type") == "AWSService" {
		return originService, "userIdentity.type"
	}
	if r.text("userIdentity.invokedBy") != "" {
		return originService, "userIdentity.invokedBy"
	}
	if r.text("eventType") == "AwsServiceEvent" {
		return originService, "eventType"
	}
	agent := r.text(agentField)
	for _, a := range agents {
		if strings.HasPrefix(strings.ToLower(agent), strings.ToLower(a.prefix)) {
			return a.origin, agentField
		}
	}
	if strings.HasSuffix(agent, ".amazonaws.com") {
		return originService, agentField
	}
	return originUnknown, agentField
}

// call is the record as the twin applies it.
func call(rec *event.Record, c model.Cause) model.ControlCall {
	found := ofCall.Project(rec, nil)
	written := func(i int) json.RawMessage { return slices.Concat(found[i]...) } // a copy
	return model.ControlCall{
		Service: c.EventSource, Op: c.EventName, Account: c.Account, Region: c.Region, ID: c.EventID, At: c.EventTime,
		Request: written(0), Response: written(1), ReadOnly: string(written(2)) == "true", Category: string(rec.EventCategory()),
	}
}

// ofCall is what a call's record holds besides its cause.
var ofCall = event.NewProjection("requestParameters", "responseElements", "readOnly")

// In the messages of calls that were refused or met nothing: "... is not authorized to perform: cloudtrail:UpdateTrail
// on resource: ARN because ...", "Unknown trail: ARN for the user: 111122223333".
var named = regexp.MustCompile(`(?:on resource: |Unknown trail: )(arn:[^\s,"]+)`)

// of is the resource that an event is about: what the first of the fields says, else what the message of a refused
// call names, else the account.
func (res resource) of(r record, c model.Cause) model.Ref {
	if res.Kind == "" {
		return model.Ref{Kind: model.AccountKind, ID: c.Account}
	}
	for _, path := range res.From {
		if id := r.one(path); id != "" {
			return model.Ref{Kind: res.Kind, ID: res.full(id, c)}
		}
	}
	if m := named.FindStringSubmatch(r.text("errorMessage")); m != nil && (!strings.HasSuffix(m[1], "*") || strings.HasSuffix(m[1], ":*")) {
		return model.Ref{Kind: res.Kind, ID: res.full(m[1], c)}
	}
	return model.Ref{Kind: model.AccountKind, ID: c.Account}
}

// full is the one name of a resource that events call by several: a trail and a key by their ARN, a bucket, a log group
// and a role by their name. A trail's name stands for one of the caller's account and Region.
func (res resource) full(id string, c model.Cause) string {
	arn := "arn:" + partitionOf(c) + ":%s:" + c.Region + ":" + c.Account + ":"
	complete := partitionOf(c) != "" && c.Account != "" && !strings.HasPrefix(id, "arn:")
	switch res.Kind {
	case model.TrailKind:
		if complete {
			return fmt.Sprintf(arn, "cloudtrail") + "trail/" + id
		}
	case "AWS::KMS::Key":
		if complete && keyID.MatchString(id) {
			return fmt.Sprintf(arn, "kms") + "key/" + id
		}
	case "AWS::S3::Bucket":
		_, bucket, _ := cutLast(id, ":")
		bucket, _, _ = strings.Cut(cmp.Or(bucket, id), "/")
		return bucket
	case logGroupKind:
		if _, group, ok := strings.Cut(id, ":log-group:"); ok {
			id, _, _ = strings.Cut(group, ":")
		}
		return id
	case roleKind:
		_, role, _ := cutLast(id, "/")
		return cmp.Or(role, id)
	}
	return id
}

var keyID = regexp.MustCompile(`^(mrk-)?[0-9a-f-]{32,36}$`)

// partitionOf is the partition of the Region, or of the caller where the Region is not known.
func partitionOf(c model.Cause) string {
	return cmp.Or(coverage.PartitionOf(c.Region), model.ARNPartition(c.Actor.ARN))
}
