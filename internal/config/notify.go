package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
	"cairn.example/internal/yamltree"
)

// Notify says which findings are told to whom.
type Notify struct {
	Channels map[string]Channel
	Routes   []notify.Route // none: everything that fails or is unknown goes to every channel
	Inhibit  []notify.Inhibition
	Repeat   time.Duration // for how long repeats of a finding are gathered
	Quiet    time.Duration // after how long a finding resolves that nothing can make good
}

// Channel is one destination as it is set up. [Channel.Resolve] gives what it is made of.
type Channel struct {
	Name   string
	Kind   notify.Kind
	Values map[string][]Value // what is written, by the names of settings

	dir string // where paths of files begin
}

// typeKey stands among a channel's settings, so none may take its name.
const typeKey = "type"

// briefest is the least time for which repeats are gathered. With less, a finding that comes again and again would be a
// message each time.
const briefest = time.Minute

// notifyParts are read in this order, wherever they stand: routes name channels.
var notifyParts = []section{
	{"channels", (*reader).notifyChannels},
	{"routes", (*reader).routes},
	{"inhibit", (*reader).inhibitions},
	{"repeat", func(r *reader, n ast.Node) { r.config.Notify.Repeat = r.duration(n, "notify.repeat") }},
	{"quiet", func(r *reader, n ast.Node) { r.config.Notify.Quiet = r.duration(n, "notify.quiet") }},
}

func (r *reader) notify(n ast.Node) {
	var known []string
	for _, p := range notifyParts {
		known = append(known, p.key)
	}
	told := map[string]ast.Node{}
	for _, e := range r.Mapping(n, "notify") {
		if !slices.Contains(known, e.Key) {
			r.bad(e.At, "notify: unknown key %q%s", e.Key, rule.Suggest(e.Key, known))
			continue
		}
		told[e.Key] = e.Value
	}
	for _, p := range notifyParts {
		if n, ok := told[p.key]; ok && n.Type() != ast.NullType {
			p.read(r, n)
		}
	}
}

// channelShape keeps names fit for URLs, metrics and file names.
var channelShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func (r *reader) notifyChannels(n ast.Node) {
	for _, e := range r.Mapping(n, "notify.channels") {
		r.setUp[e.Key] = e.At
		if !channelShape.MatchString(e.Key) {
			r.bad(e.At, "notify.channels: %q is no name of a channel: want up to 64 letters, digits, - and _", e.Key)
			continue
		}
		if c, ok := r.channel(e); ok {
			if r.config.Notify.Channels == nil {
				r.config.Notify.Channels = map[string]Channel{}
			}
			r.config.Notify.Channels[e.Key] = c
		}
	}
}

func (r *reader) channel(e yamltree.Entry) (Channel, bool) {
	where := "notify.channels." + e.Key
	set := r.Mapping(e.Value, where)
	kind, ok := r.kind(set, e, where)
	if !ok {
		return Channel{}, false
	}
	c := Channel{Name: e.Key, Kind: kind, Values: map[string][]Value{}, dir: r.config.dir}
	written := map[string]bool{}
	for _, v := range set {
		i := slices.IndexFunc(kind.Settings, func(s notify.Setting) bool { return s.Name == v.Key })
		if i < 0 {
			r.noSetting(kind, v, where)
			continue
		}
		if values, said := r.values(kind.Settings[i], v.Value, where+"."+v.Key); said {
			written[v.Key] = true
			if len(values) > 0 {
				c.Values[v.Key] = values
			}
		}
	}
	for _, s := range kind.Settings {
		if s.Required && !written[s.Name] {
			r.bad(e.At, "%s: %s needs %s%s", where, kind.Name, s.Name, helping(s))
		}
	}
	return c, true
}

// kind is the kind of channel that its type names.
func (r *reader) kind(set []yamltree.Entry, e yamltree.Entry, where string) (notify.Kind, bool) {
	i := slices.IndexFunc(set, func(v yamltree.Entry) bool { return v.Key == typeKey })
	if i < 0 {
		if kind := e.Value.Type(); kind == ast.MappingType || kind == ast.MappingValueType {
			r.bad(e.At, "%s: says no type%s", where, wanted(r.known.Kinds.Names()))
		}
		return notify.Kind{}, false
	}
	name, ok := r.text(set[i].Value, where+"."+typeKey)
	if !ok {
		return notify.Kind{}, false
	}
	kind, ok := r.known.Kinds.Find(name)
	if !ok {
		names := r.known.Kinds.Names()
		r.bad(yamltree.Start(set[i].Value), "%s.%s: no kind of channel %q%s%s", where, typeKey, name, wanted(names), rule.Suggest(name, names))
	}
	return kind, ok
}

// wanted lists choices where there are any.
func wanted(choices []string) string {
	if len(choices) == 0 {
		return ""
	}
	return ": want " + either(choices)
}

func (r *reader) noSetting(kind notify.Kind, v yamltree.Entry, where string) {
	if v.Key == typeKey {
		return
	}
	known := []string{typeKey}
	for _, s := range kind.Settings {
		known = append(known, s.Name)
	}
	r.bad(v.At, "%s: %s has no setting %q: want %s%s", where, kind.Name, v.Key, either(known), rule.Suggest(v.Key, known))
}

