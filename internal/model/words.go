package model

import (
	"strconv"
	"strings"
	"time"
)

// Count is a number with its noun: 1 trail, 2 trails.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Moment is a time for people: 2026-11-02 14:03:11 UTC.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Denied tells an error code that means a missing permission, as AWS's services spell it.
func Denied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess":
		return true
	}
	return false
}

// Span is a length of time for people, to the second, without what there is none of at its end: 17 m 37 s, 2 d 3 h, 2 d 0 h 0 m 5 s.
func Span(d time.Duration) string {
	rest := int64(d / time.Second)
	if rest <= 0 {
		return "0 s"
	}
	var out []string
	for _, unit := range []struct {
		seconds int64
		name    string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := rest / unit.seconds; rest > 0 && (n > 0 || len(out) > 0) {
			out = append(out, strconv.FormatInt(n, 10)+" "+unit.name)
		}
		rest %= unit.seconds
	}
	return strings.Join(out, " ")
}
