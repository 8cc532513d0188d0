package config

import (
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/rule"
)

func findRule(rules rule.Registry, name string) (*rule.Rule, error) {
	if r := rules.Find(name); r != nil {
		return r, nil
	}
	var known []string
	for _, r := range rules {
		known = append(append(known, r.ID), r.Aliases...)
	}
	hint := suggest(name, known)
	if hint == "" {
		hint = "; cairn rules lists them"
	}
	return nil, fmt.Errorf("no rule %q%s", name, hint)
}

func checkKey(r *rule.Rule, key string) error {
	known := []string{severityKey}
	for _, o := range r.Options {
		known = append(known, o.Name)
	}
	if slices.Contains(known, key) {
		return nil
	}
	return fmt.Errorf("%s has no option %q: want %s%s", r.ID, key, either(known), suggest(key, known))
}

func checkValue(r *rule.Rule, option, value string) error {
	i := slices.IndexFunc(r.Options, func(o rule.Option) bool { return o.Name == option })
	values := r.Options[i].Values
	if slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("%q is not one of its values: want %s%s", value, either(values), suggest(value, values))
}

// either lists choices: a, b or c.
func either(choices []string) string {
	last := len(choices) - 1
	if last <= 0 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// suggest names the known word that was probably meant, ready to stand at a message's end, or is "".
func suggest(got string, known []string) string {
	best, least := "", 1+max(1, len(got)/3)
	if len(got) > 64 { // a slip is never so long, and the distance is quadratic
		return ""
	}
	for _, k := range known {
		if d := distance(strings.ToLower(got), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance counts the letters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
