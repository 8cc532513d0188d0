package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// redactor replaces what names somebody, each name by the same stand-in everywhere.
type redactor struct {
	stand map[string]string // kind and name -> stand-in
	count map[string]int    // by kind
}

// Redact is a copy of the snapshot without account ids, names and ARNs. Equal things stay equal and different
// ones different, Regions and partitions stay, so the verdicts do too.
func (s *Snapshot) Redact() (*Snapshot, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	r := &redactor{map[string]string{}, map[string]int{}}
	raw, err = json.Marshal(r.walk("", tree))
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	return ReadSnapshot(bytes.NewReader(raw))
}

// named are the members whose whole value is a name, with the kind of thing it names.
var named = map[string]string{
	"name": "trail", S3Bucket.name: "bucket", S3Prefix.name: "prefix", SNSTopic.name: "topic", LogGroup.name: "group",
	LogRole.name: "role", KMSKey.name: "key", "caller": "caller", "id": "account", "account": "account",
	"Name": "selector", "Key": "tag", "Value": "value",
}

// walk copies a JSON tree. Members are visited in order, so that stand-ins are numbered alike in every run.
func (r *redactor) walk(member string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range sortedKeys(v) {
			out[k] = r.walk(k, v[k])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = r.walk(member, item)
		}
		return out
	case string:
		return r.text(member, v)
	}
	return v
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var (
	arnInText     = regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:\d*:[^\s"',;)]+`)
	accountInText = regexp.MustCompile(`\b\d{12}\b`)
)

func (r *redactor) text(member, s string) string {
	kind, whole := named[member]
	switch {
	case s == "":
		return s
	case strings.HasPrefix(s, "arn:"):
		return r.arn(s)
	case accountInText.MatchString(s) && len(s) == 12:
		return r.standIn("account", s)
	case whole && kind != "account":
		return r.standIn(kind, s)
	}
	s = arnInText.ReplaceAllStringFunc(s, r.arn)
	return accountInText.ReplaceAllStringFunc(s, func(id string) string { return r.standIn("account", id) })
}

// arn keeps partition, service, Region and the kind of resource. A trail's name inside its ARN is the same
// name as beside it.
func (r *redactor) arn(s string) string {
	parts := strings.SplitN(s, ":", arnResource+1)
	if len(parts) <= arnResource {
		return r.standIn("arn", s)
	}
	if parts[arnAccount] != "" {
		parts[arnAccount] = r.standIn("account", parts[arnAccount])
	}
	kind, name, slash := strings.Cut(parts[arnResource], "/")
	if !slash {
		parts[arnResource] = r.standIn(parts[2], parts[arnResource])
		return strings.Join(parts, ":")
	}
	parts[arnResource] = kind + "/" + r.standIn(kind, name)
	return strings.Join(parts, ":")
}

func (r *redactor) standIn(kind, name string) string {
	key := kind + " " + name
	if as, ok := r.stand[key]; ok {
		return as
	}
	r.count[kind]++
	as := fmt.Sprintf("%s-%d", kind, r.count[kind])
	if kind == "account" {
		as = fmt.Sprintf("%012d", r.count[kind])
	}
	if strings.HasSuffix(name, "/") { // a prefix selector ends so, and means another thing without
		as += "/"
	}
	r.stand[key] = as
	return as
}
