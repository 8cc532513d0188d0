package detect

import (
	"fmt"
	"iter"
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
	so, kept sets     // so far, and by what is forgotten
	changed  bool
	engine   *sigma.Engine // of the values so far
}

// sets are the values of placeholders.
type sets map[string]map[string]bool

// put adds a value, and tells whether it is new.
func (s sets) put(name, value string) bool {
	if s[name][value] {
		return false
	}
	if s[name] == nil {
		s[name] = map[string]bool{}
	}
	s[name][value] = true
	return true
}

func newValues(settings sigma.Values, rules []*sigma.Rule) *values {
	v := &values{settings: settings, kept: sets{}}
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

// reset begins again, with the settings and what is kept.
func (v *values) reset() {
	v.so, v.changed, v.engine = sets{}, true, nil
	for name, set := range v.kept {
		v.so[name] = maps.Clone(set)
	}
}

// add notes what the account's trails point at.
func (v *values) add(a *model.Account) {
	for name, value := range v.of(a) {
		v.changed = v.so.put(name, value) || v.changed
	}
}

// keep keeps what the account's trails point at, whatever becomes of the events that told.
func (v *values) keep(a *model.Account) {
	for name, value := range v.of(a) {
		v.kept.put(name, value)
	}
}

// of are the values that an account's trails give to placeholders.
func (v *values) of(a *model.Account) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, name := range v.names {
			fill := placeholders[name]
			if fill == nil {
				continue
			}
			for _, t := range a.Trails.Items {
				for _, value := range fill(t) {
					if !yield(name, value) {
						return
					}
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
