package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
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
	Forgotten  int     `json:"forgotten,omitempty"` // of the judged, see detect.Counts
	Files      int     `json:"files"`               // objects that were read
	Bytes      int64   `json:"bytes"`               // after decompression
	Seconds    float64 `json:"seconds"`
}

// Watcher writes findings as they come, and at last what was read. Those that are not shown count all the same: they
// may begin or end the gap of one that is.
type Watcher interface {
	Finding(f model.Finding, shown bool) error
	Step(s Step) error
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

func (w *watchLines) Finding(f model.Finding, shown bool) error {
	if !shown {
		return nil
	}
	return w.jsonlWriter.Finding(f)
}

func (w *watchLines) Close(s WatchSummary) error {
	return w.line(struct {
		Schema  string       `json:"schema"`
		Summary WatchSummary `json:"summary"`
	}{watchSchema, s})
}

// timeline is for people. Each finding is written at once; the gaps are drawn at the end.
type timeline struct {
	*sheet
	told  map[telling]*model.Cause // of findings that lost or regained something
	last  time.Time                // of the events
	wrote bool
	shown map[gapKey]bool // gaps that a finding began or ended which was shown
}

// telling is what one finding says of one event. What is told anew takes the place of what was told before.
type telling struct{ account, event, finding string }

// A finding is a screen at most: how many commands of a repair are shown, and how many lines of a kind.
const (
	mostCommands = 6
	mostOfAKind  = 4
)

func (w *timeline) Finding(f model.Finding, shown bool) error {
	w.note(f)
	if !shown {
		return nil
	}
	w.show(f.Cause)
	if w.wrote {
		w.blank()
	}
	w.wrote = true
	w.title(f)
	if f.Status == model.StatusPass {
		w.say("why", f.Reason)
		return w.flush()
	}
	w.say("rule", ruleOf(f))
	c := f.Cause
	if f.Fix == "" || f.Resource.Kind != model.TrailKind || model.ARNAccount(f.Resource.ID) != c.Account {
		w.say("where", "account "+c.Account+", "+c.Region)
	}
	w.say("who", w.who(c))
	if c.Outcome == model.OutcomeSuccess {
		w.say("what", f.Means)
	}
	w.say(w.changed(f))
	w.each("lost", losses(c.Lost, c))
	w.each("again", losses(c.Regained, c))
	w.say("why", reason(f))
	for _, v := range verdicts(c) {
		if !strings.Contains(c.Reason, v) {
			w.say("now", v)
		}
	}
	w.each("unknown", c.Unknown)
	w.each("note", f.Notes)
	w.commands(f)
	if f.Fix == "" && ours(f) && c.Outcome == model.OutcomeSuccess && c.Severity >= model.Medium && len(c.Regained) == 0 {
		w.say("read", f.Page)
	}
	return w.flush()
}

// ruleOf names a user's rule, which has no page, and who wrote it: licences of rules ask for that.
func ruleOf(f model.Finding) string {
	switch {
	case ours(f):
		return ""
	case f.Author == "":
		return f.Title
	}
	return f.Title + ", by " + f.Author
}

// losses are what an event lost or regained, a sentence each. The last that no trail records says of what that is not
// the proof.
func losses(all []model.Loss, c *model.Cause) []string {
	out, proven := make([]string, len(all)), -1
	for i, l := range all {
		out[i] = elsewhere(l, c) + l.String()
		if l.Resource == "" && l.Until == nil && i < mostOfAKind {
			proven = i
		}
	}
	if proven >= 0 {
		out[proven] += " Event data stores are not counted."
	}
	return out
}

// reason is why an event is as severe as it is, and what the finding comes to with it.
func reason(f model.Finding) string {
	var parts []string
	if f.Cause.Reason != "" {
		parts = append(parts, f.Cause.Reason)
	}
	finding := "this finding"
	if f.Count > 1 {
		finding = fmt.Sprintf("event %d of this finding", f.Count)
	}
	switch {
	case f.Severity != f.Cause.Severity:
		finding += fmt.Sprintf(", which stays %s", f.Severity)
		if f.Reason != "" {
			finding += ": " + f.Reason
		}
		parts = append(parts, finding)
	case f.Count > 1:
		parts = append(parts, finding)
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
	word, rule := strings.ToUpper(c.Severity.String()), ""
	if f.Status == model.StatusPass {
		word = wordPass
	}
	if ours(f) {
		rule = f.Rule
	}
	head, _, _ := strings.Cut(f.Message, ". ")
	head = strings.TrimSuffix(head, ".")
	switch {
	case f.Status == model.StatusPass:
		head += " (taken back)"
	case f.Revises != "":
		head += " (told anew)"
	}
	w.entry(c.EventTime, word, rule, head)
}

// entry is the first line of what is told: when, how severe, by which rule, and what.
func (w *timeline) entry(at time.Time, word, rule, head string) {
	moment := strings.TrimSuffix(model.Moment(at), "UTC")
	lead := moment + w.colored(word, max(wordRoom, columns(word)+between))
	indent := columns(moment) + max(wordRoom, columns(word)+between)
	if rule != "" {
		lead += pad(w.clean(rule), ruleRoom)
		indent += max(ruleRoom, columns(rule))
	}
	if w.width-indent < leastTitle { // the words begin on the next line
		w.line(0, strings.TrimRight(lead, " "))
		lead, indent = strings.Repeat(" ", between), between
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

// each says what there is of a kind, up to a bound.
func (w *timeline) each(key string, texts []string) {
	for i, text := range texts {
		if i == mostOfAKind {
			w.say(key, fmt.Sprintf("and %d more (jsonl)", len(texts)-i))
			return
		}
		w.say(key, text)
	}
}

// commands is the repair. Where the trail is another account's than the caller's, it says which account's.
func (w *timeline) commands(f model.Finding) {
	lines := slices.Collect(strings.Lines(f.Fix))
	if len(lines) > mostCommands {
		lines = append(lines[:mostCommands], fmt.Sprintf("# and %d more (jsonl)", len(lines)-mostCommands))
	}
	if owner := ownerOf(f); f.RealTime != nil && len(lines) > 0 && owner != "" && (owner != f.Account || f.Cause.Actor.Account != "" && owner != f.Cause.Actor.Account) {
		lines = slices.Insert(lines, 0, "# in account "+owner)
	}
	key := "fix"
	for _, line := range lines {
		w.raw(0, "  "+pad(key, keyRoom)+strings.TrimSuffix(line, "\n"))
		key = ""
	}
}

// ownerOf is the account of the trail that a finding is about, or that its event changed.
func ownerOf(f model.Finding) string {
	if f.Resource.Kind == model.TrailKind {
		return model.ARNAccount(f.Resource.ID)
	}
	if f.RealTime == nil {
		return ""
	}
	for _, e := range f.Cause.Changes {
		return model.ARNAccount(e.Resource)
	}
	return ""
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
func (w *timeline) short(key string) string { return w.cut(key, 4, 3) }

// cut leaves out the middle of an id.
func (w *timeline) cut(id string, head, tail int) string {
	dots := "…"
	if w.style.ASCII {
		dots = "..."
	}
	if len(id) <= head+tail+1 {
		return id
	}
	return id[:head] + dots + id[len(id)-tail:]
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

// note keeps what a finding says of the gaps, until it is told anew.
func (w *timeline) note(f model.Finding) {
	c := f.Cause
	if c.EventTime.After(w.last) {
		w.last = c.EventTime
	}
	if w.told == nil {
		w.told = map[telling]*model.Cause{}
	}
	key := telling{c.Account, c.EventID, f.ID}
	delete(w.told, key)
	if f.Status != model.StatusPass && len(c.Lost)+len(c.Regained) > 0 {
		w.told[key] = c
	}
}

// show notes of which gaps something was shown.
func (w *timeline) show(c *model.Cause) {
	if w.shown == nil {
		w.shown = map[gapKey]bool{}
	}
	for _, l := range apart(slices.Concat(c.Lost, c.Regained)) {
		w.shown[key(l)] = true
	}
}

// drawn are the gaps of which something was shown.
func (w *timeline) drawn() []*gap {
	return slices.DeleteFunc(gaps(w.causes()), func(g *gap) bool {
		return !slices.ContainsFunc(apart([]model.Loss{g.Loss}), func(l model.Loss) bool { return w.shown[key(l)] })
	})
}

// causes are what was told, in the order of the events.
func (w *timeline) causes() []*model.Cause {
	keys := slices.Collect(maps.Keys(w.told))
	slices.SortFunc(keys, func(a, b telling) int {
		return cmp.Or(w.told[a].EventTime.Compare(w.told[b].EventTime), strings.Compare(a.account, b.account),
			strings.Compare(a.event, b.event), strings.Compare(a.finding, b.finding))
	})
	out := make([]*model.Cause, len(keys))
	for i, k := range keys {
		out[i] = w.told[k]
	}
	return out
}

// Close draws the gaps. What was read goes to another place: here it would stand in the way of a pipe.
func (w *timeline) Close(WatchSummary) error {
	if all := w.drawn(); len(all) > 0 {
		if w.wrote {
			w.blank()
		}
		w.draw(all)
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
func (w *timeline) draw(all []*gap) {
	from, to := all[0].Since, w.last
	for _, g := range all {
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
	for _, g := range all {
		lead := scale.label(scale.from) + " " + w.bar(g, scale, cells, to) + " " + scale.label(scale.from.Add(scale.width)) + strings.Repeat(" ", between)
		w.hanging(lead, between, w.wrap(g.subject()+": "+g.length(), w.width-columns(lead), w.width-between))
	}
}

// The cells of a bar: recorded, not recorded, and perhaps not, since another trail may record the same.
var (
	cellsUnicode = [3]string{"█", "░", "▒"}
	cellsASCII   = [3]string{"#", ".", "?"}
)

func (w *timeline) bar(g *gap, s scale, cells int, last time.Time) string {
	marks := cellsUnicode
	if w.style.ASCII {
		marks = cellsASCII
	}
	on, off := marks[0], marks[1]
	if g.perhaps() {
		off = marks[2]
	}
	until, still := last, true
	if g.Until != nil {
		until, still = *g.Until, false
	}
	var bar strings.Builder
	for i := range cells {
		begin := s.from.Add(s.width / time.Duration(cells) * time.Duration(i)) // divided first: a gap may be years
		end := begin.Add(s.width / time.Duration(cells))
		if g.Since.Before(end) && (still || until.After(begin)) {
			bar.WriteString(off)
		} else {
			bar.WriteString(on)
		}
	}
	return bar.String()
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
