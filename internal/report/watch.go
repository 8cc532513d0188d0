package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// watchSchema names the version of the lines of cairn watch.
const watchSchema = "cairn.watch/v1"

// WatchSummary is what a watch read. Records = Judged + Duplicates + Rejected.
type WatchSummary struct {
	Records    int     `json:"records"`
	Judged     int     `json:"judged"`
	Duplicates int     `json:"duplicates"`
	Rejected   int     `json:"rejected"`
	Files      int     `json:"files"` // objects that were read
	Bytes      int64   `json:"bytes"` // after decompression
	Seconds    float64 `json:"seconds"`
}

// Watcher writes findings as they come, and at last what was read.
type Watcher interface {
	Finding(model.Finding) error
	Close(WatchSummary) error
}

// WatchFormat makes the writer of a format of cairn watch.
type WatchFormat struct {
	Name, Help string
	New        func(io.Writer, Style) Watcher
}

// WatchFormats are the formats of cairn watch, the default first.
var WatchFormats = []WatchFormat{
	{"text", "for people: a timeline, the blind gaps drawn below it", func(w io.Writer, s Style) Watcher { return &timeline{sheet: newSheet(w, s)} }},
	{"jsonl", "a finding a line, what was read as the last", func(w io.Writer, _ Style) Watcher { return &watchLines{jsonlWriter{out: w}} }},
}

// watchLines writes a line for each detection that an event meets: the finding as it stands after it.
type watchLines struct{ jsonlWriter }

func (w *watchLines) Close(s WatchSummary) error {
	return w.line(struct {
		Schema  string       `json:"schema"`
		Summary WatchSummary `json:"summary"`
	}{watchSchema, s})
}

// timeline is for people. Each finding is written at once; the gaps are drawn at the end.
type timeline struct {
	*sheet
	gaps  []*gap
	last  time.Time // of the events
	wrote bool
}

// gap is a time in which something was not recorded, and the event that ended it.
type gap struct {
	model.Loss
	ended string
}

// mostCommands is how many lines of a repair the timeline shows; the page and jsonl have all.
const mostCommands = 6

func (w *timeline) Finding(f model.Finding) error {
	if w.wrote {
		w.blank()
	}
	w.wrote = true
	c := f.Cause
	if f.Revises != "" {
		w.forget(c)
	}
	w.note(c)
	w.title(f)
	if !ours(f) {
		w.say("rule", f.Title)
	}
	if f.Resource.Kind != model.TrailKind {
		w.say("where", "account "+c.Account+", "+c.Region)
	}
	w.say("who", w.who(c))
	if c.Outcome == model.OutcomeSuccess {
		w.say("what", f.Means)
	}
	for _, l := range c.Lost {
		w.say("lost", elsewhere(l, c)+l.String())
	}
	for _, l := range c.Regained {
		w.say("again", elsewhere(l, c)+l.String())
	}
	w.say("why", reason(f))
	for _, v := range verdicts(c) {
		if !strings.Contains(f.Reason, v) {
			w.say("now", v)
		}
	}
	for _, u := range c.Unknown {
		w.say("unknown", u)
	}
	for _, n := range f.Notes {
		w.say("note", n)
	}
	w.commands(f.Fix)
	return w.flush()
}

// reason is why a finding is as severe as it is, and how many events it has.
func reason(f model.Finding) string {
	var parts []string
	if f.Severity != f.Cause.Severity {
		parts = append(parts, fmt.Sprintf("this event is %s, the finding stays %s", f.Cause.Severity, f.Severity))
	}
	if f.Reason != "" {
		parts = append(parts, f.Reason)
	}
	if f.Count > 1 {
		parts = append(parts, fmt.Sprintf("event %d of this finding", f.Count))
	}
	return strings.Join(parts, "; ")
}

// elsewhere names the account that lost something, where it is not the one in which it was called.
func elsewhere(l model.Loss, c *model.Cause) string {
	if len(l.Accounts) == 1 && l.Accounts[0] != c.Account {
		return "in account " + l.Accounts[0] + ": "
	}
	return ""
}

