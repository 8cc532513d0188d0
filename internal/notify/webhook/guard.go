package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// forbidden is an address that a webhook may not reach: somebody who may write cairn.yaml, or who owns the name in it,
// must not make cairn ask the services that stand beside it.
type forbidden struct {
	addr netip.Addr
	what string
}

func (f *forbidden) Error() string {
	return fmt.Sprintf("%s is %s, which a webhook may not reach; if that is meant, set allowPrivate: true", f.addr, f.what)
}

// inside are the addresses that are not of the public Internet (IANA's registries of special purposes), and those beside
// them at which clouds answer a machine's questions about itself. What of IPv6 is not in public need not be named.
var inside = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "of this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "of a provider's own network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "of this machine"},
	{netip.MustParsePrefix("168.63.129.16/32"), "of Azure's own services"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local, where clouds keep credentials"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "of protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "of relays"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for measurements"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("2001::/23"), "of protocols"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("2002::/16"), "of relays"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
}

// public is what of IPv6 is handed out; nat64 is how a network of IPv6 alone spells the addresses of IPv4.
var (
	public = netip.MustParsePrefix("2000::/3")
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
)

// allowed tells why an address may not be reached; nil: it may.
func allowed(addr netip.Addr) error {
	ip := addr.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !ip.Is4() && !public.Contains(ip) {
		return &forbidden{addr, "not of the public Internet"}
	}
	for _, r := range inside {
		if r.prefix.Contains(ip) {
			return &forbidden{addr, r.what}
		}
	}
	return nil
}

// allowedHost finds at the start what is an address that may not be reached already. Names are resolved when they are
// dialled, and each time anew.
func allowedHost(host string) error {
	if host = strings.ToLower(strings.TrimSuffix(host, ".")); host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return errors.New("url: localhost is this machine, which a webhook may not reach; if that is meant, set allowPrivate: true")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if err := allowed(addr); err != nil {
			return fmt.Errorf("url: %w", err)
		}
	}
	return nil
}

// guarded is a client that looks at each address when it connects to it, after the name was resolved: a name that means
// something else the next time gains nothing. It uses no proxy, since behind one the address is not seen.
func guarded(c *http.Client) (*http.Client, error) {
	from, ok := c.Transport.(*http.Transport)
	if c.Transport == nil {
		from, ok = http.DefaultTransport.(*http.Transport)
	}
	if !ok {
		return nil, fmt.Errorf("a webhook cannot guard connections that are made by a %T: set allowPrivate: true to do without", c.Transport)
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, ControlContext: control}
	out := *c
	out.Jar = nil
	out.Transport = &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: from.TLSClientConfig.Clone(), TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2: true, MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
	return &out, nil
}

// control is called with the address itself, before anything is sent to it.
func control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %q: that is no address", address)
	}
	return allowed(at.Addr())
}
