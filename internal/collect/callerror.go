package collect

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cairn.example/internal/model"
)

// CallError is why a call of a [History], a [Queue] or [Buckets] has no answer.
type CallError struct {
	Gap       model.Gap
	temporary bool
	denied    bool
	err       error
}

// Error is the failure as one line.
func (e *CallError) Error() string { return e.Gap.String() }

// Unwrap gives the SDK's own error.
func (e *CallError) Unwrap() error { return e.err }

// Call is the API operation that failed: LookupEvents, AssumeRole, GetObject.
func (e *CallError) Call() string { return e.Gap.Call }

// Region is where it failed, or "" if it would everywhere.
func (e *CallError) Region() string { return e.Gap.Region }

// Code is AWS's error code, or ours for a failure without one.
func (e *CallError) Code() string { return e.Gap.Code }

// Permission is the IAM action that the call needs.
func (e *CallError) Permission() string { return e.Gap.Permission }

// Temporary tells a failure that may pass by itself within seconds, such as throttling.
func (e *CallError) Temporary() bool { return e.temporary }

// Denied tells a failure for want of credentials, of a permission or of a key: what was asked for is not at fault.
func (e *CallError) Denied() bool { return e.denied }

// assume asks for the role's credentials, if there is one: first, or a role that cannot be assumed would look like a
// refusal of each call, in each Region.
func (a *account) assume(ctx context.Context) error {
	if a.target.Role == "" {
		return nil
	}
	if _, err := a.target.Config.Credentials.Retrieve(ctx); err != nil {
		return a.callFailed(ctx, err, model.Gap{Call: "AssumeRole", Resource: a.target.Role, Permission: "sts:AssumeRole"})
	}
	return nil
}

// callFailed words a failed call. One that failed for want of credentials is the account's failure, and no Region's.
func (a *account) callFailed(ctx context.Context, err error, g model.Gap) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.Account, g.Code, g.Why = a.number, errorCode(err), why(err)
	if lacking := lackedAction.FindStringSubmatch(err.Error()); lacking != nil && model.Denied(g.Code) {
		g.Permission = lacking[1]
	}
	if slices.Contains(absentCodes, g.Code) {
		g.Permission = "" // who looks for one looks in the wrong place
	}
	if _, gone := errors.AsType[*baseError](err); gone || slices.Contains(expiredCodes, g.Code) {
		g.Region, g.Why = "", g.Code+": "+ErrExpired.Error()
		err = errors.Join(err, ErrExpired)
	}
	// The certificate is not the fault of what was asked for, which would else be given up.
	temporary := a.run.retryer().IsErrorRetryable(err) || mistrusted(err) == aws.FalseTernary
	return &CallError{g, temporary, deniedCall(err, g.Code), err}
}

// absentCodes say that there is no such bucket or queue.
var absentCodes = []string{"NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}

// lackedAction is the action that AWS names when it refuses: for an encrypted object it is the key's.
var lackedAction = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)`)

// elsewhereCodes are those of S3 for a bucket of another Region, when it does not say which.
var elsewhereCodes = []string{"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}

// archivedCode is the one answer with status 403 that tells of an object: it is in Glacier.
const archivedCode = "InvalidObjectState"

func deniedCall(err error, code string) bool {
	if errors.Is(err, ErrExpired) || model.Denied(code) || slices.Contains(wrongTokenCodes, code) || slices.Contains(elsewhereCodes, code) {
		return true
	}
	if _, insecure := errors.AsType[*insecureError](err); insecure {
		return true
	}
	if strings.HasPrefix(strings.ToUpper(code), "KMS") { // S3 and SQS hand on why a key cannot be used
		return true
	}
	return status(err) == http.StatusForbidden && code != archivedCode
}
