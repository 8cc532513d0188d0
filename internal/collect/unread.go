package collect

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// unreadError is why nothing can be said of an account, and what to do about it. The SDK's own chain of words, which
// Unwrap gives, tells a person neither.
type unreadError struct {
	call, region string
	guessed      bool // nobody configured the Region
	err          error
}

func (e *unreadError) Error() string {
	said := e.call + " in " + e.region + ": "
	switch code := errorCode(e.err); {
	case slices.Contains(wrongTokenCodes, code):
		said += code + ": AWS does not know these credentials"
		if e.guessed {
			return said + "; no Region is configured, and accounts of AWS GovCloud and China are asked elsewhere: set AWS_REGION, to us-gov-west-1 or cn-north-1"
		}
		return said + "; sign in again, or check that the access key is active and of this partition"
	case code == codeConnection, code == codeTimeout:
		advice := "check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"
		if _, setting := elsewhere(e.err); setting != "" {
			advice = "check what listens there, or unset " + setting
		}
		return said + why(e.err) + "; " + advice
	}
	return said + why(e.err)
}

// elsewhere tells where a request that did not get through was sent and which setting says so, when that is not AWS's
// own endpoint: a proxy, or an endpoint of the user's.
func elsewhere(err error) (at, setting string) {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		if dial, ok := errors.AsType[*net.OpError](op.Err); ok && dial.Addr != nil {
			return "the proxy " + dial.Addr.String(), "HTTPS_PROXY"
		}
		return "the proxy", "HTTPS_PROXY"
	}
	sent, ok := errors.AsType[*url.Error](err)
	if !ok {
		return "", ""
	}
	to, bad := url.Parse(sent.URL)
	if bad != nil || strings.Contains(to.Host, ".amazonaws.com") {
		return "", ""
	}
	return to.Scheme + "://" + to.Host, "AWS_ENDPOINT_URL (endpoint_url in a profile)"
}

func (e *unreadError) Unwrap() error { return e.err }

// base are the credentials that a run was given. They were good when it began, so one that cannot be had any more,
// such as those of an SSO session that ended, is the end of the run and no gap of a call.
type base struct{ aws.CredentialsProvider }

func (b *base) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := b.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		return c, &baseError{err}
	}
	return c, err
}

type baseError struct{ err error }

func (e *baseError) Error() string { return e.err.Error() }

func (e *baseError) Unwrap() error { return e.err }
