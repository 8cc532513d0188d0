package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"cairn.example/internal/model"
)

// Codes of failures that have none of AWS's own.
const (
	codeTimeout    = "Timeout"
	codeConnection = "ConnectionError"
	codeBadAnswer  = "BadAnswer"   // an answer that is not what the API's model says
	codeEmpty      = "EmptyAnswer" // an answer that lacks what was asked for
	codeChanged    = "ChangedWhileRead"
	codeFailed     = "Failed"
)

// incomplete is an answer that came without an error and without what was asked for.
type incomplete struct{ text string }

func (e *incomplete) Error() string { return e.text }

func lacks(what string) error { return &incomplete{"the answer has no " + what} }

func errorCode(err error) string {
	if err == nil {
		return ""
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if _, ok := errors.AsType[*incomplete](err); ok {
		return codeEmpty
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return codeBadAnswer
	}
	if errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) {
		return codeTimeout
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return codeConnection
	}
	return codeFailed
}

var (
	expiredCodes = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	// wrongTokenCodes: a token of the global STS endpoint is not valid in an opt-in Region
	// (IAM User Guide, "Managing AWS STS in an AWS Region").
	wrongTokenCodes = []string{"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "InvalidAccessKeyId"}
	// changedCodes: between the list and the question the trail went, or was never this account's to ask about.
	changedCodes = []string{"TrailNotFoundException"}
)

// why says in a clause what came back.
func why(err error) string {
	code := errorCode(err)
	message := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		message = api.ErrorMessage()
	}
	switch {
	case model.Denied(code):
		return code + deniedBy(message)
	case slices.Contains(wrongTokenCodes, code):
		return code + ": the credentials' token is not valid in this Region; take it from a regional STS endpoint (AWS_STS_REGIONAL_ENDPOINTS=regional)"
	case slices.Contains(changedCodes, code):
		return code + ": the trail changed while being read, or may not be asked about from here"
	case code == codeConnection:
		if at, _ := elsewhere(err); at != "" {
			return code + ": " + at + ": " + innermost(err).Error()
		}
		return code + ": " + innermost(err).Error()
	case code == codeTimeout, code == codeFailed, code == codeEmpty:
		return code + ": " + innermost(err).Error()
	case code == codeBadAnswer:
		return code + ": the answer could not be read"
	case message != "":
		return code + ": " + message
	}
	return code
}

// deniedBy tells who refused, where AWS's message says so.
func deniedBy(message string) string {
	for _, by := range []struct{ phrase, words string }{
		{"service control policy", " by a service control policy"},
		{"resource control policy", " by a resource control policy"},
		{"permissions boundary", " by a permissions boundary"},
		{"session policy", " by a session policy"},
		{"VPC endpoint policy", " by a VPC endpoint policy"},
	} {
		if strings.Contains(message, by.phrase) && strings.Contains(message, "explicit deny") {
			return by.words
		}
	}
	return ""
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// gap makes a failed call a gap. It stops the run when there are no credentials any more, and where they would have
// travelled in the clear.
func (a *account) gap(err error, call, region, resource string) model.Gap {
	code := errorCode(err)
	if slices.Contains(expiredCodes, code) {
		a.run.stop(fmt.Errorf("%s in %s: %s: %w", call, region, code, ErrExpired))
	}
	if gone, ok := errors.AsType[*baseError](err); ok {
		a.run.stop(fmt.Errorf("%s in %s: %w: %w", call, region, innermost(gone), ErrExpired))
	}
	if bad, ok := errors.AsType[*insecureError](err); ok {
		a.run.stop(bad)
	}
	return model.Gap{
		Call: call, Region: region, Resource: resource, Code: code,
		Permission: model.PermissionFor(call), Why: why(err),
	}
}

// note records a gap of the account.
func (a *account) note(g model.Gap) model.Gap {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gaps = append(a.gaps, g)
	return g
}
