package sigma_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"cairn.example/internal/sigma"
)

// TestCorpus holds, over real labelled records, what the rules of the cloudtrail case say through the index against
// what each says alone. CAIRN_CORPUS is a folder with logs/ in it.
func TestCorpus(t *testing.T) {
	root := os.Getenv("CAIRN_CORPUS")
	if root == "" {
		t.Skip("CAIRN_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "logs", "*", "labelled.jsonl.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	rules := caseRules(t, "testdata/cloudtrail.txtar")
	engine, refused := sigma.NewEngine(rules, nil)
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	alone := map[*sigma.Rule]*sigma.Engine{}
	for _, r := range rules {
		alone[r], _ = sigma.NewEngine([]*sigma.Rule{r}, nil)
	}
	fired := map[string]map[string]int{}
	for _, file := range files {
		eachLabelled(t, file, func(technique string, raw []byte) {
			rec := parse(t, raw)
			met := map[*sigma.Rule]bool{}
			for _, m := range engine.Match(rec) {
				met[m.Rule] = true
				if fired[technique] == nil {
					fired[technique] = map[string]int{}
				}
				fired[technique][m.Rule.ID]++
			}
			for r, e := range alone {
				if (len(e.Match(rec)) > 0) != met[r] {
					t.Errorf("%s: %v with others on %.200s", r, met[r], raw)
				}
			}
		})
	}
	for _, technique := range []string{"aws.defense-evasion.cloudtrail-stop", "aws.defense-evasion.cloudtrail-delete"} {
		if fired[technique]["stop"] == 0 {
			t.Errorf("%s: stop does not fire", technique)
		}
	}
	t.Log(fired)
}

func eachLabelled(t *testing.T, file string, f func(technique string, raw []byte)) {
	t.Helper()
	open, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	unzip, err := gzip.NewReader(open)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzip)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var labelled struct {
			Technique string          `json:"technique"`
			Record    json.RawMessage `json:"record"`
		}
		if err := json.Unmarshal(lines.Bytes(), &labelled); err != nil {
			t.Fatal(err)
		}
		f(labelled.Technique, labelled.Record)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
