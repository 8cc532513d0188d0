package config_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"cairn.example/internal/config"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
)

const exceptionsPattern = "testdata/exceptions/*.txtar"

// TestExceptions reads each file and compares what it prints as, or its errors.
func TestExceptions(t *testing.T) {
	for c := range golden.Cases(t, exceptionsPattern) {
		t.Run(c.Name, func(t *testing.T) {
			got, err := config.ParseExceptions(c.Files[0].Name, c.Files[0].Data, rules)
			if err != nil {
				c.Want(t, err.Error()+"\n")
				return
			}
			c.Want(t, got.String())
		})
	}
}

// The file stands where cairn.yaml says, from the folder of that.
func TestLoadExceptions(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, config.FileName)
	load := func(settings string) (config.Exceptions, error) {
		write(t, path, settings)
		cfg, err := config.Load(path, known)
		if err != nil {
			t.Fatal(err)
		}
		return cfg.InForce().LoadExceptions()
	}
	if got, err := load("preset: default"); got != nil || err != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
	if _, err := load("exceptions: accepted.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	accepted := filepath.Join(dir, "accepted.yaml")
	write(t, accepted, "exceptions:\n  - {rule: CT-010, owner: a, reason: b, expires: 2027-01-31}\n")
	for _, named := range []string{"accepted.yaml", accepted} {
		got, err := load("exceptions: " + named)
		if err != nil || len(got) != 1 || got[0].Where != accepted+":2:5" {
			t.Errorf("%s: %v, %v", named, got, err)
		}
	}
	write(t, accepted, "exceptions: [{}]")
	if _, err := load("exceptions: accepted.yaml"); err == nil || !strings.HasPrefix(err.Error(), accepted+":1:14: exceptions: says no rule") {
		t.Errorf("a mistake: %v", err)
	}
}

func parseExceptions(t *testing.T, text string) config.Exceptions {
	t.Helper()
	got, err := config.ParseExceptions("e", []byte("exceptions:\n"+text), rules)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A day counts to its end in UTC, a time to itself; the first exception in force is the one that is told.
func TestExceptionsEnd(t *testing.T) {
	accepted := parseExceptions(t, `
  - {rule: CloudTrail.1, owner: ops, reason: "first", expires: 2027-01-31}
  - {rule: CT-001, owner: ops, reason: "second", expires: 2027-02-01T12:00:00.5+02:00}
`)
	f := model.Finding{Rule: "CT-001", Account: "111122223333", Resource: model.Ref{ID: "x"}}
	for at, want := range map[string]string{
		"2026-01-01T00:00:00Z":      "accepted by ops until 2027-01-31: first",
		"2027-01-31T23:59:59Z":      "accepted by ops until 2027-01-31: first",
		"2027-02-01T01:59:59+02:00": "accepted by ops until 2027-01-31: first",
		"2027-02-01T00:00:00Z":      "accepted by ops until 2027-02-01 10:00:00 UTC: second",
		"2027-02-01T10:00:00Z":      "accepted by ops until 2027-02-01 10:00:00 UTC: second",
		"2027-02-01T10:00:01Z":      "",
	} {
		if next := accepted.Changes(instant(t, at)); !next.IsZero() && accepted.For(f, next) == accepted.For(f, next.Add(-1)) {
			t.Errorf("after %s it changes at %s, when it does not", at, next)
		} else if next.IsZero() != (want == "") {
			t.Errorf("after %s it changes at %s", at, next)
		}
		if got := accepted.For(f, instant(t, at)); got != want {
			t.Errorf("at %s: %q, want %q", at, got, want)
		}
		ended := map[string]int{"accepted by ops until 2027-01-31: first": 0, "": 2}
		n, ok := ended[want]
		if !ok {
			n = 1
		}
		if got := accepted.Expired(instant(t, at)); len(got) != n {
			t.Errorf("at %s have ended: %v, want %d", at, got, n)
		}
	}
}

// Patterns are those of routes, over the whole id of the resource; what an exception does not ask for it does not mind.
func TestExceptionsCover(t *testing.T) {
	const arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/legacy-2"
	f := model.Finding{Rule: "CT-010", Account: "111122223333", Status: model.StatusFail, Resource: model.Ref{Kind: "AWS::CloudTrail::Trail", ID: arn}}
	other := f
	other.Rule = "CT-001"
	for asks, covers := range map[string]bool{
		"":                                         true,
		"resource: '*'":                            true,
		"resource: '" + arn + "'":                  true,
		"resource: 'arn:aws:*:trail/legacy*'":      true,
		"resource: '*/LEGACY-?'":                   true,
		"resource: legacy-2":                       false,
		"resource: '*/legacy'":                     false,
		"resource: '*/legacy-[0-9]'":               false,
		"account: '111122223333'":                  true,
		"account: 1111*":                           true,
		"account: '222222222222'":                  false,
		"resource: '*legacy*', account: '2*'":      false,
		"resource: '*legacy*', account: '*22223*'": true,
	} {
		accepted := parseExceptions(t, "  - {rule: CT-010, owner: o, reason: r, expires: 2027-01-31, "+asks+"}\n")
		if got := accepted.For(f, instant(t, "2027-01-01T00:00:00Z")); (got != "") != covers {
			t.Errorf("%s: %q", asks, got)
		}
		if got := accepted.Idle([]model.Finding{other, f}); (len(got) == 0) != covers {
			t.Errorf("%s: idle: %v", asks, got)
		}
		if got := accepted.Idle([]model.Finding{other}); len(got) != 1 {
			t.Errorf("%s: not idle, where only another rule found something", asks)
		}
	}
}

// FuzzParseExceptions holds that value and error exclude each other, and that what parses prints back equal.
func FuzzParseExceptions(f *testing.F) {
	for _, path := range golden.Glob(f, exceptionsPattern) {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := config.ParseExceptions("f", data, rules)
		if err != nil {
			if got != nil || !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("%v beside the error %v", got, err)
			}
			return
		}
		for _, e := range got {
			if e.Rule == "" || e.Owner == "" || e.Reason == "" || e.Resource == "" || e.Account == "" || e.Expires.IsZero() {
				t.Errorf("an exception that says too little was taken: %+v", e)
			}
		}
		again, err := config.ParseExceptions("f", []byte(got.String()), rules)
		if err != nil {
			t.Fatalf("what was printed does not parse: %v\n%s", err, got)
		}
		if diff := cmp.Diff(got, again, cmpopts.IgnoreFields(config.Exception{}, "Where"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("printed and parsed again (-before +after):\n%s\n%s", diff, data)
		}
	})
}
