// Package fidelity stands between a client and moto's server in the end-to-end tests and answers
// as AWS does where moto does not: Regions, an organization's trails in a member, refusals in the
// service's own wire shape. What neither of the two implements is recorded, so that a test fails on
// it: an emulator's "not implemented" must never pass for something that an audit could not read.
package fidelity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// mainAccount is moto's account for every access key that it did not hand out itself.
const mainAccount = "123456789012"

// Proxy is the handler. Its zero value is not usable; New makes one.
type Proxy struct {
	target *url.URL
	client *http.Client

	mu        sync.Mutex
	world     World
	calls     []Call
	unknown   []string
	accounts  map[string]string // access key id -> account, as AssumeRole handed them out
	selectors map[string]string // trail ARN -> the kind of selectors last put
	history   []remembered      // the newest first
}

// New returns a proxy in front of moto's server at target.
func New(target string) (*Proxy, error) {
	parsed, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("the emulator's address: %w", err)
	}
	p := &Proxy{target: parsed, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	return p, p.Reset(context.Background(), World{})
}

// Reset empties the emulator and makes the proxy behave as the world says.
func (p *Proxy) Reset(ctx context.Context, world World) error {
	p.mu.Lock()
	p.world, p.calls, p.unknown, p.history = world, nil, nil, nil
	p.accounts, p.selectors = map[string]string{}, map[string]string{}
	p.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.target.JoinPath("/moto-api/reset").String(), nil)
	if err != nil {
		return fmt.Errorf("resetting the emulator: %w", err)
	}
	answer, err := p.send(req)
	if err == nil && answer.status != http.StatusOK {
		err = fmt.Errorf("status %d", answer.status)
	}
	if err != nil {
		return fmt.Errorf("resetting the emulator: %w", err)
	}
	return nil
}

// Become makes the proxy behave as another world says, and leaves what the emulator holds.
func (p *Proxy) Become(world World) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world = world
}

// Forget drops the recorded calls, so that those of the program under test stand alone.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = nil
}

// Calls lists every call received since the last Reset or Forget.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Unimplemented lists the calls that nobody here implements. A test fails when there is one.
func (p *Proxy) Unimplemented() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.unknown)
}

// ServeHTTP answers from the world where it has a say, else from moto, repaired.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call := p.read(r, body)
	p.mu.Lock()
	p.calls = append(p.calls, call)
	world := p.world
	p.mu.Unlock()

	if refusal, refused := world.refuse(call); refused {
		refusal.write(w)
		return
	}
	if made, ok := world.answer(call); ok {
		made.write(w)
		return
	}
	if call.Service == "cloudtrail" && call.Op == "LookupEvents" {
		p.lookupEvents(call).write(w)
		return
	}
	got, err := p.forward(r, call)
	if err != nil {
		// No AWS error shape on purpose: a broken emulator is no AWS.
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	got.write(w)
}

// forward sends the call to moto as moto understands it and returns the answer as AWS would give it.
func (p *Proxy) forward(r *http.Request, call Call) (answer, error) {
	sent := p.translate(call)
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.at(r.URL), bytes.NewReader(sent.body))
	if err != nil {
		return answer{}, err
	}
	req.Header = r.Header.Clone()
	req.Host = r.Host
	if sent.Account != call.Account {
		req.Header.Set("X-Moto-Account-Id", sent.Account)
	}
	got, err := p.send(req)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", call, err)
	}
	if got.isHTML() {
		p.mu.Lock()
		p.unknown = append(p.unknown, call.String())
		p.mu.Unlock()
		return failure(call, http.StatusNotImplemented, "NotImplemented", "the emulator does not implement "+call.String()), nil
	}
	if call.Service == "sts" && call.Op == "AssumeRole" {
		p.learn(got.body)
	}
	if call.Service != "cloudtrail" {
		return got, nil
	}
	return p.repair(r, call, got)
}

func (p *Proxy) at(from *url.URL) string {
	to := *from
	to.Scheme, to.Host = p.target.Scheme, p.target.Host
	return to.String()
}

func (p *Proxy) send(req *http.Request) (answer, error) {
	res, err := p.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return answer{}, err
	}
	return answer{res.StatusCode, res.Header, body}, nil
}

var assumed = regexp.MustCompile(`(?s)<AccessKeyId>([^<]+)</AccessKeyId>.*<Arn>arn:[^:]+:sts::(\d{12}):`)

// learn notes whose the keys are that AssumeRole handed out.
func (p *Proxy) learn(body []byte) {
	if found := assumed.FindSubmatch(body); found != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.accounts[string(found[1])] = string(found[2])
	}
}

// answer is one HTTP answer, held whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		switch name {
		case "Connection", "Content-Length", "Transfer-Encoding":
		default:
			w.Header()[name] = values
		}
	}
	w.WriteHeader(a.status)
	// A client that has gone away is no concern of the emulator.
	_, _ = w.Write(a.body)
}

// isHTML tells moto's own page for what it does not implement from an answer of a service.
func (a answer) isHTML() bool {
	start := strings.ToLower(strings.TrimSpace(string(a.body[:min(len(a.body), 64)])))
	return a.status >= 400 && (strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html"))
}
