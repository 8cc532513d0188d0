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

// fromTrail tells whether trails fill the placeholder.
func fromTrail(name string) bool { return placeholders[name] != nil }

// values fill placeholders.
type values struct {
	settings sigma.Values
	names    []string                 // of all placeholders that rules use
	ever     sets                     // in all stories
	engines  map[string]*sigma.Engine // by their values: each story comes by the same ones
}

// pointed fills placeholders as of an event: with what trails point at, or pointed at before.
type pointed struct {
	*values
	so     sets // so far in the story
	places sets // by kind, so far: where names that are not unique are
	engine *sigma.Engine
}

// mostEngines is how many engines are kept. A new one comes with each value that an event tells.
const mostEngines = 64

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

func (s sets) clone() sets {
	out := sets{}
	for name, set := range s {
		out[name] = maps.Clone(set)
	}
	return out
}

func newValues(settings sigma.Values, rules []*sigma.Rule) *values {
	v := &values{settings: settings, ever: sets{}, engines: map[string]*sigma.Engine{}}
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

// begin is what trails pointed at before the first event of a story.
func (v *values) begin(from *beginning) *pointed {
	if from != nil {
		return from.pointed.clone()
	}
	return &pointed{values: v, so: sets{}, places: sets{}}
}

func (v *pointed) clone() *pointed {
	return &pointed{v.values, v.so.clone(), v.places.clone(), v.engine}
}

// add notes what the account's trails point at.
func (v *pointed) add(a *model.Account) {
	for name, value := range v.of(a) {
		if v.so.put(name, value) {
			v.engine = nil
		}
		v.ever.put(name, value)
	}
	for _, t := range a.Trails.Items {
		for _, arn := range known(t.LogGroup) {
			for _, name := range logGroups([]string{arn}) {
				v.places.put(logGroupKind, place(name, model.ARNAccount(arn), model.ARNRegion(arn)))
			}
		}
		for _, arn := range known(t.LogRole) {
			for _, name := range lastPart([]string{arn}) {
				v.places.put(roleKind, place(name, model.ARNAccount(arn)))
			}
		}
	}
}

// The kinds of what trails name without saying where it is.
const (
	logGroupKind = "AWS::Logs::LogGroup"
	roleKind     = "AWS::IAM::Role"
)

func place(parts ...string) string { return strings.Join(parts, " ") }

// theirs tells whether what an event is about, by a name that trails have given to a placeholder, is a trail's: names
// of roles are those of an account, names of log groups of a Region of it. Those of the settings are wherever they are.
func (v *pointed) theirs(r *sigma.Rule, about model.Ref, c model.Cause) bool {
	by := func(name string) bool { return len(v.settings[name]) == 0 && slices.Contains(r.Placeholders(), name) }
	switch {
	case about.Kind == logGroupKind && by("trail_log_groups"):
		return v.places[logGroupKind][place(about.ID, c.Account, c.Region)]
	case about.Kind == roleKind && by("trail_roles"):
		return v.places[roleKind][place(about.ID, c.Account)]
	}
	return true
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

// filled are the values of the sets, and those of the settings.
func (v *values) filled(with sets) sigma.Values {
	out := maps.Clone(v.settings)
	if out == nil {
		out = sigma.Values{}
	}
	for name, set := range with {
		for _, value := range slices.Sorted(maps.Keys(set)) {
			out[name] = append(slices.Clone(out[name]), sigma.Quote(value))
		}
	}
	return out
}

// now is an engine of the rules with the values so far; those that still lack one are not in it.
func (v *pointed) now(rules []*sigma.Rule) *sigma.Engine {
	if v.engine == nil {
		v.engine = v.engineOf(rules, v.so)
	}
	return v.engine
}

// all is an engine of the rules with all values of all stories.
func (v *values) all(rules []*sigma.Rule) *sigma.Engine { return v.engineOf(rules, v.ever) }

func (v *values) engineOf(rules []*sigma.Rule, with sets) *sigma.Engine {
	filled := v.filled(with)
	key := fmt.Sprintf("%q", filled) // in the order of names
	if v.engines[key] == nil {
		if len(v.engines) >= mostEngines {
			clear(v.engines)
		}
		v.engines[key], _ = sigma.NewEngine(rules, filled)
	}
	return v.engines[key]
}

func lacks(name string) string {
	if fromTrail(name) {
		return fmt.Sprintf("%%%s%% has no value: no trail is known that has one; with a snapshot, or once an event tells of one, it runs", name)
	}
	return fmt.Sprintf("%%%s%% has no value: set watch.values.%s in cairn.yaml", name, name)
}
