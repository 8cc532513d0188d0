package remediate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// cloudformationYAML writes what the JSON holds, under a comment. Where there are two documents, each begins with ---.
func cloudformationYAML(p Plan) ([]File, error) {
	first := true
	files, err := p.cloudformation(func(p Plan, doc object) ([]byte, error) {
		body, err := yaml.MarshalWithOptions(yamlValue(doc), yaml.IndentSequence(true))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if first {
			fmt.Fprintln(&b, remark(p.headline(parameter)))
		}
		first = false
		b.WriteString("---\n")
		b.Write(body)
		return b.Bytes(), nil
	})
	return files, err
}

// yamlValue is a value for the YAML encoder.
func yamlValue(v any) any {
	switch v := v.(type) {
	case object:
		out := make(yaml.MapSlice, 0, len(v))
		for _, e := range v {
			out = append(out, yaml.MapItem{Key: e.Key, Value: yamlValue(e.Value)})
		}
		return out
	case []string:
		out := make([]any, 0, len(v))
		for _, s := range v {
			out = append(out, yamlText(s))
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			out = append(out, yamlValue(e))
		}
		return out
	case string:
		return yamlText(v)
	}
	return v
}

// yamlText is a string that every YAML reader takes for one. CloudFormation reads YAML 1.1, in which on, yes, 12:30
// and 2026-11-25 are no strings; what is not plainly a word is quoted as JSON quotes it.
type yamlText string

var yamlWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*(:{1,2}[A-Za-z0-9_./-]+)*$`)

var yamlNoWord = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// MarshalYAML writes the text plain or quoted.
func (t yamlText) MarshalYAML() ([]byte, error) {
	if yamlWord.MatchString(string(t)) && !slices.Contains(yamlNoWord, strings.ToLower(string(t))) {
		return []byte(t), nil
	}
	return marshal(string(t))
}

// ordered turns a value into objects, lists, strings, booleans and numbers, its members in the order of its JSON.
func ordered(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	out, err := orderedNext(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return out, nil
}

func orderedNext(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		out := object{}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			value, err := orderedNext(dec)
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			out = append(out, entry{name, value})
		}
		_, err := dec.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for dec.More() {
			value, err := orderedNext(dec)
			if err != nil {
				return nil, err
			}
			out = append(out, value)
		}
		_, err := dec.Token()
		return out, err
	}
	return tok, nil
}
