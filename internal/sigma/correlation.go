package sigma

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/yamltree"
)

// The kinds of correlations, and what each counts.
const (
	eventCount      = "event_count"      // events
	valueCount      = "value_count"      // values of a field
	temporal        = "temporal"         // rules that were met, in any order
	temporalOrdered = "temporal_ordered" // rules from the first on that were met in their order
)

// Correlation counts the events that meet other rules, or which of the rules were met.
type Correlation struct {
	Type     string   // event_count, value_count, temporal or temporal_ordered
	Rules    []string // id, name or title of each
	GroupBy  []string // fields, or names of Aliases
	Timespan time.Duration
	Field    string // of value_count
	Bounds   []Bound
	Generate bool                         // its rules are told on their own too
	Aliases  map[string]map[string]string // alias to rule, as in Rules, to field

	at yamltree.Place
}

// Bound is one comparison of the count: gt, gte, lt, lte or eq.
type Bound struct {
	Op string
	N  int
}

func (r *reader) correlation(e yamltree.Entry) *Correlation {
	out := &Correlation{at: e.At}
	seen := map[string]bool{}
	for _, s := range r.Mapping(e.Value, "correlation") {
		seen[s.Key] = true
		switch s.Key {
		case "type":
			out.Type = r.correlationType(s)
		case "rules":
			out.Rules = r.texts(s)
		case "group-by":
			out.GroupBy = r.texts(s)
		case "timespan":
			out.Timespan = r.timespan(s)
		case "condition":
			r.bounds(out, s)
		case "generate":
			b, ok := s.Value.(*ast.BoolNode)
			if !ok {
				r.bad(yamltree.Start(s.Value), "generate: want true or false")
				continue
			}
			out.Generate = b.Value
		case "aliases":
			r.aliases(out, s)
		default:
			r.bad(s.At, "correlation: unknown key %q", s.Key)
		}
	}
	for _, key := range []string{"type", "rules", "timespan", "condition"} {
		if !seen[key] && (key != "condition" || !out.byRule()) {
			r.bad(e.At, "correlation: no %s", key)
		}
	}
	if !seen["condition"] && out.byRule() { // then all of the rules
		out.Bounds = []Bound{{"gte", len(out.Rules)}}
	}
	if seen["rules"] && len(out.Rules) == 0 {
		r.bad(e.At, "correlation: no rules")
	}
	if (out.Type == valueCount) != (out.Field != "") && seen["condition"] && out.Type != "" {
		r.bad(e.At, "correlation: condition.field goes with value_count, and only with it")
	}
	return out
}

func (r *reader) correlationType(e yamltree.Entry) string {
	t := r.text(e)
	if known := []string{eventCount, valueCount, temporal, temporalOrdered}; !slices.Contains(known, t) {
		r.bad(yamltree.Start(e.Value), "correlation type %q is none of %s", t, strings.Join(known, ", "))
		return ""
	}
	return t
}

// byRule tells whether rules are counted, not events or values.
func (c *Correlation) byRule() bool { return c.Type == temporal || c.Type == temporalOrdered }

func (r *reader) timespan(e yamltree.Entry) time.Duration {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	s := r.text(e)
	if n := len(s) - 1; n > 0 {
		count, err := strconv.Atoi(s[:n])
		// A year is far above any timespan, and far from overflow.
		if unit, ok := units[s[n]]; ok && err == nil && count > 0 && count <= int(365*24*time.Hour/unit) {
			return time.Duration(count) * unit
		}
	}
	r.bad(yamltree.Start(e.Value), "timespan %q: want a number and s, m, h or d, a year at most", s)
	return 0
}

func (r *reader) bounds(out *Correlation, e yamltree.Entry) {
	for _, b := range r.Mapping(e.Value, "condition") {
		switch b.Key {
		case "field":
			if out.Field = r.text(b); out.Field == "" {
				r.bad(b.At, "condition.field: want the name of a field")
			}
		case "gt", "gte", "lt", "lte", "eq":
			n, err := strconv.Atoi(r.text(b))
			if err != nil || n < 0 {
				r.bad(yamltree.Start(b.Value), "condition.%s: want a number of events", b.Key)
				continue
			}
			out.Bounds = append(out.Bounds, Bound{b.Key, n})
		default:
			r.bad(b.At, "condition: unknown key %q, want gt, gte, lt, lte, eq or field", b.Key)
		}
	}
	if len(out.Bounds) == 0 {
		r.bad(e.At, "condition: no gt, gte, lt, lte or eq")
	}
}

func (r *reader) aliases(out *Correlation, e yamltree.Entry) {
	out.Aliases = map[string]map[string]string{}
	for _, a := range r.Mapping(e.Value, "aliases") {
		fields := map[string]string{}
		for _, f := range r.Mapping(a.Value, "aliases."+a.Key) {
			fields[f.Key] = r.text(f)
		}
		out.Aliases[a.Key] = fields
	}
}

// holds tells whether a count is within all bounds.
func (c *Correlation) holds(count int) bool {
	for _, b := range c.Bounds {
		var ok bool
		switch b.Op {
		case "gt":
			ok = count > b.N
		case "gte":
			ok = count >= b.N
		case "lt":
			ok = count < b.N
		case "lte":
			ok = count <= b.N
		case "eq":
			ok = count == b.N
		}
		if !ok {
			return false
		}
	}
	return true
}
