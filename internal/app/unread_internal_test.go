package app

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/detect"
	"cairn.example/internal/event"
	"cairn.example/internal/source"
)

func denied(region string) source.Problem {
	return source.Problem{
		Name: "LookupEvents 111122223333 " + region, Account: "111122223333", Region: region, Call: "LookupEvents",
		Code: "AccessDeniedException", Permission: "cloudtrail:LookupEvents", Err: errors.New("refused"),
	}
}

// What 17 Regions refuse alike is one line, while a watch goes on and at its end.
func TestRegionsThatRefuseAlikeAreOneLine(t *testing.T) {
	var said []string
	u := newUnread(func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }, time.Now)
	e := &source.IncompleteError{Count: 18, Problems: []source.Problem{{Name: "a.json", Err: errors.New("cut off")}}}
	for i := range 17 {
		e.Problems = append(e.Problems, denied(fmt.Sprintf("eu-north-%02d", i)))
	}
	for _, p := range e.Problems {
		u.problem(p)
	}
	u.flush()
	u.flush()
	const line = "account 111122223333: LookupEvents in 17 Regions (eu-north-00, eu-north-01, eu-north-02, ...): AccessDeniedException (needs cloudtrail:LookupEvents)"
	if diff := cmp.Diff([]string{"a.json: cut off", line}, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err := u.of(e, detect.Counts{}, nil)
	if want := "not everything was read: a.json: cut off; " + line; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// An error that is no gap of the source's stays what it is, whatever else was not read.
func TestOtherErrorsStay(t *testing.T) {
	full := errors.New("no space left on device")
	if err := newUnread(nil, time.Now).of(full, detect.Counts{}, []string{"a.json"}); err != full { //nolint:errorlint // itself, not wrapped
		t.Errorf("got %v", err)
	}
}

// What is refused is said while a watch goes on, what was over before that is not, and what AWS gave no code for keeps its words.
func TestRefusalsAreSaidMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		u := newUnread(func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }, time.Now)
		over := denied("eu-west-1")
		over.Err = nil
		err := u.during(func() error {
			u.problem(denied("eu-west-1"))
			u.problem(denied("eu-west-2"))
			u.problem(over)
			time.Sleep(flushEvery + time.Second)
			u.problem(source.Problem{Name: "LookupEvents 111122223333 eu-west-1", Region: "eu-west-1", Err: errors.New("database is locked")})
			return nil
		})
		want := []string{
			"account 111122223333: LookupEvents in eu-west-2: AccessDeniedException (needs cloudtrail:LookupEvents)",
			"LookupEvents 111122223333 eu-west-1: database is locked",
		}
		if diff := cmp.Diff(want, said); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// A flood of records that cannot be read is told in a few lines, and what goes wrong hours later is told again.
func TestRejectionsAreNamedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		u := newUnread(func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }, time.Now)
		flood := func(want int) {
			t.Helper()
			said = nil
			for i := range 3 * mostRejections {
				u.rejected(&event.RecordError{Object: fmt.Sprint(i % (2 * mostRejections)), Reason: event.Malformed})
			}
			if len(said) != want {
				t.Errorf("%d lines, want %d: %q", len(said), want, said)
			}
		}
		flood(mostRejections + 1)
		time.Sleep(rejectionsFor - time.Second)
		flood(0)
		time.Sleep(time.Second)
		flood(mostRejections + 1)
	})
}
