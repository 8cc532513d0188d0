package model

import (
	"bytes"
	"cmp"
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

	names   map[string]string // of any kind, for texts that others wrote
	lengths []int             // of the names, longest first
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
	r := &redactor{stand: map[string]string{}, count: map[string]int{}, names: map[string]string{}}
	for _, a := range s.Accounts { // first, so that accounts keep their order
		r.standIn("account", a.ID)
	}
	tree = walk(tree, r.text)
	for name := range r.names {
		r.lengths = append(r.lengths, len(name))
	}
	slices.Sort(r.lengths)
	r.lengths = slices.Compact(r.lengths)
	slices.Reverse(r.lengths)
	if raw, err = json.Marshal(walk(tree, r.prose)); err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	return ReadSnapshot(bytes.NewReader(raw))
}

// walk copies a JSON tree with its texts changed. Members are visited in order, so that stand-ins are numbered
// alike in every run. The values of a selector's field count as members of that name, "Field=" before it.
func walk(v any, text func(member, s string) string) any {
	var visit func(member string, v any) any
	visit = func(member string, v any) any {
		switch v := v.(type) {
		case map[string]any:
			field, selects := v["Field"].(string)
			out := map[string]any{}
			for _, k := range sortedKeys(v) {
				if selects && k != "Field" {
					out[k] = visit("Field="+field, v[k])
				} else {
					out[k] = visit(k, v[k])
				}
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, item := range v {
				out[i] = visit(member, item)
			}
			return out
		case string:
			return text(member, v)
		}
		return v
	}
	return visit("", v)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// named are the members whose whole value is a name, with the kind of thing it names.
var named = map[string]string{
	"name": "trail", S3Bucket.name: "bucket", S3Prefix.name: "prefix", SNSTopic.name: "topic", LogGroup.name: "log-group",
	LogRole.name: "role", KMSKey.name: "key", "caller": "caller", "id": "account", "account": "account",
	"Name": "selector", "Key": "tag", "Value": "value", "Values": "value",
}

// plain are the fields of a selector whose values are AWS's words; any other field's values are names.
var plain = []string{
	"eventCategory", "eventName", "eventSource", "eventType", "errorCode", "readOnly", "resources.type", "sessionCredentialFromConsole",
}

// foreign are the members that hold sentences of AWS's, the network's or cairn's.
var foreign = []string{"why", "error"}

func (r *redactor) text(member, s string) string {
	kind, whole := named[member]
	if field, selects := strings.CutPrefix(member, "Field="); selects && !slices.Contains(plain, field) {
		kind, whole = "value", true
	}
	switch {
	case s == "" || slices.Contains(foreign, member):
		return s
	case strings.HasPrefix(s, "arn:"):
		return r.arn(s)
	case whole:
		return r.standIn(kind, s)
	}
	return r.ids(s)
}

var (
	arnInText     = regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(?:\d*|aws):[^\s"',;)]+`)
	accountInText = regexp.MustCompile(`\b\d{12}\b`)
	keyInText     = regexp.MustCompile(`\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}\b`)
	hostInText    = regexp.MustCompile(`\b(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+\b`)
)

// outside changes what matches and hands the rest on, so that no stand-in is replaced again.
func outside(re *regexp.Regexp, s string, change, rest func(string) string) string {
	var b strings.Builder
	at := 0
	for _, span := range re.FindAllStringIndex(s, -1) {
		b.WriteString(rest(s[at:span[0]]) + change(s[span[0]:span[1]]))
		at = span[1]
	}
	b.WriteString(rest(s[at:]))
	return b.String()
}

// ids replaces the ARNs and account numbers inside a text.
func (r *redactor) ids(s string) string { return outside(arnInText, s, r.arn, r.accounts) }

func (r *redactor) accounts(s string) string {
	return accountInText.ReplaceAllStringFunc(s, func(id string) string { return r.standIn("account", id) })
}

// prose replaces whatever can be told to be a name in a sentence that somebody else wrote: ARNs, the names that
// stand elsewhere in the snapshot, hosts that are not AWS's, key ids and account numbers.
func (r *redactor) prose(member, s string) string {
	if !slices.Contains(foreign, member) {
		return s
	}
	keys := func(s string) string {
		return outside(keyInText, s, func(id string) string { return r.standIn("key-id", id) }, r.accounts)
	}
	hosts := func(s string) string { return outside(hostInText, s, r.host, keys) }
	return outside(arnInText, s, r.arn, func(s string) string { return r.known(s, hosts) })
}

func (r *redactor) host(name string) string {
	if strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn") {
		return r.accounts(name)
	}
	return r.standIn("host", name)
}

// known replaces the names that were met where no letter or digit touches them: a trail may be called t.
func (r *redactor) known(s string, rest func(string) string) string {
	var b strings.Builder
	at := 0
	for i := 0; i < len(s); {
		as, n := r.at(s, i)
		if n == 0 {
			i++
			continue
		}
		b.WriteString(rest(s[at:i]) + as)
		i += n
		at = i
	}
	b.WriteString(rest(s[at:]))
	return b.String()
}

// at finds the longest name that begins at i.
func (r *redactor) at(s string, i int) (as string, n int) {
	if i > 0 && alphanumeric(s[i-1]) && alphanumeric(s[i]) {
		return "", 0
	}
	for _, n := range r.lengths {
		end := i + n
		if end > len(s) || end < len(s) && alphanumeric(s[end]) && alphanumeric(s[end-1]) {
			continue
		}
		if as, ok := r.names[s[i:end]]; ok {
			return as, n
		}
	}
	return "", 0
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// resourceKinds are the words that begin an ARN's resource and say what it is, with the kind of name that follows.
var resourceKinds = map[string]string{
	"trail": "trail", "role": "role", "user": "user", "assumed-role": "role", "federated-user": "user", "key": "key",
	"alias": "key", "log-group": "log-group", "function": "function", "table": "table", "eventdatastore": "store", "channel": "channel",
}

// serviceKinds are for resources that begin with their name.
var serviceKinds = map[string]string{"s3": "bucket", "sns": "topic"}

// arn keeps partition, service, Region and the kind of resource. A name inside an ARN has the stand-in that it
// has by itself.
func (r *redactor) arn(s string) string {
	parts := strings.SplitN(s, ":", arnResource+1)
	if len(parts) <= arnResource {
		return r.standIn("arn", s)
	}
	if a := parts[arnAccount]; a != "" && a != "aws" { // aws owns managed policies
		parts[arnAccount] = r.standIn("account", a)
	}
	parts[arnResource] = r.resource(parts[2], parts[arnResource])
	return strings.Join(parts, ":")
}

func (r *redactor) resource(service, s string) string {
	if s == "" || s == "root" || s == "*" {
		return s
	}
	kind := cmp.Or(serviceKinds[service], service, "resource")
	word := ""
	if i := strings.IndexAny(s, ":/"); i > 0 && resourceKinds[s[:i]] != "" {
		kind, word, s = resourceKinds[s[:i]], s[:i+1], s[i+1:]
	}
	s, all := strings.CutSuffix(s, ":*") // a log group's streams
	end := map[bool]string{true: ":*"}[all]
	if kind == "log-group" { // its slashes are part of its name
		return word + r.standIn(kind, s) + end
	}
	names := strings.Split(s, "/") // a path, a session, an object's key: each is a name
	for i, name := range names {
		names[i] = r.standIn(kind, name)
	}
	return word + strings.Join(names, "/") + end
}

func (r *redactor) standIn(kind, name string) string {
	if name == "" {
		return ""
	}
	key := kind + " " + name
	if as, ok := r.stand[key]; ok {
		return as
	}
	r.count[kind]++
	as := fmt.Sprintf("%s-%d", kind, r.count[kind])
	if kind == "account" {
		as = fmt.Sprintf("%012d", r.count[kind])
	}
	r.stand[key] = as
	if _, twice := r.names[name]; !twice {
		r.names[name] = as
	}
	return as
}
