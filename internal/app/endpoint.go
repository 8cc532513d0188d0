package app

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// roleEndpoint sends the requests that fetch a profile's role where AWS_ENDPOINT_URL or the profile's endpoint_url
// says. The SDK builds that client before it looks at either, and would ask AWS itself.
type roleEndpoint struct {
	base *url.URL // nil until the configuration is read, and where none is set
}

// set takes the endpoint that the configuration came to.
func (e *roleEndpoint) set(base *string) error {
	if base == nil {
		return nil
	}
	u, err := url.Parse(*base)
	if err != nil || u.Host == "" {
		return fmt.Errorf("endpoint %q: want a URL such as https://aws.example", *base)
	}
	e.base = u
	return nil
}

// option is the SDK's way in. A client with an endpoint of its own (AWS_ENDPOINT_URL_STS) keeps it.
func (e *roleEndpoint) option(s *middleware.Stack) error {
	if _, signs := s.Finalize.Get("Signing"); !signs {
		return nil
	}
	move := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		req, ok := in.Request.(*smithyhttp.Request)
		if ok && e.base != nil && awsmiddleware.GetServiceID(ctx) == "STS" && strings.Contains(req.URL.Host, ".amazonaws.com") {
			req.URL.Scheme, req.URL.Host = e.base.Scheme, e.base.Host
			req.URL.Path = path.Join("/", e.base.Path, req.URL.Path)
			req.Host = e.base.Host
		}
		return next.HandleFinalize(ctx, in)
	}
	return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("cairn.RoleEndpoint", move), "Signing", middleware.Before)
}
