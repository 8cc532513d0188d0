package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cairn.example/internal/model"
	"cairn.example/internal/sigma"
)

// placeholders are those that trails fill.
var placeholders = map[string]func(*model.Trail) []string{
	"trail_names":      func(t *model.Trail) []string { return []string{t.Name} },
	"trail_arns":       func(t *model.Trail) []string { return []string{t.ARN} },
	"trail_buckets":    func(t *model.Trail) []string { return known(t.Bucket) },
	"trail_keys":       func(t *model.Trail) []string { return keyNames(known(t.Key)) },
	"trail_topics":     func(t *model.Trail) []string { return known(t.Topic) },
	"trail_log_groups": func(t *model.Trail) []string { return logGroups(known(t.LogGroup)) },
	"trail_roles":      func(t *model.Trail) []string { return lastPart(known(t.LogRole)) },
}

func known(v model.Value[string]) []string {
	if s, ok := v.Get(); ok && s != "" {
		return []string{s}
	}
	return nil
}

// keyNames are a key's ARN and its id: calls name keys by either (AWS KMS API reference, KeyId).
func keyNames(arns []string) []string {
	for _, arn := range arns {
		if _, id, ok := strings.Cut(arn, ":key/"); ok {
			arns = append(arns, id)
		} else if _, name, ok := strings.Cut(arn, ":alias/"); ok {
			arns = append(arns, "alias/"+name)
		}
	}
	return arns
}

// logGroups are the names in arn:aws:logs:us-east-1:111122223333:log-group:NAME:*.
func logGroups(arns []string) []string {
	var out []string
	for _, arn := range arns {
		if _, name, ok := strings.Cut(arn, ":log-group:"); ok {
			out = append(out, strings.TrimSuffix(name, ":*"))
		}
	}
	return out
}

func lastPart(arns []string) []string {
	var out []string
	for _, arn := range arns {
		_, name, _ := cutLast(arn, "/")
		out = append(out, name)
	}
	return out
}

// values fill placeholders as of an event: with what trails point at, or pointed at before.
type values struct {
	settings sigma.Values
	names    []string // of all placeholders that rules use
	so       map[string]map[string]bool
	changed  bool
	engine   *sigma.Engine // of the values so far
}

func newValues(settings sigma.Values, rules []*sigma.Rule) *values {
	v := &values{settings: settings}
	for _, r := range rules {
		v.names = append(v.names, r.Placeholders()...)
	}
	slices.Sort(v.names)
	v.names = slices.Compact(v.names)
	return v
}

// impossible gives each placeholder a value that no record has, so that rules can be asked whether they would be met
// with others.
func (v *values) impossible() sigma.Values {
	out := sigma.Values{}
	for _, name := range v.names {
		out[name] = append(slices.Clone(v.settings[name]), sigma.Quote("\x00"))
	}
	return out
}

// reset begins again, with the settings alone.
func (v *values) reset() {
	v.so, v.changed, v.engine = map[string]map[string]bool{}, true, nil
}

// add notes what the account's trails point at.
func (v *values) add(a *model.Account) {
	for _, name := range v.names {
		of := placeholders[name]
		if of == nil {
			continue
		}
		for _, t := range a.Trails.Items {
			for _, value := range of(t) {
				if v.so[name] == nil {
					v.so[name] = map[string]bool{}
				}
				if !v.so[name][value] {
					v.so[name][value], v.changed = true, true
				}
			}
		}
	}
}

// filled are the values so far.
func (v *values) filled() sigma.Values {
	out := maps.Clone(v.settings)
	if out == nil {
		out = sigma.Values{}
	}
	for name, set := range v.so {
		for _, value := range slices.Sorted(maps.Keys(set)) {
			out[name] = append(slices.Clone(out[name]), sigma.Quote(value))
		}
	}
	return out
}

// now is an engine of the rules with the values so far; those that still lack one are not in it.
func (v *values) now(rules []*sigma.Rule) *sigma.Engine {
	if v.changed || v.engine == nil {
		v.engine, _ = sigma.NewEngine(rules, v.filled())
		v.changed = false
	}
	return v.engine
}

// from are the values of a state.
func (v *values) from(accounts []*model.Account) sigma.Values {
	v.reset()
	for _, a := range accounts {
		v.add(a)
	}
	return v.filled()
}

func lacks(name string) string {
	if placeholders[name] != nil {
		return fmt.Sprintf("%%%s%% has no value: no trail is known that has one; with a snapshot, or once an event tells of one, it runs", name)
	}
	return fmt.Sprintf("%%%s%% has no value: set watch.values.%s in cairn.yaml", name, name)
}