func helping(s notify.Setting) string {
	if s.Help == "" {
		return ""
	}
	return " (" + s.Help + ")"
}

func (r *reader) routes(n ast.Node) {
	const where = "notify.routes"
	items := r.list(n, where, "[{channels: [oncall], severity: high}]")
	served := map[string]bool{}
	for _, item := range items {
		route := r.route(item, where)
		for _, name := range route.Channels {
			served[name] = true
		}
		r.config.Notify.Routes = append(r.config.Notify.Routes, route)
	}
	if len(items) == 0 {
		return
	}
	for name, at := range r.setUp {
		if !served[name] {
			r.bad(at, "notify.channels.%s: no route names it, so it would be told nothing: name it in one, or leave out all routes", name)
		}
	}
}

func (r *reader) route(n ast.Node, where string) notify.Route {
	var out notify.Route
	said := false
	for _, e := range r.Mapping(n, where) {
		switch e.Key {
		case "channels":
			out.Channels = r.words(e.Value, where+".channels", "[oncall]", r.aChannel)
			said = true
		case "repeat":
			out.Repeat = r.duration(e.Value, where+".repeat")
		default:
			if !r.criterion(&out.Match, e, where) {
				known := append([]string{"channels", "repeat"}, matchKeys()...)
				r.bad(e.At, "%s: unknown key %q%s", where, e.Key, rule.Suggest(e.Key, known))
			}
		}
	}
	if !said && isMapping(n) {
		r.bad(yamltree.Start(n), "%s: a route to no channel: want channels: [NAME]", where)
	}
	return out
}

// aChannel takes the name of a channel that is set up.
func (r *reader) aChannel(name string) (string, error) {
	if _, ok := r.setUp[name]; ok {
		return name, nil
	}
	known := slices.Sorted(maps.Keys(r.setUp))
	return "", fmt.Errorf("no channel %q in notify.channels%s%s", name, wanted(known), rule.Suggest(name, known))
}

func (r *reader) inhibitions(n ast.Node) {
	const where = "notify.inhibit"
	for _, item := range r.list(n, where, "[{source: {rules: [CT-013]}, target: {severity: low}, equal: [account]}]") {
		r.config.Notify.Inhibit = append(r.config.Notify.Inhibit, r.inhibition(item, where))
	}
}

// inhibition reads what keeps findings from being told. Both sides must say something: an empty source is any open
// finding, an empty target every other, and either would silence more than anybody means.
func (r *reader) inhibition(n ast.Node, where string) notify.Inhibition {
	var out notify.Inhibition
	sides := map[string]*notify.Match{"source": &out.Source, "target": &out.Target}
	for _, e := range r.Mapping(n, where) {
		switch side := sides[e.Key]; {
		case side != nil:
			r.side(side, e, where+"."+e.Key)
			delete(sides, e.Key)
		case e.Key == "equal":
			out.Equal = r.words(e.Value, where+".equal", "[account]", func(text string) (string, error) { return oneOf(text, notify.Fields) })
		default:
			r.bad(e.At, "%s: unknown key %q%s", where, e.Key, rule.Suggest(e.Key, []string{"source", "target", "equal"}))
		}
	}
	if !isMapping(n) {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(sides)) {
		r.bad(yamltree.Start(n), "%s: no %s: want source: the findings that inhibit, and target: those that are not told meanwhile", where, name)
	}
	return out
}

func (r *reader) side(into *notify.Match, e yamltree.Entry, where string) {
	before := len(r.errs)
	if e.Value.Type() != ast.NullType {
		for _, c := range r.Mapping(e.Value, where) {
			if !r.criterion(into, c, where) {
				r.bad(c.At, "%s: unknown key %q%s", where, c.Key, rule.Suggest(c.Key, matchKeys()))
			}
		}
	}
	if len(r.errs) == before && holdsAll(*into) {
		r.bad(e.At, "%s: means every finding: want at least one of %s", where, either(matchKeys()))
	}
}

func isMapping(n ast.Node) bool {
	return n.Type() == ast.MappingType || n.Type() == ast.MappingValueType
}

var days = regexp.MustCompile(`^([0-9]{1,4})d$`)

// duration takes what Go takes, and days.
func (r *reader) duration(n ast.Node, where string) time.Duration {
	text, ok := r.text(n, where)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(text)
	if m := days.FindStringSubmatch(text); m != nil {
		var count int
		count, err = strconv.Atoi(m[1])
		d = time.Duration(count) * 24 * time.Hour
	}
	switch {
	case err != nil:
		r.bad(yamltree.Start(n), "%s: %q is no duration: want one such as 30m, 4h or 3d", where, text)
	case d < briefest:
		r.bad(yamltree.Start(n), "%s: %s is less than a minute", where, text)
	default:
		return d
	}
	return 0
}

// span is a duration as [reader.duration] takes it, without the parts that are 0.
func span(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}
