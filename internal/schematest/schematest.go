// Package schematest holds what cairn writes to the JSON schemas that it publishes.
package schematest

import (
	"encoding/json"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Doc is a schema as it is in its file.
func Doc(t *testing.T, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return doc
}

// Compiled is a schema as published, or closed: there an object may have no member that the schema does not name, unless
// it says that others may follow.
func Compiled(t *testing.T, file string, closed bool) *jsonschema.Schema {
	t.Helper()
	doc := Doc(t, file)
	if closed {
		EachObject(doc, func(object map[string]any) {
			if _, said := object["additionalProperties"]; !said {
				object["additionalProperties"] = false
			}
		})
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	name := path.Base(file)
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// EachObject visits every part of a schema that names members.
func EachObject(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			visit(v)
		}
		for _, part := range v {
			EachObject(part, visit)
		}
	case []any:
		for _, part := range v {
			EachObject(part, visit)
		}
	}
}

// Validate holds a document to a schema.
func Validate(t *testing.T, s *jsonschema.Schema, doc string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Error(err)
	}
}
