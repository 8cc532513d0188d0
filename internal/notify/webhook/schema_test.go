package webhook_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/schematest"
)

const schemaFile = "../../../docs/schema/webhook.v1.json"

// The schema refuses what is no message: one that takes everything would pass the suite.
func TestSchemaRefuses(t *testing.T) {
	far, d := start(t)
	show(t, far, notify.Notice{Finding: channeltest.Stopped(), State: notify.Open, Version: 3, Before: notify.Open, Was: model.High})
	_, good, _ := strings.Cut(d.taken(), "\n\n")
	s := schematest.Compiled(t, schemaFile, false)
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
	ours, _ := schematest.Doc(t, schemaFile)["$defs"].(map[string]any)
	watch, _ := schematest.Doc(t, "../../../docs/schema/watch.v1.json")["$defs"].(map[string]any)
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
	doc := schematest.Doc(t, schemaFile)
	properties, _ := doc["properties"].(map[string]any)
	for f := range reflect.TypeFor[notify.Notice]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if properties[name] == nil {
			t.Errorf("the schema does not name %s", name)
		}
	}
	defs, _ := doc["$defs"].(map[string]any)
	schematest.EachObject(doc, func(object map[string]any) {
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
