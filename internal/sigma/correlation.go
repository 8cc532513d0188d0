package sigma

import (
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Correlation counts the events that meet other rules.
type Correlation struct {
	Type     string   // event_count or value_count
	Rules    []string // id, name or title of each
	GroupBy  []string // fields, or names of Aliases
	Timespan time.Duration
	Field    string // of value_count
	Bounds   []Bound
	Generate bool                         // its rules are told on their own too
	Aliases  map[string]map[string]string // alias to rule, as in Rules, to field

	at place
}

// Bound is one comparison of the count: gt, gte, lt, lte or eq.
type Bound struct {
	Op string
	N  int
}

func (r *reader) correlation(e entry) *Correlation {
	out := &Correlation{at: e.at}
	seen := map[string]bool{}
	for _, s := range r.mapping(e.value, "correlation") {
		seen[s.key] = true
		switch s.key {
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
			b, ok := s.value.(*ast.BoolNode)
			if !ok {
				r.bad(start(s.value), "generate: want true or false")
				continue
			}
			out.Generate = b.Value
		case "aliases":
			r.aliases(out, s)
		default:
			r.bad(s.at, "correlation: unknown key %q", s.key)
		}
	}
	for _, key := range []string{"type", "rules", "timespan", "condition"} {
		if !seen[key] {
			r.bad(e.at, "correlation: no %s", key)
		}
	}
	if seen["rules"] && len(out.Rules) == 0 {
		r.bad(e.at, "correlation: no rules")
	}
	if (out.Type == "value_count") != (out.Field != "") && seen["condition"] && out.Type != "" {
		r.bad(e.at, "correlation: condition.field goes with value_count, and only with it")
	}
	return out
}

func (r *reader) correlationType(e entry) string {
	t := r.text(e)
	if t != "event_count" && t != "value_count" {
		r.bad(start(e.value), "correlation type %q is not supported, only event_count and value_count", t)
		return ""
	}
	return t
}

func (r *reader) timespan(e entry) time.Duration {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	s := r.text(e)
	if n := len(s) - 1; n > 0 {
		count, err := strconv.Atoi(s[:n])
		// A year is far above any timespan, and far from overflow.
		if unit, ok := units[s[n]]; ok && err == nil && count > 0 && count <= int(365*24*time.Hour/unit) {
			return time.Duration(count) * unit
		}
	}
	r.bad(start(e.value), "timespan %q: want a number and s, m, h or d, a year at most", s)
	return 0
}

func (r *reader) bounds(out *Correlation, e entry) {
	for _, b := range r.mapping(e.value, "condition") {
		switch b.key {
		case "field":
			if out.Field = r.text(b); out.Field == "" {
				r.bad(b.at, "condition.field: want the name of a field")
			}
		case "gt", "gte", "lt", "lte", "eq":
			n, err := strconv.Atoi(r.text(b))
			if err != nil || n < 0 {
				r.bad(start(b.value), "condition.%s: want a number of events", b.key)
				continue
			}
			out.Bounds = append(out.Bounds, Bound{b.key, n})
		default:
			r.bad(b.at, "condition: unknown key %q, want gt, gte, lt, lte, eq or field", b.key)
		}
	}
	if len(out.Bounds) == 0 {
		r.bad(e.at, "condition: no gt, gte, lt, lte or eq")
	}
}

func (r *reader) aliases(out *Correlation, e entry) {
	out.Aliases = map[string]map[string]string{}
	for _, a := range r.mapping(e.value, "aliases") {
		fields := map[string]string{}
		for _, f := range r.mapping(a.value, "aliases."+a.key) {
			fields[f.key] = r.text(f)
		}
		out.Aliases[a.key] = fields
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
