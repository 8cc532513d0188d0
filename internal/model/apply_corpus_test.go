package model_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn.example/internal/model"
)

// TestRealControlEvents applies each control event of the real logs under $CAIRN_CORPUS to an account that has the trail.
func TestRealControlEvents(t *testing.T) {
	dir := os.Getenv("CAIRN_CORPUS")
	if dir == "" {
		t.Skip("CAIRN_CORPUS names no corpus")
	}
	applied := map[string]int{}
	for _, r := range controlEvents(t, dir) {
		c := r.call()
		if r.ErrorCode != "" || !c.Control() || strings.Contains(string(r.RequestParameters), `"name":"..."`) {
			continue
		}
		a := &model.Account{ID: c.Account, Partition: "aws", Regions: model.List[string]{Items: []string{c.Region}}}
		seed := model.ControlCall{Service: "cloudtrail", Op: "CreateTrail", Account: c.Account, Region: c.Region}
		var name struct {
			Name      string `json:"name"`
			TrailName string `json:"trailName"`
		}
		if err := json.Unmarshal(r.RequestParameters, &name); err != nil {
			t.Fatal(err)
		}
		seed.Request = marshal(map[string]string{"name": name.Name + name.TrailName})
		a.Apply(seed)
		was := a.Clone()
		if gaps := a.Apply(c); len(gaps) > 0 {
			t.Errorf("%s %s: %v", c.Op, c.Request, gaps)
		}
		got := difference(was, a)
		want := map[string]string{"DeleteTrail": "is gone", "PutEventSelectors": `"IncludeManagementEvents":false`, "StopLogging": "unknown"}[c.Op]
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", c.Op, got)
		}
		applied[c.Op]++
	}
	for _, op := range []string{"DeleteTrail", "PutEventSelectors", "StopLogging"} {
		if applied[op] == 0 {
			t.Errorf("the corpus holds no %s that succeeded", op)
		}
	}
}

// controlEvents finds CloudTrail's own records wherever they stand in the logs.
func controlEvents(t *testing.T, dir string) (out []record) {
	t.Helper()
	var find func(raw json.RawMessage)
	find = func(raw json.RawMessage) {
		var members map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(raw, &list) == nil:
		case json.Unmarshal(raw, &members) != nil:
			return
		case string(members["eventSource"]) == `"cloudtrail.amazonaws.com"`:
			var r record
			if json.Unmarshal(raw, &r) == nil {
				out = append(out, r)
			}
			return
		}
		for _, m := range members {
			list = append(list, m)
		}
		for _, item := range list {
			find(item)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".gz") || !strings.Contains(path, "logs") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(bufio.NewReader(f))
		if err != nil {
			return err
		}
		dec := json.NewDecoder(z)
		for {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			find(raw)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
