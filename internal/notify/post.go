package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// mostAnswer is how much of an answer is read. Those that a channel looks into are a few kilobytes.
const mostAnswer = 256 << 10

// answerWithin bounds one request to a far end, its whole answer included. What takes longer may have arrived.
const answerWithin = 20 * time.Second

// Answer is what a far end said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes one request and judges the answer: an error is an [*Error], and beside one the answer is what came, if
// anything did. Redirects are not followed: a far end that has moved is for somebody to set. The secrets are taken out
// of whatever an error says.
func Do(ctx context.Context, e Env, req *http.Request, secrets ...string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent.Store(true) }})
	client := *e.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	what := req.Method + " " + req.URL.Host
	res, err := client.Do(req.WithContext(ctx)) //nolint:gosec // answerOf closes it; the address is of the settings, and e.HTTP goes where it may
	if err != nil {
		return Answer{}, &Error{Failure: Later, Unsure: sent.Load(), Err: Scrub(fmt.Errorf("%s: %w", what, bare(err)), secrets...)}
	}
	a, err := answerOf(res)
	if err != nil {
		return a, &Error{Failure: Later, Unsure: true, Err: Scrub(fmt.Errorf("%s: read the answer: %w", what, err), secrets...)}
	}
	if a.Status/100 == 2 {
		return a, nil
	}
	return a, &Error{
		Failure: failureOf(a.Status), After: retryAfter(a.Header, e.Now()), Unsure: a.Status/100 == 5,
		Err: Scrub(fmt.Errorf("%s: %d %s%s", what, a.Status, http.StatusText(a.Status), said(a.Body, secrets)), secrets...),
	}
}

func answerOf(res *http.Response) (Answer, error) {
	defer res.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	return Answer{res.StatusCode, res.Header, body}, err
}

// bare is an error of a request without the address, which may be a secret itself.
func bare(err error) error {
	if u := errors.Unwrap(err); u != nil {
		return u
	}
	return err
}

// failureOf is what a status means for the message, where a far end does not say otherwise.
func failureOf(status int) Failure {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return Later
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return Closed
	}
	switch status / 100 {
	case 4:
		return Refused
	case 3:
		return Closed
	}
	return Later
}

// retryAfter is how long the far end wants to be left alone: seconds or a date, as RFC 9110 has it; at most a day.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return min(max(0, time.Duration(min(seconds, 86400))*time.Second), 24*time.Hour)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), 24*time.Hour)
	}
	return 0
}

// said is what an answer says, in a line.
func said(body []byte, secrets []string) string {
	text := Cut(clean(Hide(string(body), secrets...)), 200)
	if text == "" {
		return ""
	}
	return ": " + text
}

// Scrub takes secrets out of what an error says.
func Scrub(err error, secrets ...string) error {
	text := Hide(err.Error(), secrets...)
	if text == err.Error() {
		return err
	}
	return &scrubbed{err, text}
}

// scrubbed is an error that says no secret, and is what it was to whoever asks for its type.
type scrubbed struct {
	error
	text string
}

func (s *scrubbed) Error() string { return s.text }

func (s *scrubbed) Unwrap() error { return s.error }

// Hide takes secrets out of a text, the longest first: what another begins with would leave the rest of that. Who cuts the
// text does so afterwards: half of a secret is still half of one.
func Hide(text string, secrets ...string) string {
	for _, s := range slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return len(b) - len(a) }) {
		if s != "" {
			text = strings.ReplaceAll(text, s, "(secret)")
		}
	}
	return text
}
