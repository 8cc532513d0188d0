package config

import (
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/rule"
)

func checkKey(r *rule.Rule, key string) error {
	known := []string{severityKey}
	for _, o := range r.Options {
		known = append(known, o.Name)
	}
	if slices.Contains(known, key) {
		return nil
	}
	return fmt.Errorf("%s has no option %q: want %s%s", r.ID, key, either(known), rule.Suggest(key, known))
}

func checkValue(r *rule.Rule, option, value string) error {
	i := slices.IndexFunc(r.Options, func(o rule.Option) bool { return o.Name == option })
	values := r.Options[i].Values
	if slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("%q is not one of its values: want %s%s", value, either(values), rule.Suggest(value, values))
}

// either lists choices: a, b or c.
func either(choices []string) string {
	last := len(choices) - 1
	if last <= 0 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
