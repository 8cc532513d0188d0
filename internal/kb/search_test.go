package kb_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/kb"
	"cairn.example/internal/model"
	"cairn.example/internal/rule"
	"cairn.example/rules/all"
)

// small is a registry whose ranking can be read off.
var small = rule.Registry{
	made("CT-901", "Bucket policy", "The log file of a bucket.", "Kms.9"),
	made("CT-902", "Keys", "What `kms:Decrypt` allows.\n\n### Log file\n\ncatalog"),
	made("CT-903", "Log file", "Whether **logging** is on. "+strings.Repeat("Words and words. ", 20)+"The needle stands here, "+strings.Repeat("and more. ", 20)),
	made("CT-904", "Nothing", "Only [a bucket](https://example.com/log)."),
}

func made(id, title, text string, aliases ...string) *rule.Rule {
	page := "# " + id + " " + title + "\n\n## Description\n\n" + text + "\n"
	return &rule.Rule{Meta: rule.Meta{
		ID: id, Title: title, Severity: model.Low, Aliases: aliases, Published: "2026-01-01", Updated: "2026-01-02",
		Files: fstest.MapFS{"page.md": {Data: []byte(page)}},
	}}
}

func TestSearch(t *testing.T) {
	l, err := kb.Open(small)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"ct-902":          "CT-902",
		"CT-902":          "CT-902",
		"kms.9":           "CT-901",               // an alias
		"kms":             "CT-901 CT-902",        // equal places: by ID
		"log file":        "CT-903 CT-902 CT-901", // title, heading, text
		"LOG":             "CT-903 CT-902 CT-901 CT-904",
		"atalog":          "", // not in the middle of a word
		"catalog":         "CT-902",
		"decrypt":         "CT-902",
		"bucket https":    "CT-904", // every word must stand on the page
		"bucket kms":      "CT-901",
		"bucket nonsense": "",
		"needle":          "CT-903",
		"":                "",
		"  ":              "",
	} {
		hits, err := l.Search(query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Page.Rule.ID)
			if n := utf8.RuneCountInString(h.Snippet); n > 76 || h.Snippet == "" {
				t.Errorf("%s: a snippet of %d: %q", query, n, h.Snippet)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q -want +got:\n%s", query, diff)
		}
	}
}

func TestSnippet(t *testing.T) {
	l, err := kb.Open(small)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][2]string{
		"needle":  {"Description", "...Words and words. The needle stands here, and more. and more. and more..."},
		"keys":    {"Description", "What `kms:Decrypt` allows."},
		"catalog": {"Log file", "catalog"},
		"bucket":  {"Description", "The log file of a bucket."},
	} {
		hits, err := l.Search(query)
		if err != nil || len(hits) == 0 {
			t.Fatalf("%s: %v, %v", query, hits, err)
		}
		if got := [2]string{hits[0].Heading, hits[0].Snippet}; got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// Our own pages answer what people would ask.
func TestSearchOurPages(t *testing.T) {
	l, err := kb.Open(all.Rules())
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"CT-007":            "CT-007",
		"ckv_aws_67":        "CT-001",
		"delivery failing":  "CT-011",
		"management events": "CT-010",
		"validation":        "CT-007",
		"encrypted kms":     "CT-008",
		"cis-aws-5.0.0 3.1": "CT-101",
		"witness":           "CT-110",
	} {
		hits, err := l.Search(query)
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) == 0 || hits[0].Page.Rule.ID != want {
			t.Errorf("%q does not find %s first: %v", query, want, ids(hits))
		}
	}
}

func ids(hits []kb.Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Page.Rule.ID)
	}
	return out
}
