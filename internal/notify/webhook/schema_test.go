package webhook_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

const schemaFile = "../../../docs/schema/webhook.v1.json"

func schemaDoc(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// compiled is the schema as published, or closed: there an object may have no member that the schema does not name.
func compiled(t *testing.T, closed bool) *jsonschema.Schema {
	t.Helper()
	doc := schemaDoc(t, schemaFile)
	if closed {
		eachObject(doc, func(object map[string]any) { object["additionalProperties"] = false })
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("webhook.v1.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("webhook.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eachObject visits every part of a schema that names members.
func eachObject(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			visit(v)
		}
		for _, part := range v {
			eachObject(part, visit)
		}
	case []any:
		for _, part := range v {
			eachObject(part, visit)
		}
	}
}

// The schema refuses what is no message: one that takes everything would pass the suite.
func TestSchemaRefuses(t *testing.T) {
	far, d := start(t)
	show(t, far, notify.Notice{Finding: channeltest.Stopped(), State: notify.Open, Version: 3, Before: notify.Open, Was: model.High})
	_, good, _ := strings.Cut(d.taken(), "\n\n")
	s := compiled(t, false)
	for old, bad := range map[string]string{
		`"schema": "cairn.webhook/v1"`: `"schema": "cairn.webhook/v2"`,
		`"change": "raised"`:           `"change": "worse"`,
		`"state": "open"`:              `"state": "closed"`,
		`"was": "high"`:                `"was": "grave"`,
		`"version": 3`:                 `"version": "3"`,
		`"word": "EXTREME"`:            `"word": "Extreme"`,
		`"url": "https:`:               `"url": "javascript:`,
		`"do": [`:                      `"done": [`,
		`"key": "`:                     `"key": "x`,
		`"outcome": "success"`:         `"outcome": "refused"`,
		`"finding": {`:                 `"found": {`,
	} {
		text := strings.Replace(good, old, bad, 1)
		if text == good {
			t.Errorf("the message has no %s:\n%s", old, good)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("the schema takes %s", bad)
		}
	}
}

// What describes findings is what describes them in the output of cairn watch, word for word.
func TestSchemaDescribesFindingsAsWatchDoes(t *testing.T) {
	ours, _ := schemaDoc(t, schemaFile)["$defs"].(map[string]any)
	watch, _ := schemaDoc(t, "../../../docs/schema/watch.v1.json")["$defs"].(map[string]any)
	for name, part := range watch {
		if slices.Contains([]string{"last", "summary", "step", "finding"}, name) {
			continue // of a whole watch, and of its lines
		}
		called := name
		if name == "told" {
			called = "finding"
		}
		mine, _ := ours[called].(map[string]any)
		theirs, _ := part.(map[string]any)
		if name == "told" {
			mine, _ = mine["properties"].(map[string]any)
			theirs, _ = theirs["properties"].(map[string]any)
		}
		if diff := cmp.Diff(theirs, mine); diff != "" {
			t.Errorf("%s: -watch +webhook:\n%s", name, diff)
		}
	}
}

// The schema names and describes every member of a notice.
func TestSchemaNamesEveryMember(t *testing.T) {
	doc := schemaDoc(t, schemaFile)
	properties, _ := doc["properties"].(map[string]any)
	for f := range reflect.TypeFor[notify.Notice]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if properties[name] == nil {
			t.Errorf("the schema does not name %s", name)
		}
	}
	defs, _ := doc["$defs"].(map[string]any)
	eachObject(doc, func(object map[string]any) {
		properties, _ := object["properties"].(map[string]any)
		for name, v := range properties {
			part, _ := v.(map[string]any)
			to, _ := part["$ref"].(string)
			target, _ := defs[strings.TrimPrefix(to, "#/$defs/")].(map[string]any)
			if part["description"] == nil && target["description"] == nil {
				t.Errorf("%s has no description", name)
			}
		}
	})
}
