package awsfake

import (
	"net/http"
	"strings"
)

// dialect is how one service spells the errors that all of them have.
type dialect struct{ denied, throttled, expired, unrecognized failure }

// dialectOf follows each service's "Common errors" page in its API reference.
func dialectOf(service string) dialect {
	switch service {
	case "sts":
		return dialect{
			denied:       failure{code: "AccessDenied"},
			throttled:    failure{code: "Throttling", message: "Rate exceeded"},
			expired:      failure{code: "ExpiredToken", message: expiredMessage, status: http.StatusForbidden},
			unrecognized: failure{code: "InvalidClientTokenId", message: unrecognizedMessage, status: http.StatusForbidden},
		}
	case "ec2":
		return dialect{
			denied:       failure{code: "UnauthorizedOperation"},
			throttled:    failure{code: "RequestLimitExceeded", message: "Request limit exceeded."},
			expired:      failure{code: "RequestExpired", message: "Request has expired."},
			unrecognized: failure{code: "AuthFailure", message: "AWS was not able to validate the provided access credentials", status: http.StatusUnauthorized},
		}
	case "account":
		d := jsonDialect()
		d.throttled = failure{code: "TooManyRequestsException", message: "Rate exceeded"}
		return d
	}
	return jsonDialect()
}

const (
	expiredMessage      = "The security token included in the request is expired"
	unrecognizedMessage = "The security token included in the request is invalid."
)

func jsonDialect() dialect {
	return dialect{
		denied:       failure{code: "AccessDeniedException"},
		throttled:    failure{code: "ThrottlingException", message: "Rate exceeded"},
		expired:      failure{code: "ExpiredTokenException", message: expiredMessage},
		unrecognized: failure{code: "UnrecognizedClientException", message: unrecognizedMessage},
	}
}

// httpStatus is the one that AWS sends with the code. awsJson services answer 400
// to whatever is the client's fault; the others tell the kinds apart.
func (f *failure) httpStatus(form protocol) int {
	switch {
	case f.status != 0:
		return f.status
	case f.code == notTold:
		return http.StatusNotImplemented
	case strings.HasPrefix(f.code, "Internal"):
		return http.StatusInternalServerError
	case f.code == "RequestLimitExceeded" || strings.HasPrefix(f.code, "ServiceUnavailable"):
		return http.StatusServiceUnavailable
	case form == awsJSON:
		return http.StatusBadRequest
	case f.code == "TooManyRequestsException":
		return http.StatusTooManyRequests
	case f.refusal() || strings.HasPrefix(f.code, "Expired") || f.code == "UnrecognizedClientException":
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// refusal reports whether the code means that a policy forbids the call.
func (f *failure) refusal() bool {
	return strings.HasPrefix(f.code, "AccessDenied") || f.code == "UnauthorizedOperation"
}
