package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"cairn.example/internal/event"
)

// The filter gives the same records whether it trusts a checksum or looks at everything.
func TestFilterOnEveryCase(t *testing.T) {
	r := event.NewReader(event.Options{Filter: event.NewFilter(event.Key{Source: "cloudtrail.amazonaws.com", Name: "StopLogging"})})
	for name, ar := range cases(t) {
		if elements := delivered(bytes.TrimSpace(ar.Files[0].Data)); elements == nil {
			continue
		}
		plain, packed := tell(t, r, ar.Files[0].Data), tell(t, r, zip(ar.Files[0].Data))
		if plain != packed {
			t.Errorf("%s: plain\n%s\ngzip\n%s", name, plain, packed)
		}
		all := tell(t, event.NewReader(event.Options{}), ar.Files[0].Data)
		for line := range strings.Lines(all) {
			if strings.HasPrefix(line, "record") && strings.Contains(strings.ToLower(line), "cloudtrail.amazonaws.com stoplogging") && !strings.Contains(plain, line) {
				t.Errorf("%s: the filter lost %s", name, line)
			}
		}
	}
}

func TestFilterWants(t *testing.T) {
	f := event.NewFilter(event.Key{Source: "Iam.amazonaws.com", Name: "CreateUser"}, event.Key{Source: "kms.amazonaws.com"}, event.Key{Name: "StopLogging"})
	for key, want := range map[event.Key]bool{
		{Source: "iam.amazonaws.com", Name: "createuser"}: true,
		{Source: "iam.amazonaws.com", Name: "DeleteUser"}: false,
		{Source: "kms.amazonaws.com", Name: "Anything"}:   true,
		{Source: "kms.amazonaws.com"}:                     true,
		{Source: "x.amazonaws.com", Name: "STOPLOGGING"}:  true,
		{Source: "x.amazonaws.com", Name: "CreateUser"}:   false,
		{}: false,
		{Source: "\u212Aam.amazonaws.com", Name: "whatever"}: true, // the Kelvin sign folds to k
	} {
		if got := f.Wants([]byte(key.Source), []byte(key.Name)); got != want {
			t.Errorf("%v: %t", key, got)
		}
	}
	if !event.NewFilter(event.Key{}).Wants(nil, nil) || event.NewFilter().Wants([]byte("a"), []byte("b")) {
		t.Error("the key without parts wants all, no key wants nothing")
	}
}

// A source that fails is not the content's fault: its failure is told last, and no record is rejected for it.
func TestSourceFails(t *testing.T) {
	broken := errors.New("connection reset")
	text := generate(t, 1, 3)
	for name, in := range map[string][]byte{"plain": text, "gzip": zip(text)} {
		var last error
		n := 0
		r := event.NewReader(event.Options{})
		for rec, err := range r.Records("key", io.MultiReader(bytes.NewReader(in[:len(in)-100]), iotest.ErrReader(broken))) {
			if rec != nil {
				n++
			}
			last = err
		}
		if s := r.Stats(); !errors.Is(last, broken) || s.Rejected != 0 || s.Given != n {
			t.Errorf("%s: %v, %+v", name, last, s)
		}
	}
	for _, err := range event.NewReader(event.Options{}).Records("key", iotest.ErrReader(broken)) {
		if !errors.Is(err, broken) {
			t.Errorf("from the first byte on: %v", err)
		}
	}
}

// Breaking off leaves a reader that reads the next object.
func TestBreakOff(t *testing.T) {
	r := event.NewReader(event.Options{})
	text := append(generate(t, 1, 10), "{broken"...)
	for range r.Records("a", bytes.NewReader(text)) {
		break
	}
	if s := r.Stats(); s.Seen != 1 || s.Given != 1 {
		t.Errorf("broken off after one: %+v", s)
	}
	for range r.Records("b", bytes.NewReader(text)) {
	}
	if s := r.Stats(); s.Given != 10 || s.Rejected != 1 || s.Bytes != int64(len(text)) {
		t.Errorf("the next object: %+v", s)
	}
}

