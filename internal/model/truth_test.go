package model_test

import (
	"slices"
	"strings"
	"testing"

	"cairn.example/internal/model"
)

// truth is a truth with one fact as evidence, named after itself.
func truth(word string) model.Truth {
	is := map[byte]model.Tri{'y': model.Yes, 'n': model.No, 'u': model.Unknown}[word[0]]
	return model.Fact(is, word, word, model.Origin{})
}

// Each line: the operands, then All and Any of them, each with the evidence that is kept.
func TestTruthTables(t *testing.T) {
	for _, line := range []string{
		"            | yes                | no",
		"y1          | yes y1             | yes y1",
		"n1          | no n1              | no n1",
		"u1          | unknown u1         | unknown u1",
		"y1 y2       | yes y1 y2          | yes y1 y2",
		"y1 n1       | no n1              | yes y1",
		"n1 y1       | no n1              | yes y1",
		"y1 u1       | unknown u1         | yes y1",
		"u1 y1       | unknown u1         | yes y1",
		"n1 u1       | no n1              | unknown u1",
		"u1 n1       | no n1              | unknown u1",
		"n1 n2       | no n1 n2           | no n1 n2",
		"u1 u2       | unknown u1 u2      | unknown u1 u2",
		"y1 n1 u1    | no n1              | yes y1",
		"u1 n1 u2 n2 | no n1 n2           | unknown u1 u2",
		"u1 y1 u2 y2 | unknown u1 u2      | yes y1 y2",
	} {
		cells := strings.Split(line, "|")
		var operands []model.Truth
		for word := range strings.FieldsSeq(cells[0]) {
			operands = append(operands, truth(word))
		}
		for i, got := range []model.Truth{model.All(operands...), model.Any(operands...)} {
			words := []string{map[model.Tri]string{model.Yes: "yes", model.No: "no", model.Unknown: "unknown"}[got.Tri]}
			for _, e := range got.Because() {
				words = append(words, e.Fact)
			}
			if want := strings.Fields(cells[i+1]); !slices.Equal(want, words) {
				t.Errorf("%s of %q: got %v, want %v", []string{"All", "Any"}[i], cells[0], words, want)
			}
		}
	}
}

// An unknown fact shows no value, whatever it was worked out from.
func TestEvidenceOfAnUnknownHasNoValue(t *testing.T) {
	if got := model.Fact(model.Unknown, "x", 5, model.Origin{}); got.Because()[0].Value != nil {
		t.Errorf("got %s", got.Because()[0].Value)
	}
	if got := model.Fact(model.Yes, "x", 5, model.Origin{}); string(got.Because()[0].JSON()) != "5" {
		t.Errorf("got %s", got.Because()[0].Value)
	}
	var never model.Trail
	if got := never.Is(model.Logging); got.Tri != model.Unknown || got.Because()[0].Value != nil || got.Because()[0].Origin.Why == "" {
		t.Errorf("a fact that nobody read: %+v", got)
	}
	if got := never.Has(model.KMSKey); got.Tri != model.Unknown || got.Because()[0].Value != nil {
		t.Errorf("a text that nobody read: %+v", got)
	}
	none := model.Trail{Key: model.Known("", model.Origin{})}
	if got := none.Has(model.KMSKey); got.Tri != model.No || string(got.Because()[0].JSON()) != `""` {
		t.Errorf("a text that is none: %+v", got)
	}
}

func TestKnownDropsTheReason(t *testing.T) {
	if v := model.Known(true, model.Origin{Call: "X", Why: "AccessDenied"}); v.Origin().Why != "" {
		t.Errorf("a known value says why it is unknown: %v", v.Origin())
	}
}

func TestOriginsInWords(t *testing.T) {
	for want, o := range map[string]model.Origin{
		"GetTrailStatus in eu-west-1: AccessDenied": {Call: "GetTrailStatus", Region: "eu-west-1", Why: "AccessDenied"},
		"GetCallerIdentity: EmptyAnswer":            {Call: "GetCallerIdentity", Why: "EmptyAnswer"},
		"was not read":                              {},
		"computed value":                            {Why: "computed value"},
	} {
		if got := o.Reason(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
