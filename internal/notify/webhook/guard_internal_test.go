package webhook

import (
	"net/netip"
	"testing"
)

func TestAllowed(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "52.95.110.1": true, "2600:1f18::1": true, "2a00:1450:4001::1": true, "64:ff9b::808:808": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "::1": false, "0.0.0.0": false, "::": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "fd00:ec2::254": false, "168.63.129.16": false, "100.100.100.200": false, "192.0.0.192": false, "fe80::1%eth0": false,
		"fc00::1": false, "ff02::1": false, "224.0.0.1": false, "255.255.255.255": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false,
		"64:ff9b::a9fe:a9fe": false, "64:ff9b:1::808:808": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false, "2001:db8::1": false, "fec0::1": false, "5f00::1": false,
	} {
		if err := allowed(netip.MustParseAddr(address)); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// What the standard library knows to be inside is never allowed, however it is wrapped in IPv6.
func FuzzAllowed(f *testing.F) {
	for _, seed := range [][]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {8, 8, 8, 8}, netip.MustParseAddr("fd00::1").AsSlice(), netip.MustParseAddr("2002:7f00:1::").AsSlice()} {
		f.Add(seed)
	}
	inside := func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.IsInterfaceLocalMulticast()
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			t.Skip()
		}
		if inside(a) && allowed(a) == nil {
			t.Errorf("%s is allowed", a)
		}
		if !a.Is4() {
			return
		}
		v4, wraps := a.As4(), []netip.Addr{netip.AddrFrom16(a.As16())}
		for _, prefix := range []string{"64:ff9b::", "2002::", "2001::"} {
			w := netip.MustParseAddr(prefix).As16()
			copy(w[map[string]int{"64:ff9b::": 12, "2002::": 2, "2001::": 4}[prefix]:], v4[:])
			wraps = append(wraps, netip.AddrFrom16(w))
		}
		for _, w := range wraps {
			if allowed(a) != nil && allowed(w) == nil {
				t.Errorf("%s is refused and %s is allowed", a, w)
			}
		}
	})
}
