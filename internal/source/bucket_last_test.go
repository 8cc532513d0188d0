package source_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The last file of a folder, which may tell that its trail was stopped, is read as soon as it can be, though none comes behind
// it, and whatever stays refused before it.
func TestTheLastFileIsAskedForAgain(t *testing.T) {
	for name, c := range map[string]struct {
		bad []string
		err error
	}{
		"refused":                           {nil, errDenied},
		"AWS is not well":                   {nil, errSlowDown},
		"AWS is not well, behind a bad one": {[]string{keyAt(west, time.Date(1999, 12, 31, 20, 0, 0, 0, time.UTC), "bad")}, errSlowDown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := newShop(c.bad...), &desk{}
				until := time.Now().Add(13 * time.Minute)
				s.get = func(name string) error {
					switch {
					case strings.Contains(name, "_bad"):
						return errDenied
					case time.Now().Before(until):
						return c.err
					}
					return nil
				}
				last := keyAt(west, time.Now(), "last")
				time.AfterFunc(2*time.Minute, func() { s.put(last) })
				followBucket(t, bucketOf(s, d), d, 21*time.Minute)
				if diff := cmp.Diff([]string{idOf(last)}, d.got()); diff != "" {
					t.Errorf("two passes later (-want +got):\n%s", diff)
				}
			})
		})
	}
}
