package coverage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cairn.example/internal/coverage"
)

// TestParseRefuses lists documents that do not tell the selectors.
func TestParseRefuses(t *testing.T) {
	for _, doc := range []string{
		``, `null`, `[]`, `"x"`, `{`, `{}`, `{} {}`, `{"TrailARN": "arn"} x`,
		`{"TrailARN": null}`, `{"TrailARN": ""}`, `{"TrailARN": 1}`, `{"trailARN": "arn"}`,
		`{"EventSelectors": [{}]}`,
		`{"TrailARN": "arn", "EventSelectors": null}`, `{"TrailARN": "arn", "AdvancedEventSelectors": null}`,
		`{"TrailARN": "arn", "EventSelectors": {}}`, `{"TrailARN": "arn", "EventSelectors": "x"}`,
		`{"TrailARN": "arn", "EventSelectors": [{}], "AdvancedEventSelectors": [{}]}`,
		`{"TrailARN": "arn", "EventSelectors": [], "EventSelectors": [{}]}`,
		`{"TrailARN": "arn", "EventSelectors": [{]}`,
	} {
		if s, err := coverage.Parse([]byte(doc)); err == nil {
			t.Errorf("%s: parsed as %v, want an error", doc, s)
		}
	}
}

// TestParseAssumes lists documents that hold no selectors: AWS's default.
func TestParseAssumes(t *testing.T) {
	for _, doc := range []string{
		`{"TrailARN": "arn"}`, `{"TrailARN": "arn", "EventSelectors": []}`,
		`{"TrailARN": "arn", "EventSelectors": [], "AdvancedEventSelectors": [], "ResponseMetadata": {"RetryAttempts": 0}}`,
	} {
		s, err := coverage.Parse([]byte(doc))
		if err != nil || !s.Assumed() || len(s.Doubts()) > 0 || keeps(s) != coverage.Yes {
			t.Errorf("%s: %v, assumed %v, doubts %v, keeps %v", doc, err, s.Assumed(), s.Doubts(), keeps(s))
		}
	}
}

// TestParseNewKind does not assume the default where selectors of a kind yet to come may be.
func TestParseNewKind(t *testing.T) {
	s, err := coverage.Parse([]byte(`{"TrailARN": "arn", "EventSelectors": [], "NewEventSelectors": [{}]}`))
	if err != nil || len(s.Doubts()) != 1 || keeps(s) != coverage.Unknown {
		t.Errorf("%v, doubts %v, keeps %v", err, s.Doubts(), keeps(s))
	}
}

// TestZeroSelectors are not known: no document was read.
func TestZeroSelectors(t *testing.T) {
	var s coverage.Selectors
	if got := keeps(s); got != coverage.Unknown {
		t.Errorf("kept %v", got)
	}
	if b, err := json.Marshal(s); err != nil || string(b) != "null" {
		t.Errorf("%s, %v", b, err)
	}
	if err := json.Unmarshal([]byte("null"), &s); err != nil || keeps(s) != coverage.Unknown {
		t.Errorf("null: %v, kept %v", err, keeps(s))
	}
}

var oneRegion = coverage.World{Partition: "aws", Regions: []string{"us-east-1"}}

func keeps(s coverage.Selectors) coverage.Tri {
	return oneRegion.Decide(oneRegion.Management(coverage.Scope{}), []coverage.Recorder{recorder(s)}).Verdict
}

func recorder(s coverage.Selectors) coverage.Recorder {
	return coverage.Recorder{
		ID: "main", Home: "us-east-1", Logging: coverage.Yes, MultiRegion: coverage.Yes, Global: coverage.Yes,
		Sees: coverage.Yes, Selectors: &s,
	}
}

// TestRoundTrip keeps what was written, less its white space, byte for byte.
func TestRoundTrip(t *testing.T) {
	const doc = "{ \"TrailARN\": \"arn\",\n \"EventSelectors\": [{\"New\": \"<a & b>\", \"ReadWriteType\": \"ReadOnly\"}] }"
	const want = `{"TrailARN":"arn","EventSelectors":[{"New":"\u003ca \u0026 b\u003e","ReadWriteType":"ReadOnly"}]}`
	s, err := coverage.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b, err := json.Marshal(s)
		if err != nil || string(b) != want {
			t.Fatalf("%s, %v", b, err)
		}
		var again coverage.Selectors
		if err := json.Unmarshal(b, &again); err != nil || !again.Equal(s) {
			t.Fatalf("%v, equal %v", err, again.Equal(s))
		}
		s = again
	}
}

// FuzzParse: a value or an error, never both; what was parsed survives a round trip with its verdict; and the witness
// of a loss is kept by none.
func FuzzParse(f *testing.F) {
	f.Add([]byte(defaultSelectors))
	for seed := range uint64(200) {
		g := newGenerator(seed)
		f.Add([]byte(g.document()))
	}
	for _, damage := range []string{`null`, `{"TrailARN": "arn", "EventSelectors": [null, [], {"DataResources": 1}]}`} {
		f.Add([]byte(damage))
	}
	goal := oneRegion.Management(coverage.Scope{})
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := coverage.Parse(doc)
		b, err2 := json.Marshal(s)
		if err != nil {
			if err2 != nil || string(b) != "null" || !strings.HasPrefix(err.Error(), "read event selectors: ") {
				t.Fatalf("%v, and %s", err, b)
			}
			return
		}
		var again coverage.Selectors
		if err := json.Unmarshal(b, &again); err != nil || err2 != nil {
			t.Fatalf("%s does not parse again: %v %v", b, err, err2)
		}
		if c, err := json.Marshal(again); err != nil || string(c) != string(b) || !again.Equal(s) {
			t.Fatalf("%s became %s: %v", b, c, err)
		}
		recorders := []coverage.Recorder{recorder(s)}
		a := oneRegion.Decide(goal, recorders)
		if v := keeps(again); v != a.Verdict {
			t.Fatalf("%v became %v", a.Verdict, v)
		}
		check(t, a)
		if a.Verdict == coverage.Yes && len(s.Doubts()) > 0 && s.Assumed() {
			t.Fatalf("covered by an assumption in doubt: %v", s.Doubts())
		}
		if a.Witness != nil && oneRegion.Explain(*a.Witness, recorders).Verdict != coverage.No {
			t.Fatalf("%v is kept", a.Witness)
		}
	})
}
