package awsfake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Fixture is what one AWS answers: the parsed form of a fixture document.
// It does not change after Parse and may be served by several servers at once.
type Fixture struct {
	base    string // the base account's number; "" where get-caller-identity was not told
	caller  string // the base account's ARN
	entries map[string][]entry
	trails  map[string][]trail // every trail that an account was shown, by account
}

// entry is one key with what it answers: a body or a failure.
type entry struct {
	key     key
	account string // key.Account, or the base account
	body    map[string]any
	fail    *failure
}

// failure is an error as AWS tells it.
type failure struct {
	code, message string
	status        int // 0: the protocol's usual one for this code
}

// Parse reads a fixture document. All of its mistakes are returned together,
// each with the key that it stands under.
func Parse(doc []byte) (*Fixture, error) {
	entries, err := parseEntries(doc)
	if err != nil {
		return nil, fmt.Errorf("parse fixture: %w", err)
	}
	f := &Fixture{entries: map[string][]entry{}, trails: map[string][]trail{}}
	for _, e := range entries {
		if e.key.Op == "GetCallerIdentity" && e.key.Account == "" && e.fail == nil {
			f.base, f.caller = text(e.body["Account"]), text(e.body["Arn"])
		}
	}
	for _, e := range entries {
		e.account = e.key.Account
		if e.account == "" {
			e.account = f.base
		}
		id := e.key.Service + " " + e.key.Op
		f.entries[id] = append(f.entries[id], e)
		f.remember(e)
	}
	for _, told := range f.entries {
		slices.SortFunc(told, func(a, b entry) int { return a.key.before(b.key) })
	}
	return f, nil
}

// parseEntries walks the document by tokens, because a map would swallow a key
// that stands there twice.
func parseEntries(doc []byte) ([]entry, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errors.New("want one JSON object"), err)
	}
	var entries []entry
	var bad []error
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read a key: %w", err)
		}
		line := fmt.Sprint(t)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		e, err := parseEntry(line, raw)
		if err == nil && seen[e.key.String()] {
			err = errors.New("this command is told twice")
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", line, err))
			continue
		}
		seen[e.key.String()] = true
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("after the last key: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		bad = append(bad, errors.New("something follows the object"))
	}
	return entries, errors.Join(bad...)
}

func parseEntry(line string, raw json.RawMessage) (entry, error) {
	k, err := parseKey(line)
	if err != nil {
		return entry{}, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // times and sizes go to the wire with the digits they came with
	var v any
	if err := d.Decode(&v); err != nil {
		return entry{}, err
	}
	e := entry{key: k}
	switch v := v.(type) {
	case string:
		e.fail, err = parseErrorLine(k, v)
	case map[string]any:
		if _, failed := v["error"]; failed {
			e.fail, err = parseErrorObject(v)
			break
		}
		e.body = v
		err = errors.Join(toWire(k.Service, v), checkShape(k, v))
	default:
		err = errors.New("want the JSON object that the AWS CLI printed, or its error line")
	}
	return e, err
}

// errorLine is what every AWS CLI prints for an error that AWS answered; version
// 2 may put its own name before it, and both may count retries behind the operation.
var errorLine = regexp.MustCompile(`(?s)An error occurred \(([A-Za-z0-9.]+)\) when calling the (\w+) operation(?: \([^)]*\))?:(.*)$`)

func parseErrorLine(k key, line string) (*failure, error) {
	m := errorLine.FindStringSubmatch(line)
	if m == nil {
		return nil, fmt.Errorf("%q is not an error that AWS answered (An error occurred (CODE) when calling the OP operation: ...)", line)
	}
	if m[2] != k.Op {
		return nil, fmt.Errorf("the error is that of %s, the key is %s", m[2], k.Op)
	}
	return &failure{code: m[1], message: strings.TrimSpace(m[3])}, nil
}

func parseErrorObject(v map[string]any) (*failure, error) {
	f := &failure{code: text(v["error"]), message: text(v["message"])}
	for name, member := range v {
		if _, isText := member.(string); !isText || name != "error" && name != "message" {
			return nil, fmt.Errorf("an error has the texts error and message, not %q", name)
		}
	}
	if f.code == "" {
		return nil, errors.New("the error has no code")
	}
	return f, nil
}

// checkShape refuses what the fake itself could not read later. Members that are
// absent or null stay: what a client makes of them is worth a test.
func checkShape(k key, v map[string]any) error {
	switch k.Op {
	case "GetCallerIdentity":
		if n, told := v["Account"]; told && n != nil && !accountForm.MatchString(text(n)) {
			return fmt.Errorf("the account %v has not twelve digits", n)
		}
	case "DescribeTrails":
		return checkObjects(v, "trailList")
	case "ListRegions", "DescribeRegions":
		return checkObjects(v, "Regions")
	case "LookupEvents":
		return checkObjects(v, "Events")
	}
	return nil
}

func checkObjects(v map[string]any, list string) error {
	items, isList := v[list].([]any)
	if v[list] != nil && !isList {
		return fmt.Errorf("%s is not a list", list)
	}
	for _, item := range items {
		if _, isObject := item.(map[string]any); !isObject {
			return fmt.Errorf("%s holds something that is not an object", list)
		}
	}
	return nil
}

// text is the string in v, "" where there is none.
func text(v any) string {
	s, _ := v.(string)
	return s
}
