package event_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/event"
)

// What is read of a record's head without checking it is what a full reading finds, whatever the record begins with.
func TestNoLookalikeIsSkipped(t *testing.T) {
	const (
		version = `{"eventVersion":"1.11",`
		who     = `"userIdentity":{"type":"Root"},`
		when    = `"eventTime":"2026-11-22T10:00:00Z",`
		stop    = `"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"`
		other   = `"eventSource":"s3.amazonaws.com","eventName":"GetObject"`
	)
	r := event.NewReader(event.Options{Filter: event.NewFilter(
		event.Key{Source: "cloudtrail.amazonaws.com", Name: "StopLogging"}, event.Key{Source: "cloudtrail.amazonaws.com", Name: "DeleteEventDataStore"})})
	for record, wanted := range map[string]bool{
		version + who + when + stop + `}`:                                                                                         true,
		version + who + when + other + `}`:                                                                                        false,
		version + who + when + stop + `,` + other + `}`:                                                                           true,
		version + who + stop + `,` + when + other + `}`:                                                                           true,
		version + stop + `,` + who + when + other + `}`:                                                                           true,
		`{` + stop + `,"eventVersion":"1.11",` + who + when + other + `}`:                                                         true,
		`{"eventVersion":"","userIdentity":{},` + when + stop + `}`:                                                               true,
		`{"eventVersion":"longer than any","userIdentity":{},` + when + stop + `}`:                                                true,
		`{"eventVersion":1.11,` + who + when + stop + `}`:                                                                         true,
		version + `"userIdentity":null,` + stop + `,"a":{},` + when + other + `}`:                                                 true,
		version + `"userIdentity":{},"eventName":"DeleteEventDataStore","eventSource":"cloudtrail.amazonaws.com","eventName":""}`: true,
		version + who + `"eventTime":"1","eventSource":"cl","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}`:  false,
		version + who + `"eventTime":"1","eventName":"Stop","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}`:  false,
		version + who + when + `"eventSource":"cloudtrail.amazonaws.com","event\u004eame":"StopLogging","eventName":"x"}`:         true,
		version + who + when + `"eventSource":"cloudtrail.amazonaws.com","eventName":"Stop\u004cogging"}`:                         true,
		version + who + when + `"eventSource":"cloudtrail.amazonaws.com","eventName":"S\u0074opLogging","x":"\\"}`:                true,
		version + who + when + `"eventSource":"cloudtrail\u002eamazonaws.com","eventName":"StopLogging"}`:                         true,
		version + who + when + `"eventSource":"` + strings.Repeat("s", 70) + `","eventName":"StopLogging"}`:                       false,
	} {
		text := []byte(`{"Records":[` + record + `,` + record + `]}`)
		for _, in := range [][]byte{text, zip(text)} {
			n := 0
			for _, err := range r.Records("in", bytes.NewReader(in)) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if (n == 2) != wanted || n == 1 {
				t.Errorf("%d of 2 are given: %s", n, record)
			}
		}
	}
}

// Many sources and names in one file are told apart, however alike they are.
func TestFilterOnManyNames(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var keys []event.Key
	var text bytes.Buffer
	text.WriteString(`{"Records":[`)
	for i := range 3000 {
		k := event.Key{Source: fmt.Sprintf("service%d.amazonaws.com", rnd.IntN(20)), Name: fmt.Sprintf("Describe%02dInstances", rnd.IntN(40))}
		if rnd.IntN(2000) < 20 {
			keys = append(keys, k)
		}
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"eventVersion":"1.11","userIdentity":{},"eventTime":"2026-11-22T10:00:00Z","eventSource":%q,"eventName":%q,"eventID":"%d"}`, k.Source, k.Name, i)
	}
	text.WriteString(`]}`)
	r := event.NewReader(event.Options{Filter: event.NewFilter(keys...)})
	plain := tell(t, r, text.Bytes())
	if diff := cmp.Diff(plain, tell(t, r, zip(text.Bytes()))); diff != "" || len(keys) == 0 {
		t.Errorf("plain -, gzip +\n%s", diff)
	}
	if n := r.Stats().Given; n < len(keys) || n > 1000 {
		t.Errorf("%d given of %d keys", n, len(keys))
	}
}
