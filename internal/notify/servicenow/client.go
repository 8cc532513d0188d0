package servicenow

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/notify"
)

// client speaks the Table API of one instance.
type client struct {
	env           notify.Env
	base          string
	authorization string
	secrets       []string
}

// table asks of a table, or of one record of it, and reads the answer. It gives the status of that, 0 where none came.
func (c *client) table(ctx context.Context, method, record string, query url.Values, body, answer any) (int, error) {
	req, err := notify.Request(ctx, method, c.base+"/api/now/table/"+record+"?"+query.Encode(), body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", c.authorization)
	a, err := notify.Do(ctx, c.env, req, c.secrets...)
	if err != nil {
		return a.Status, c.judge(a, err)
	}
	return a.Status, a.Into(answer, c.secrets...)
}

// judge knows what ServiceNow means by its statuses. 403 is said of credentials that may not, but also of one record that
// a data policy or a business rule does not take; and a table that is not there is a bad request.
func (c *client) judge(a notify.Answer, err error) error {
	e, ok := errors.AsType[*notify.Error](err)
	if !ok {
		return err
	}
	said := strings.ToLower(string(a.Body))
	switch {
	case a.Status == http.StatusForbidden && (strings.Contains(said, "data policy exception") || strings.Contains(said, "aborted by business rule")):
		e.Failure = notify.Refused
	case a.Status == http.StatusBadRequest && strings.Contains(said, "invalid table"):
		e.Failure = notify.Closed
	case a.Status == http.StatusTooManyRequests && e.After == 0:
		e.After = reset(a.Header, c.env.Now())
	}
	return e
}

// reset is how long it takes until an hour's requests begin anew, where ServiceNow says so: at most an hour.
func reset(h http.Header, now time.Time) time.Duration {
	seconds, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return 0
	}
	return min(max(0, time.Unix(seconds, 0).Sub(now)), time.Hour)
}
