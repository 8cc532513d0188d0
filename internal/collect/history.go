package collect

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"cairn.example/internal/model"
)

// LookupPermission is the IAM action that reading Event history needs, besides those of the facts.
const LookupPermission = "cloudtrail:LookupEvents"

// History asks for the Event history of one account. It is safe for concurrent use.
type History struct{ account *account }

// Histories are the targets' Event histories, in their order, with one bound on the requests in flight over all.
// The options' facts are not looked at.
func Histories(targets []Target, o Options) []*History {
	r := newRun(o)
	var out []*History
	for _, t := range targets {
		out = append(out, &History{r.account(t)})
	}
	return out
}

// LookupEvents asks a Region for a page of the events of one source since a time, the newest first. The body is AWS's
// own JSON. It makes one attempt: each one counts against the two requests a second that an account has in a Region,
// so whoever keeps to them decides on the next. An error is a [*LookupError], unless the context ended.
func (h *History) LookupEvents(ctx context.Context, region, source string, from time.Time, token string) (body []byte, next string, err error) {
	if h.account.target.Role != "" { // first, or a role that cannot be assumed would look like a refusal in each Region
		if _, err := h.account.target.Config.Credentials.Retrieve(ctx); err != nil {
			return nil, "", h.failed(ctx, err, model.Gap{Call: "AssumeRole", Resource: h.account.target.Role, Permission: "sts:AssumeRole"})
		}
	}
	in := &cloudtrail.LookupEventsInput{
		StartTime: &from,
		LookupAttributes: []types.LookupAttribute{
			{AttributeKey: types.LookupAttributeKeyEventSource, AttributeValue: &source},
		},
	}
	if token != "" {
		in.NextToken = &token
	}
	out, err := h.account.in(region).trails.LookupEvents(ctx, in, func(o *cloudtrail.Options) {
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(slices.Clip(o.APIOptions), keepBody(func(raw []byte) { body = raw }))
	})
	if err == nil && out.Events == nil { // [] is empty, nothing is not
		err = lacks("Events")
	}
	if err != nil {
		return nil, "", h.failed(ctx, err, model.Gap{Call: "LookupEvents", Region: region, Permission: LookupPermission})
	}
	return body, aws.ToString(out.NextToken), nil
}

// failed words a failed call. One that failed for want of credentials is the account's failure, and no Region's.
func (h *History) failed(ctx context.Context, err error, g model.Gap) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.Account, g.Code, g.Why = h.account.number, errorCode(err), why(err)
	if _, gone := errors.AsType[*baseError](err); gone || slices.Contains(expiredCodes, g.Code) {
		g.Region, g.Why = "", g.Code+": "+ErrExpired.Error()
		err = errors.Join(err, ErrExpired)
	}
	return &LookupError{g, h.account.run.retryer().IsErrorRetryable(err), err}
}

// LookupError is why a question to Event history has no answer.
type LookupError struct {
	Gap       model.Gap
	temporary bool
	err       error
}

// Error is the failure as one line.
func (e *LookupError) Error() string { return e.Gap.String() }

// Unwrap gives the SDK's own error.
func (e *LookupError) Unwrap() error { return e.err }

// Call is the API operation that failed: LookupEvents, or AssumeRole.
func (e *LookupError) Call() string { return e.Gap.Call }

// Region is where it failed, or "" if it would everywhere.
func (e *LookupError) Region() string { return e.Gap.Region }

// Code is AWS's error code, or ours for a failure without one.
func (e *LookupError) Code() string { return e.Gap.Code }

// Permission is the IAM action that the call needs.
func (e *LookupError) Permission() string { return e.Gap.Permission }

// Temporary tells a failure that may pass by itself within seconds, such as throttling.
func (e *LookupError) Temporary() bool { return e.temporary }
