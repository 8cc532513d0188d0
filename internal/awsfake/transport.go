package awsfake

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// transport is what happens to an answer on its way.
type transport struct {
	wait     time.Duration
	drop     bool
	truncate bool
	other    *page // sent instead of what the service says
}

// page is a body that no service wrote.
type page struct {
	status            int
	contentType, body string
}

func (t *transport) instead(status int, contentType, body string) {
	t.other = &page{status: status, contentType: contentType, body: body}
}

// replaced reports whether the client never sees what the service says.
func (t *transport) replaced() bool { return t.drop || t.other != nil }

func (a *answer) send(ctx context.Context, w http.ResponseWriter, id string) {
	if !sleep(ctx, a.wait) || a.drop {
		hangUp(w)
		return
	}
	status, contentType, body := a.encode(id)
	if p := a.other; p != nil {
		status, contentType, body = p.status, p.contentType, []byte(p.body)
	}
	h := w.Header()
	h.Set("X-Amzn-Requestid", id)
	h["Content-Type"] = nil // or net/http would guess one
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	if a.fail != nil && a.other == nil && a.q.form == restJSON {
		h.Set("X-Amzn-Errortype", a.fail.code)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if a.truncate {
		body = body[:len(body)/2]
	}
	_, _ = w.Write(body) //nolint:gosec // clients of AWS read it, no browser does; one that went away is not our failure
}

// sleep reports whether the whole time passed before the request was given up.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hangUp closes the connection under the answer. A writer that cannot be taken
// over (a recorder in a test) answers 502 instead.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = conn.Close() // that is the whole point
}
