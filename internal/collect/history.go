package collect

import (
	"context"
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

// Archive gives the Event histories of accounts, with one bound on the requests in flight over all of them, also over those
// that are found later. It is safe for concurrent use.
type Archive struct{ run *run }

// NewArchive makes an archive. The options' facts are not looked at.
func NewArchive(o Options) *Archive { return &Archive{newRun(o)} }

// Of is a target's Event history.
func (a *Archive) Of(t Target) *History { return &History{a.run.account(t)} }

// LookupEvents asks a Region for a page of the events of one source since a time, the newest first. The body is AWS's
// own JSON. It makes one attempt: each one counts against the two requests a second that an account has in a Region,
// so whoever keeps to them decides on the next. An error is a [*CallError], unless the context ended.
func (h *History) LookupEvents(ctx context.Context, region, source string, from time.Time, token string) (body []byte, next string, err error) {
	if err := h.account.assume(ctx); err != nil {
		return nil, "", err
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
		return nil, "", h.account.callFailed(ctx, err, model.Gap{Call: "LookupEvents", Region: region, Permission: LookupPermission})
	}
	return body, aws.ToString(out.NextToken), nil
}
