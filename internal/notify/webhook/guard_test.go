package webhook_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/webhook"
)

// A name that passes at the start and means this machine when it is dialled is refused before a byte is sent, and so is a
// far end that sends cairn elsewhere.
func TestGuardLooksWhenItDials(t *testing.T) {
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	env := notify.Env{HTTP: &http.Client{}, Now: func() time.Time { return now }}
	c, err := webhook.Kind.New(channeltest.Settings("url", "http://rebound.example:"+port, "secret", secret, "insecure", "true"), env)
	if err != nil {
		t.Fatal(err)
	}
	defer resolve(t, "127.0.0.1")()
	_, err = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	if err == nil || requests.Load() != 0 {
		t.Fatalf("this machine was reached: %d requests, %v", requests.Load(), err)
	}
	if e := notify.FailureOf(err); e.Failure != notify.Closed || e.Unsure || !strings.Contains(err.Error(), "allowPrivate") {
		t.Errorf("%v: %+v; want a failure that says what to do", err, e)
	}
}

// An address that may not be reached is known for one also where a token stands in what is said of it.
func TestGuardIsKnownWhateverIsHidden(t *testing.T) {
	env := notify.Env{HTTP: &http.Client{}, Now: func() time.Time { return now }}
	c, err := webhook.Kind.New(channeltest.Settings("url", "http://rebound.example/allowPrivate", "secret", secret, "insecure", "true"), env)
	if err != nil {
		t.Fatal(err)
	}
	defer resolve(t, "127.0.0.1")()
	_, err = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	if err == nil || notify.FailureOf(err).Failure != notify.Closed || strings.Contains(err.Error(), "allowPrivate") {
		t.Errorf("%v; want a failure that closes the channel, without the token", err)
	}
}

// resolve makes every name mean one address, with a name server of its own, until what it gives is called.
func resolve(t *testing.T, address string) func() {
	t.Helper()
	old := net.DefaultResolver
	pc, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go answer(pc, netip.MustParseAddr(address))
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	return func() {
		net.DefaultResolver = old
		_ = pc.Close()
	}
}

// answer is the smallest name server: each question about IPv4 has this answer, each other one has none.
func answer(pc net.PacketConn, ip netip.Addr) {
	b := make([]byte, 512)
	for {
		n, from, err := pc.ReadFrom(b)
		if err != nil {
			return
		}
		end := 12
		for end < n && b[end] != 0 {
			end += int(b[end]) + 1
		}
		question := b[12 : end+5]
		out := append([]byte{b[0], b[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
		if b[end+2] == 1 {
			out[7] = 1
			out = append(append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), ip.AsSlice()...)
		}
		_, _ = pc.WriteTo(out, from)
	}
}

// A redirect is a failure, whoever it points to.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	s := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	far, _ := start(t)
	far.Settings["url"] = []string{s.URL}
	c, err := webhook.Kind.New(far.Settings, far.Env)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Show(t.Context(), notify.Compose(notify.Notice{Finding: channeltest.Stopped(), State: notify.Open}, now), "")
	if err == nil || notify.FailureOf(err).Failure != notify.Closed || reached.Load() != 0 {
		t.Errorf("%v, %d requests reached it", err, reached.Load())
	}
}

// A client whose connections cannot be seen is not used.
func TestGuardNeedsATransport(t *testing.T) {
	env := notify.Env{HTTP: &http.Client{Transport: tripper{}}, Now: func() time.Time { return now }}
	if _, err := webhook.Kind.New(channeltest.Settings("url", "https://example.com", "secret", secret), env); err == nil {
		t.Error("it is")
	}
}

type tripper struct{}

func (tripper) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("unused") }
