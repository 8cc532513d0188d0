package event_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cairn.example/internal/event"
)

// FuzzReader: whatever is read, every record given is JSON and means what encoding/json says, the
// counts add up, and neither the way the text arrives nor the way it is looked at changes an answer.
func FuzzReader(f *testing.F) {
	for _, ar := range cases(f) {
		f.Add(ar.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 || bytes.HasPrefix(in, []byte{0x1f, 0x8b}) {
			return
		}
		r := event.NewReader(event.Options{})
		got := tell(t, r, in)
		short := event.NewReader(event.Options{MaxRecord: 300})
		gotShort := tell(t, short, in)
		for way, src := range ways(in) {
			if diff := cmp.Diff(got, tellFrom(t, r, src)); diff != "" {
				t.Errorf("%s: at once -, so +\n%s", way, diff)
			}
		}
		for way, src := range ways(in) {
			if diff := cmp.Diff(gotShort, tellFrom(t, short, src)); diff != "" {
				t.Errorf("short records, %s: at once -, so +\n%s", way, diff)
			}
		}
		if elements := delivered(in); elements != nil {
			checkDelivered(t, in, elements)
		}
	})
}

// delivered returns the elements of a valid document of CloudTrail's own shape, as encoding/json
// sees them, and nil for any other text.
func delivered(in []byte) []json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(in))
	if !json.Valid(in) {
		return nil
	}
	for _, want := range []json.Token{json.Delim('{'), "Records", json.Delim('[')} {
		if tok, err := dec.Token(); err != nil || tok != want {
			return nil
		}
	}
	elements := []json.RawMessage{}
	for dec.More() {
		var element json.RawMessage
		if dec.Decode(&element) != nil {
			return nil
		}
		elements = append(elements, element)
	}
	_, _ = dec.Token()
	if tok, err := dec.Token(); err != nil || tok != json.Delim('}') {
		return nil // members follow, which may hold records too
	}
	return elements
}

// checkDelivered reads a valid document and compares with encoding/json's view of it, all of it and
// filtered, checked and on the way that trusts a checksum.
func checkDelivered(t *testing.T, in []byte, elements []json.RawMessage) {
	t.Helper()
	want := slices.DeleteFunc(slices.Clone(elements), func(raw json.RawMessage) bool { return !plainRecord(t, raw) })
	r := event.NewReader(event.Options{})
	var got []json.RawMessage
	for rec := range r.Records("in", bytes.NewReader(in)) {
		if rec != nil && plainRecord(t, rec.Raw) && bytes.HasPrefix(in[rec.Offset:], rec.Raw) {
			got = append(got, slices.Clone(json.RawMessage(rec.Raw)))
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("encoding/json -, reader +\n%s", diff)
	}
	if s := r.Stats(); s.Seen != len(elements) {
		t.Errorf("%d elements, counted %+v", len(elements), s)
	}
	filtered := event.NewReader(event.Options{Filter: event.NewFilter(
		event.Key{Source: "CloudTrail.amazonaws.com", Name: "stoplogging"}, event.Key{Source: "s3.amazonaws.com"}, event.Key{Name: "x"})})
	plain := tell(t, filtered, in)
	if diff := cmp.Diff(plain, tell(t, filtered, zip(in))); diff != "" {
		t.Errorf("filtered: plain -, gzip +\n%s", diff)
	}
	if strings.Count("\n"+plain, "\nreject ") != r.Stats().Rejected {
		t.Errorf("%d rejected without a filter, with one:\n%s", r.Stats().Rejected, plain)
	}
}

// plainRecord says whether an element is a record that no other shape could claim.
func plainRecord(t *testing.T, raw json.RawMessage) bool {
	t.Helper()
	object, ok := firstWins(t, raw).(map[string]any)
	source, _ := object["eventSource"].(string)
	_, name := object["eventName"]
	for _, member := range []string{"eventName", "eventSource", "eventTime"} {
		if _, text := object[member].(string); !text && object[member] != nil {
			return false
		}
	}
	return ok && name && !strings.HasPrefix(source, "aws:") && !bytes.Contains(raw, []byte(`"detail"`)) && !bytes.Contains(raw, []byte(`"_1"`))
}

// FuzzDecode: what Parse accepts is what encoding/json accepts, and it decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"a":"\ud83d\ude00\ud800 \u00e9\n\/","b":[1,-0.5e+3,true,null,{}],"a":2}`, `{"a":01}`,
		`{"a":{"b":1,"b":2},"requestParameters":{"n\u0061me":"x","name":"y"},"userIdentity":{"a\u0072n":null}}`, `{"a":"` + "\x80\x01" + `"}`, ` { } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		rec, err := event.Parse(in)
		trimmed := bytes.TrimLeft(in, " \t\r\n")
		if want := json.Valid(in) && bytes.HasPrefix(trimmed, []byte("{")); want != (err == nil) {
			t.Fatalf("encoding/json says %t, Parse says %v", want, err)
		}
		if err == nil {
			checkRecord(t, rec)
		}
	})
}
