package awsfake

import (
	"slices"
	"strings"
)

// tells reports whether any key belongs to the account.
func (f *Fixture) tells(account string) bool {
	for _, told := range f.entries {
		if slices.ContainsFunc(told, func(e entry) bool { return e.account == account }) {
			return true
		}
	}
	return false
}

// find returns the most specific entry that answers the request.
func (f *Fixture) find(q request) (entry, bool) {
	for _, e := range f.entries[q.Service+" "+q.Op] {
		if e.account == q.Account && (e.key.Region == "" || e.key.Region == q.Region) && f.fits(e, q) {
			return e, true
		}
	}
	return entry{}, false
}

// fits reports whether the flags of an entry's key ask what the request asks.
func (f *Fixture) fits(e entry, q request) bool {
	for name, values := range e.key.Flags {
		switch {
		case name == "name" || name == "trail-name":
			if !f.sameTrail(e, values[0], q) {
				return false
			}
		case len(values) > 0:
			if !sameSet(values, q.params[name]) {
				return false
			}
		case !slices.Equal(q.params[strings.TrimPrefix(name, "no-")], []string{switched(name)}):
			return false
		}
	}
	for _, name := range decisive {
		if len(q.params[name]) > 0 && len(e.key.Flags[name]) == 0 {
			return false
		}
	}
	return true
}

// decisive flags must stand in the key if they stand in the request: without them
// the answer is about something else, another account, another page or Insights.
var decisive = []string{"account-id", "next-token", "event-category"}

func switched(name string) string {
	if strings.HasPrefix(name, "no-") {
		return "false"
	}
	return "true"
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