// title is when, how severe, by which detection, and what on what.
func (w *timeline) title(f model.Finding) {
	c := f.Cause
	word, moment := strings.ToUpper(c.Severity.String()), strings.TrimSuffix(model.Moment(c.EventTime), "UTC")
	lead := moment + w.colored(word, max(wordRoom, columns(word)+between))
	indent := columns(moment) + max(wordRoom, columns(word)+between)
	if ours(f) {
		lead += pad(w.clean(f.Rule), ruleRoom)
		indent += max(ruleRoom, columns(f.Rule))
	}
	if w.width-indent < leastTitle { // the words begin on the next line
		w.line(0, strings.TrimRight(lead, " "))
		lead, indent = strings.Repeat(" ", between), between
	}
	head, _, _ := strings.Cut(f.Message, ". ")
	head = strings.TrimSuffix(head, ".")
	if f.Revises != "" {
		head += " (told anew)"
	}
	w.hanging(lead, between, w.wrap(head, w.width-indent, w.width-between))
}

const (
	wordRoom   = len("EXTREME") + between // VERY-HIGH, which only settings give, takes more
	ruleRoom   = len("RTM-101") + between
	keyRoom    = len("unknown") + 2
	leastTitle = 30 // columns, for an event and its trail
)

// say writes one of the lines below a finding, if there is something to say.
func (w *timeline) say(key, text string) {
	if text == "" {
		return
	}
	lead := "  " + pad(key, keyRoom)
	width := w.width - len(lead)
	w.hanging(lead, len(lead), w.wrap(text, width, width))
}

func (w *timeline) commands(fix string) {
	key := "fix"
	n := 0
	for line := range strings.Lines(fix) {
		if n == mostCommands {
			w.say("", "and more: --format jsonl has them all")
			return
		}
		w.raw(0, "  "+pad(key, keyRoom)+strings.TrimSuffix(line, "\n"))
		key = ""
		n++
	}
}

// who is the actor in a line: who, with which key, from where and with what.
func (w *timeline) who(c *model.Cause) string {
	name := c.Actor.ARN
	if part := model.ARNPart(name, 5); part != "" {
		name = part
	}
	if name == "" {
		name = "an actor that the record does not name"
	}
	out := name
	if c.Actor.Account != "" && c.Actor.Account != c.Account {
		out += " of account " + c.Actor.Account
	}
	if c.Actor.AccessKeyID != "" {
		out += ", key " + w.short(c.Actor.AccessKeyID)
	}
	if c.SourceIP != "" {
		out += ", from " + c.SourceIP
	}
	agent, _, _ := strings.Cut(c.UserAgent, " ")
	switch {
	case c.Origin == "unknown" && agent != "":
		out += " with " + agent
	case agent != "" && c.OriginFrom == "userAgent":
		out += " with " + agent + " (" + c.Origin + ")"
	default:
		out += " (" + c.Origin + ")"
	}
	return out
}

// short is an access key's id with enough of it to know it again: ASIA...7Q2. jsonl has the whole of it.
func (w *timeline) short(key string) string {
	const head, tail = 4, 3
	if len(key) <= head+tail+1 {
		return key
	}
	dots := "…"
	if w.style.ASCII {
		dots = "..."
	}
	return key[:head] + dots + key[len(key)-tail:]
}

// ours tells cairn's own detections, which have a page, from a user's rule.
func ours(f model.Finding) bool { return f.Page != "" }

// verdicts are the rules whose verdict changed, those that fail now first: in the account of the call, and how many
// other accounts have any such.
func verdicts(c *model.Cause) []string {
	var out, others []string
	for _, to := range []model.Status{model.StatusFail, model.StatusUnknown, model.StatusPass} {
		var rules []string
		for _, f := range c.Verdicts {
			switch {
			case f.Account != c.Account && !slices.Contains(others, f.Account):
				others = append(others, f.Account)
			case f.Account == c.Account && f.To == to && !slices.Contains(rules, f.Rule):
				rules = append(rules, f.Rule)
			}
		}
		if len(rules) > 0 {
			out = append(out, model.Judged(rules, to))
		}
	}
	if len(others) > 0 {
		out = append(out, "verdicts changed in "+model.Count(len(others), "other account", "other accounts")+", too")
	}
	return out
}

