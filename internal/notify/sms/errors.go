package sms

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// fates are what SNS's errors mean, and those of the signature that all of AWS has, without "Exception" at their end.
var fates = map[string]notify.Failure{
	"AuthorizationError": notify.Closed, "InvalidSecurity": notify.Closed, "InvalidClientTokenId": notify.Closed, "UnrecognizedClient": notify.Closed,
	"SignatureDoesNotMatch": notify.Closed, "IncompleteSignature": notify.Closed, "MissingAuthenticationToken": notify.Closed, "ExpiredToken": notify.Closed,
	"OptInRequired": notify.Closed, "InvalidAction": notify.Closed, "EndpointDisabled": notify.Closed,
	"OptedOut": notify.Refused, "InvalidParameter": notify.Refused, "ParameterValueInvalid": notify.Refused, "UserError": notify.Refused,
	"Validation": notify.Refused, "ValidationError": notify.Refused,
	"Throttled": notify.Later, "Throttling": notify.Later, "RequestLimitExceeded": notify.Later,
	"InternalError": notify.Later, "InternalFailure": notify.Later, "ServiceUnavailable": notify.Later,
}

// judge says what an error of a call means. Without an answer the message may have been sent, once the request was.
func judge(err error, what, number string, wrote bool) error {
	e := &notify.Error{Failure: notify.Later, Unsure: wrote}
	answer, status := "", 0
	// The SDK has such an error for connections without an answer too: its status is 0.
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok && r.HTTPStatusCode() != 0 {
		status = r.HTTPStatusCode()
		e.Unsure = status/100 == 5 || status/100 == 2
		answer = fmt.Sprintf("status %d", status)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Failure = fate(api.ErrorCode(), status)
		answer = api.ErrorCode() + " " + strings.ReplaceAll(notify.Cut(notify.Clean(api.ErrorMessage()), 200), number, masked(number))
	}
	if answer == "" {
		e.Err = fmt.Errorf("%s: %w", what, bare(err))
		return e
	}
	e.Err = fmt.Errorf("%s: %s%s", what, strings.TrimSpace(answer), hint(e.Failure, answer))
	return e
}

// fate is what a code means; one that is not known is judged by its status.
func fate(code string, status int) notify.Failure {
	code = strings.TrimSuffix(code, "Exception")
	if f, ok := fates[code]; ok {
		return f
	}
	switch {
	case model.Denied(code) || model.Denied(code+"Exception") || status == 401 || status == 403:
		return notify.Closed
	case status == 400 || status == 404:
		return notify.Refused
	}
	return notify.Later
}

// hint is what to do.
func hint(f notify.Failure, answer string) string {
	switch {
	case strings.HasPrefix(answer, "OptedOut"):
		return ": the phone answered STOP; opt it in again in the SNS console"
	case f == notify.Closed:
		return ": cairn needs valid credentials and sns:Publish on phone numbers"
	}
	return ""
}

// bare is an error without the SDK's sentences around it, which say again what was called.
func bare(err error) error {
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		err = op.Err
	}
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		err = r.Err
	}
	return err
}
