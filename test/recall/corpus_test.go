package recall_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labelled is a record and what its corpus calls it.
type labelled struct {
	corpus string // the folder's name before its first _
	label  string // "-" where there is none
	event  string // source:name
	raw    json.RawMessage
}

// readCorpus reads every log of the corpus: a folder's labelled file, or else all that it has.
func readCorpus(t *testing.T, root string) []labelled {
	t.Helper()
	folders, err := os.ReadDir(filepath.Join(root, "logs"))
	if err != nil {
		t.Fatalf("CAIRN_CORPUS: %v", err)
	}
	var out []labelled
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		folder := filepath.Join(root, "logs", f.Name())
		name, _, _ := strings.Cut(strings.ToLower(f.Name()), "_")
		before := len(out)
		for _, file := range []string{"labelled.jsonl.gz", "rule-tests.jsonl.gz"} {
			if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
				out = append(out, readLabelled(t, name, filepath.Join(folder, file))...)
			}
		}
		if len(out) == before {
			out = append(out, readPlain(t, name, folder)...)
		}
		if len(out) == before {
			t.Errorf("%s: no records", folder)
		}
	}
	return out
}

// readLabelled reads lines of a record with its label: a technique, techniques, or the rule that a test is for.
func readLabelled(t *testing.T, corpus, file string) []labelled {
	t.Helper()
	var out []labelled
	lines := bufio.NewScanner(open(t, file))
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var line struct {
			Technique  string          `json:"technique"`
			Techniques []string        `json:"techniques"`
			RuleID     string          `json:"rule_id"`
			Expected   *bool           `json:"expected"`
			Record     json.RawMessage `json:"record"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var ids []string
		for _, technique := range line.Techniques {
			id, _, _ := strings.Cut(technique, " ")
			ids = append(ids, id)
		}
		label := cmp.Or(line.Technique, line.RuleID, strings.Join(ids, ","), "-")
		if line.Expected != nil && !*line.Expected {
			label = "no-alert"
		}
		out = append(out, labelled{corpus, label, eventOf(t, line.Record), line.Record})
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return out
}

// readPlain reads files of records as CloudTrail delivers them.
func readPlain(t *testing.T, corpus, folder string) []labelled {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for _, file := range files {
		var in struct {
			Records []json.RawMessage `json:"Records"`
		}
		if err := json.NewDecoder(open(t, file)).Decode(&in); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, raw := range in.Records {
			out = append(out, labelled{corpus, "-", eventOf(t, raw), raw})
		}
	}
	return out
}

func open(t *testing.T, file string) *gzip.Reader {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	unzip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return unzip
}

func eventOf(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var r struct {
		Source string `json:"eventSource"`
		Name   string `json:"eventName"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(r.Source, ".amazonaws.com") + ":" + r.Name
}