// forget takes back what was said before of an event that is told anew, but for what it says again.
func (w *timeline) forget(c *model.Cause) {
	among := func(told []model.Loss, g *gap) bool {
		return slices.ContainsFunc(told, func(l model.Loss) bool { return g.is(l) })
	}
	for _, g := range w.gaps {
		if g.ended == c.EventID && !among(c.Regained, g) {
			g.ended, g.Until, g.Seconds = "", nil, 0
		}
	}
	w.gaps = slices.DeleteFunc(w.gaps, func(g *gap) bool {
		lone := g.By == "" && g.ended == "" // only its end told of it
		return lone || g.By == c.EventID && !among(c.Lost, g)
	})
}

// is tells that a loss is of this gap.
func (g *gap) is(l model.Loss) bool {
	return g.By == l.By && g.What == l.What && g.Resource == l.Resource && g.Since.Equal(l.Since)
}

// note keeps the gaps that a cause opens and closes.
func (w *timeline) note(c *model.Cause) {
	if c.EventTime.After(w.last) {
		w.last = c.EventTime
	}
	for _, l := range slices.Concat(c.Lost, c.Regained) {
		i := slices.IndexFunc(w.gaps, func(g *gap) bool { return g.is(l) })
		if i < 0 {
			i, w.gaps = len(w.gaps), append(w.gaps, &gap{Loss: l})
		}
		if l.Until != nil {
			*w.gaps[i] = gap{l, c.EventID}
		}
	}
}

// Close draws the gaps. What was read goes to another place: here it would stand in the way of a pipe.
func (w *timeline) Close(WatchSummary) error {
	if len(w.gaps) > 0 {
		w.blank()
		w.draw()
	}
	return w.flush()
}

// The width of a bar: as wide as may be, with room for the first words beside it.
const (
	leastCells = 10
	mostCells  = 40
	besideBar  = 26
)

// draw draws a bar for each gap, all on one scale.
func (w *timeline) draw() {
	from, to := w.gaps[0].Since, w.last
	for _, g := range w.gaps {
		if g.Since.Before(from) {
			from = g.Since
		}
		if g.Until != nil && g.Until.After(to) {
			to = *g.Until
		}
	}
	scale := scaleOf(from, to)
	labels := columns(scale.label(from)+scale.label(to)) + 2 + between
	cells := min(max(w.width-labels-besideBar, leastCells), mostCells)
	on, off := "█", "░"
	if w.style.ASCII {
		on, off = "#", "."
	}
	for _, g := range w.gaps {
		until, still := to, true
		if g.Until != nil {
			until, still = *g.Until, false
		}
		var bar strings.Builder
		for i := range cells {
			begin := scale.from.Add(scale.width / time.Duration(cells) * time.Duration(i)) // divided first: a gap may be years
			end := begin.Add(scale.width / time.Duration(cells))
			if g.Since.Before(end) && (still || until.After(begin)) {
				bar.WriteString(off)
			} else {
				bar.WriteString(on)
			}
		}
		length := model.Span(until.Sub(g.Since)) + " blind"
		if still {
			length = "blind since " + model.Moment(g.Since)
		}
		lead := scale.label(scale.from) + " " + bar.String() + " " + scale.label(scale.from.Add(scale.width)) + strings.Repeat(" ", between)
		w.hanging(lead, between, w.wrap(g.subject()+": "+length, w.width-columns(lead), w.width-between))
	}
}

func (g *gap) subject() string {
	if len(g.Accounts) == 1 {
		return g.What + ", account " + g.Accounts[0]
	}
	return g.What + ", " + model.Count(len(g.Accounts), "account", "accounts")
}

// scale is a stretch of time in whole units that people read easily.
type scale struct {
	from   time.Time
	width  time.Duration
	layout string
}

func (s scale) label(t time.Time) string { return t.UTC().Format(s.layout) }

// scaleOf holds all of a time in whole minutes, hours or days.
func scaleOf(from, to time.Time) scale {
	unit, layout := time.Minute, "15:04"
	switch d := to.Sub(from); {
	case d > 48*time.Hour:
		unit, layout = 24*time.Hour, "2006-01-02"
	case d > 10*time.Minute:
		unit = time.Hour
	}
	begin := from.UTC().Truncate(unit)
	width := to.UTC().Sub(begin).Truncate(unit) + unit
	if layout == "15:04" && begin.Day() != begin.Add(width).Day() {
		layout = "01-02 15:04"
	}
	return scale{begin, width, layout}
}
