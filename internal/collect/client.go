package collect

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// attempt stands around each try of each call: it waits for a token and a slot, counts, bounds the time
// and refuses an endpoint that would send signed requests in the clear.
type attempt struct {
	run *run

	mu      sync.Mutex
	buckets map[string]*bucket // by operation; of one account and Region
}

// ID names the middleware.
func (*attempt) ID() string { return "cairn.Attempt" }

// HandleFinalize runs inside the retry loop, so once for each attempt, when the endpoint is known.
func (m *attempt) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	op := awsmiddleware.GetOperationName(ctx)
	if err := m.run.allowed(in.Request); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	if err := m.wait(ctx, op); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	defer func() { <-m.run.slots }()
	m.run.counter.add(op)
	limited, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(m.run.limit(op), func() { cancel(errTimeout) })
	began := m.run.Now()
	out, meta, err := next.HandleFinalize(limited, in)
	late.Stop()
	if err == nil || status(err) > 0 {
		m.run.progress()
	}
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = fmt.Errorf("%w (%s)", errTimeout, m.run.limit(op))
	}
	if object, ok := out.Result.(*s3.GetObjectOutput); ok && err == nil {
		object.Body = &stream{object.Body, limited, cancel, late, m.run.Timeout} // which comes only now
	} else {
		cancel(nil)
	}
	m.run.Log.DebugContext(ctx, "call", "service", awsmiddleware.GetServiceID(ctx), "op", op, "region", awsmiddleware.GetRegion(ctx),
		"took", m.run.Now().Sub(began), "code", errorCode(err))
	return out, meta, err
}

// wait takes a token, then a slot: who waits for a token must not keep others from asking elsewhere.
func (m *attempt) wait(ctx context.Context, op string) error {
	pause := time.NewTimer(m.bucket(op).delay())
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case m.run.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (m *attempt) bucket(op string) *bucket {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.buckets[op]
	if !ok {
		b = &bucket{rate: m.run.Rate, clock: m.run.Now}
		m.buckets[op] = b
	}
	return b
}

var errTimeout = errors.New("no answer in time")

// allowed refuses an endpoint that is neither https nor on this machine.
func (r *run) allowed(request any) error {
	if r.Insecure {
		return nil
	}
	return secure(request)
}

func secure(request any) error {
	req, ok := request.(*smithyhttp.Request)
	if !ok || req.URL.Scheme == "https" {
		return nil
	}
	if ip := net.ParseIP(req.URL.Hostname()); req.URL.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return &insecureError{req.URL.Scheme + "://" + req.URL.Host}
}

// RefuseInsecure is an API option for clients that are not this package's own, such as those that fetch a profile's
// credentials: it refuses to send a request in the clear to another machine. A client that does not sign, as that
// of a container's credentials, is left alone.
func RefuseInsecure(s *middleware.Stack) error {
	if _, signs := s.Finalize.Get("Signing"); !signs {
		return nil
	}
	refuse := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if err := secure(in.Request); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleFinalize(ctx, in)
	}
	return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("cairn.RefuseInsecure", refuse), "Signing", middleware.Before)
}

type insecureError struct{ endpoint string }

func (e *insecureError) Error() string {
	return fmt.Sprintf("endpoint %s is neither https nor on this machine, so credentials would travel in the clear: allow it with --insecure-endpoint", e.endpoint)
}

// client is what every service client of one account and Region shares. A service client has its own retryer, so
// the one of CloudTrail, which asks more than once, is kept.
type client struct {
	config aws.Config
	trails *cloudtrail.Client
}

// clientFor prepares one (account, Region): a retryer for each service, since a shared one runs dry, and its own
// buckets.
func (r *run) clientFor(cfg aws.Config, region string) client {
	m := &attempt{run: r, buckets: map[string]*bucket{}}
	cfg = cfg.Copy()
	cfg.Region = region
	cfg.RetryMaxAttempts, cfg.RetryMode = 0, ""
	cfg.Retryer = func() aws.Retryer { return r.retryer() }
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(s *middleware.Stack) error {
		return s.Finalize.Insert(m, "Signing", middleware.Before)
	})
	return client{cfg, cloudtrail.NewFromConfig(cfg)}
}

func (r *run) retryer(before ...retry.IsErrorRetryable) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = r.Attempts
		o.MaxBackoff = r.MaxBackoff
		o.Backoff = retry.NewExponentialJitterBackoff(r.MaxBackoff)
		ours := []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(mistrusted), retry.IsErrorRetryableFunc(cutShort)}
		o.Retryables = slices.Concat(before, ours, o.Retryables)
	})
}

// first are the options of an account's first call, which asks who is asking. Where nothing listens there is no second
// one: a wrong endpoint or proxy is as wrong a moment later, and somebody waits to be told.
func (r *run) first(o *sts.Options) {
	o.Retryer = r.retryer(retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return aws.FalseTernary
		}
		return aws.UnknownTernary
	}))
}

// cutShort counts a late answer and one that ends before it is complete as worth another try. The SDK
// itself would not: it takes a half document for a broken one, and a deadline for the caller's wish.
func cutShort(err error) aws.Ternary {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok && !refused(err) {
		return aws.TrueTernary
	}
	if errors.Is(err, errTimeout) || errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// mistrusted counts a certificate that is not trusted as worth no other try: it would be the same the next time.
func mistrusted(err error) aws.Ternary {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// refused tells an error page that is no AWS error, such as a proxy's 404: it would be the same the next time.
// A 500 is tried again by the SDK itself.
func refused(err error) bool { return status(err) >= http.StatusBadRequest }

// status is that of the answer that came with an error, and 0 where none came.
func status(err error) int {
	answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	if !ok {
		return 0
	}
	return answer.HTTPStatusCode()
}

// keepBody hands the raw answer to keep: the SDK's types drop what they do not know, and an operator that
// vanished from a selector would make it match everything.
func keepBody(keep func([]byte)) func(*middleware.Stack) error {
	read := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleDeserialize(ctx, in)
		resp, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok {
			return out, meta, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return out, meta, &smithy.DeserializationError{Err: fmt.Errorf("read the answer: %w", err)}
		}
		keep(body)
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return out, meta, nil
	}
	return func(s *middleware.Stack) error {
		return s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("cairn.KeepBody", read), middleware.After)
	}
}
