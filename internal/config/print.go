package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
)

// String is the configuration as cairn.yaml, rules and options in order.
func (c *Config) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "preset: %s\n", scalar(c.Preset))
	if len(c.Rules) > 0 {
		b.WriteString("rules:\n")
	}
	for _, id := range slices.Sorted(maps.Keys(c.Rules)) {
		var pairs []string
		r := c.Rules[id]
		for _, name := range slices.Sorted(maps.Keys(r.Options)) {
			pairs = append(pairs, scalar(name)+": "+scalar(r.Options[name]))
		}
		if r.Severity != 0 {
			pairs = append(pairs, severityKey+": "+r.Severity.String())
		}
		fmt.Fprintf(&b, "  %s: {%s}%s\n", scalar(id), strings.Join(pairs, ", "), c.remark(id))
	}
	if len(c.AcceptUnread) > 0 {
		fmt.Fprintf(&b, "regions:\n  acceptUnread: [%s]\n", strings.Join(c.AcceptUnread, ", "))
	}
	if len(c.Watch) > 0 {
		b.WriteString("watch:\n  values:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Watch)) {
		var quoted []string
		for _, v := range c.Watch[name] {
			quoted = append(quoted, strconv.Quote(v))
		}
		fmt.Fprintf(&b, "    %s: [%s]\n", scalar(name), strings.Join(quoted, ", "))
	}
	c.Notify.print(&b)
	if c.Exceptions != "" {
		fmt.Fprintf(&b, "exceptions: %s\n", strconv.Quote(c.Exceptions))
	}
	return b.String()
}

// remark is what an empty choice of a detection means.
func (c *Config) remark(id string) string {
	if r := c.known.Rules.Find(id); r != nil && r.Kind == rule.RealTime && c.Rules[id].Severity == 0 {
		return " # each event has its own severity"
	}
	return ""
}

// scalar quotes what YAML could take for something else.
func scalar(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && s != "" && s[0] != '-' && !strings.EqualFold(s, "null") {
		return s
	}
	return strconv.Quote(s)
}

func (n Notify) print(b *strings.Builder) {
	if len(n.Channels) == 0 && n.Repeat == notify.DefaultRepeat && n.Quiet == notify.DefaultQuiet {
		n.Repeat, n.Quiet = 0, 0 // there is nobody whom they concern
	}
	if len(n.Channels)+len(n.Routes)+len(n.Inhibit) == 0 && n.Repeat == 0 && n.Quiet == 0 {
		return
	}
	b.WriteString("notify:\n")
	if len(n.Channels) > 0 {
		b.WriteString("  channels:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(n.Channels)) {
		fmt.Fprintf(b, "    %s: {%s}\n", scalar(name), strings.Join(n.Channels[name].pairs(), ", "))
	}
	if len(n.Routes) > 0 {
		b.WriteString("  routes:\n")
	}
	for _, route := range n.Routes {
		pairs := slices.Concat([]string{"channels: " + words(route.Channels)}, matchPairs(route.Match), durationPair("repeat", route.Repeat))
		fmt.Fprintf(b, "    - {%s}\n", strings.Join(pairs, ", "))
	}
	if len(n.Inhibit) > 0 {
		b.WriteString("  inhibit:\n")
	}
	for _, i := range n.Inhibit {
		fmt.Fprintf(b, "    - {source: {%s}, target: {%s}", strings.Join(matchPairs(i.Source), ", "), strings.Join(matchPairs(i.Target), ", "))
		if len(i.Equal) > 0 {
			fmt.Fprintf(b, ", equal: %s", words(i.Equal))
		}
		b.WriteString("}\n")
	}
	for _, pair := range slices.Concat(durationPair("repeat", n.Repeat), durationPair("quiet", n.Quiet)) {
		fmt.Fprintf(b, "  %s\n", pair)
	}
}

// pairs are a channel's type and settings, as its kind has them in order.
func (c Channel) pairs() []string {
	out := []string{typeKey + ": " + scalar(c.Kind.Name)}
	for _, s := range c.Kind.Settings {
		var values []string
		for _, v := range c.Values[s.Name] {
			values = append(values, v.yaml())
		}
		switch {
		case s.List && len(values) > 0:
			out = append(out, scalar(s.Name)+": ["+strings.Join(values, ", ")+"]")
		case len(values) > 0:
			out = append(out, scalar(s.Name)+": "+values[0])
		}
	}
	return out
}

func (v Value) yaml() string {
	for _, k := range sourceKinds {
		if text := *k.of(&v.Source); text != "" {
			return "{" + k.key + ": " + strconv.Quote(text) + "}"
		}
	}
	return strconv.Quote(v.Text)
}

func matchPairs(m notify.Match) []string {
	var out []string
	for _, c := range criteria {
		if list := *c.of(&m); len(list) > 0 {
			out = append(out, c.key+": "+words(list))
		}
	}
	if m.Severity != 0 {
		out = append(out, severityKey+": "+m.Severity.String())
	}
	var statuses []string
	for _, s := range m.Statuses {
		statuses = append(statuses, string(s))
	}
	if len(statuses) > 0 {
		out = append(out, statusesKey+": "+words(statuses))
	}
	return out
}

func durationPair(key string, d time.Duration) []string {
	if d == 0 {
		return nil
	}
	return []string{key + ": " + span(d)}
}

// words is a list, each word quoted where YAML could take it for something else.
func words(list []string) string {
	var out []string
	for _, w := range list {
		out = append(out, scalar(w))
	}
	return "[" + strings.Join(out, ", ") + "]"
}