// What is too long is skipped, whatever it is, and memory stays flat in an object of any size.
func TestLongRecordsAndFlatMemory(t *testing.T) {
	r := event.NewReader(event.Options{MaxRecord: 100_000})
	one := strings.TrimSuffix(strings.TrimPrefix(string(generate(t, 1, 1)), `{"Records":[`), `]}`)
	long := func(n int) string {
		return `{"eventID":"long","requestParameters":{"x":"` + strings.Repeat("a", n) + `"}}`
	}
	parts := []io.Reader{strings.NewReader(`{"Records":[` + one)}
	for i := range 200 {
		parts = append(parts, strings.NewReader(","+long(i*2000)), strings.NewReader(","+one))
	}
	parts = append(parts, strings.NewReader(`]}{"configurationItems":[`+strings.Repeat(`{"a":[1]},`, 50_000)+`{}]}`+one))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range r.Records("in", io.MultiReader(parts...)) {
	}
	runtime.ReadMemStats(&after)
	if s := r.Stats(); s.Given != 202+50 || s.Rejected != 150+1 {
		t.Errorf("%+v", s)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 2<<20 {
		t.Errorf("%d bytes allocated for records of 100000", grown)
	}
}

func TestDedup(t *testing.T) {
	id := func(account, eventID string) event.ID {
		rec, err := event.Parse(fmt.Appendf(nil, `{"eventID":%q,"recipientAccountId":%q}`, eventID, account))
		if err != nil {
			t.Fatal(err)
		}
		id, ok := rec.ID()
		if !ok {
			t.Fatalf("%s %s has no id", account, eventID)
		}
		return id
	}
	d := event.NewDedup(3)
	if !d.Add(id("1", "a")) || d.Add(id("1", "a")) || !d.Has(id("1", "a")) || d.Has(id("2", "a")) || id("1", "2a") == id("12", "a") {
		t.Error("an id is the account's and the event's")
	}
	for i := range 100 {
		for back := range min(i, 3) {
			if !d.Has(id("3", fmt.Sprint(i-1-back))) {
				t.Errorf("%d is forgotten after %d", i-1-back, back)
			}
		}
		if !d.Add(id("3", fmt.Sprint(i))) {
			t.Errorf("%d is not new", i)
		}
		if d.Len() > 6 {
			t.Errorf("%d ids are held", d.Len())
		}
	}
	if rec, _ := event.Parse([]byte(`{"eventID":""}`)); rec != nil {
		if _, ok := rec.ID(); ok {
			t.Error("a record without eventID has an id")
		}
	}
}

// More names than a word has bits are found in one object, too.
func TestProjectionOfManyNames(t *testing.T) {
	var raw []byte
	var paths []string
	for i := range 150 {
		raw = fmt.Appendf(raw, `"n%d":%d,`, i, i)
		paths = append(paths, fmt.Sprintf("x.n%d", i))
	}
	rec, err := event.Parse([]byte(`{"x":{` + string(raw[:len(raw)-1]) + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, found := range event.NewProjection(paths...).Project(rec, nil) {
		if len(found) != 1 || string(found[0]) != fmt.Sprint(i) {
			t.Errorf("%s: %q", paths[i], found)
		}
	}
}

func TestEventTime(t *testing.T) {
	for text, want := range map[string]string{
		`{"eventTime":"2026-11-22T10:00:01Z"}`: "2026-11-22T10:00:01Z",
		`{"eventTime":"yesterday"}`:            "",
		`{"eventTime":5}`:                      "",
		`{}`:                                   "",
	} {
		rec, err := event.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := rec.EventTime()
		if (err == nil) != (want != "") || err == nil && got.Format("2006-01-02T15:04:05Z07:00") != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestCompact(t *testing.T) {
	rec, err := event.Parse([]byte("{ \"b\" : [ 1 , \"a b\\u0041\" ] ,\n \"a\":{} }"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(event.AppendCompact([]byte("x"), rec.Raw)); got != `x{"b":[1,"a b\u0041"],"a":{}}` {
		t.Error(got)
	}
}
