package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Request is a request that hands over a value as JSON and wants JSON back; a nil body is none. An error is an [*Error].
func Request(ctx context.Context, method, address string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, Refuse("write the message as JSON: %w", err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, &Error{Failure: Closed, Err: fmt.Errorf("make the request: %w", bare(err))}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "cairn")
	return req, nil
}

// Into reads the JSON of an answer. What is no such JSON comes from something that stands in front of the far end: a page
// of a proxy, or of an instance that sleeps. The message may have arrived. The secrets are taken out of the error.
func (a Answer) Into(v any, secrets ...string) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return &Error{Failure: Later, Unsure: true, Err: fmt.Errorf("the far end answered %d with something that is not its JSON%s", a.Status, said(a.Body, secrets))}
	}
	return nil
}

// CheckSite tells what is wrong with the address of a far end that credentials are sent to: https, or http to this
// machine, and nothing but a host and a path.
func CheckSite(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("want an address such as https://example.com")
	case u.User != nil:
		return errors.New("the address holds credentials: set them by their own settings")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("the address has something after its path: leave that out")
	case u.Scheme != "https" && (u.Scheme != "http" || !ThisMachine(u.Hostname())):
		return errors.New("want an address that begins with https://")
	}
	return nil
}

// ThisMachine tells whether a host is the machine that cairn runs on, so that nobody reads what is sent to it in clear.
func ThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
