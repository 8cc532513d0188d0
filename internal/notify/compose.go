package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cairn.example/internal/model"
)

// A message is read on a phone: of commands and losses the first few are told, and how many more there are.
const (
	mostCommands = 6
	mostLosses   = 3
)

// Compose says a notice in words, as of a time.
func Compose(n Notice, now time.Time) Message {
	f := n.About()
	m := Message{
		Key: f.ID, State: n.State, Severity: f.Severity, Test: n.Test, Title: clean(title(f)), At: n.Opened,
		Links: links(f), Repeated: n.Before != "", Notice: n,
	}
	m.Do, m.More = commands(f, n.State)
	m.Blind = clean(blind(n, now))
	if f.RealTime != nil {
		m.At, m.Who = f.Cause.EventTime, clean(who(f.Cause))
	}
	m.Facts = facts(n)
	return m
}

// About is what a message is about: of what is over not the event that ended it, but the one that it is over with.
func (n Notice) About() model.Finding {
	if n.State == Resolved && n.Began != nil {
		return *n.Began
	}
	return n.Finding
}

// title is what happened to what, and in which account.
func title(f model.Finding) string {
	where := ", account " + f.Account
	if f.Account == "" {
		where = ""
	}
	switch {
	case f.RealTime == nil && f.Resource.Kind == model.AccountKind:
		return fmt.Sprintf("%s %s%s", f.Rule, f.Title, where)
	case f.RealTime == nil:
		return fmt.Sprintf("%s %s: %s%s", f.Rule, f.Title, nameOf(f.Resource), where)
	}
	head, _, _ := strings.Cut(f.Message, ". ")
	return strings.TrimSuffix(head, ".") + where
}

// nameOf is a resource as people call it: trail/org-trail.
func nameOf(r model.Ref) string {
	if name := model.ARNName(r.ID); r.Kind == model.TrailKind && name != "" {
		return name
	}
	return r.ID
}

// blind says what is not recorded now and since when, or what was not and how long. Where nothing was lost it says what
// the event means or what the rule found.
func blind(n Notice, now time.Time) string {
	f := n.About()
	switch {
	case f.RealTime == nil:
		return f.Message
	case n.State == Resolved && len(n.Finding.Cause.Regained) > 0:
		return losses(n.Finding.Cause.Regained, now)
	case n.State == Resolved && len(f.Cause.Lost) > 0:
		return ended(f.Cause.Lost, n.Resolved)
	case len(f.Cause.Lost) > 0:
		return losses(f.Cause.Lost, now)
	case f.Cause.Outcome != model.OutcomeSuccess:
		return sentence(f.Cause.Reason)
	}
	return strings.TrimSpace(f.Means + " " + sentence(f.Cause.Reason))
}

// ended says what is no longer so, though the event that the finding tells of is not the one that ended it: of a loss that it
// does not know the end of, that was by then.
func ended(all []model.Loss, by time.Time) string {
	all = slices.Clone(all)
	for i, l := range all {
		if l.Until == nil {
			all[i].Until, all[i].AtMost, all[i].Seconds = &by, true, int64(max(0, by.Sub(l.Since))/time.Second)
		}
	}
	return losses(all, by)
}

func losses(all []model.Loss, now time.Time) string {
	var out []string
	for i, l := range all {
		if i == mostLosses {
			out = append(out, fmt.Sprintf("And %d more.", len(all)-i))
			break
		}
		text := l.String()
		if l.Until == nil && now.After(l.Since) {
			text = strings.TrimSuffix(text, ".") + " (" + model.Span(now.Sub(l.Since)) + " so far)."
		}
		if len(l.Accounts) == 1 && i > 0 && l.Accounts[0] != all[0].Accounts[0] {
			text = "In account " + l.Accounts[0] + ": " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	_, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:size]) + strings.TrimSuffix(text[size:], ".") + "."
}

// who is the actor in a line.
func who(c *model.Cause) string {
	name := cmp.Or(model.ARNPart(c.Actor.ARN, arnResource), c.Actor.ARN, "an actor that the record does not name")
	if c.Actor.Account != "" && c.Actor.Account != c.Account {
		name += " of account " + c.Actor.Account
	}
	if c.SourceIP != "" {
		name += " from " + c.SourceIP
	}
	if c.Origin != "" && c.Origin != "unknown" {
		return name + ", " + c.Origin
	}
	if agent, _, _ := strings.Cut(c.UserAgent, " "); agent != "" {
		name += ", " + agent
	}
	return name
}

// arnResource is the place of an ARN's last part.
const arnResource = 5

// commands are what puts it right, or where to read on, and how many more there are.
func commands(f model.Finding, s State) (first []string, more int) {
	if s == Resolved {
		return nil, 0
	}
	for line := range strings.Lines(f.Fix) {
		if line = clean(line); line != "" {
			first = append(first, line)
		}
	}
	if page := clean(f.Page); len(first) == 0 && page != "" {
		return []string{page}, 0
	}
	kept := min(len(first), mostCommands)
	return first[:kept], len(first) - kept
}

// facts are what somebody looks up: the event, the finding, how often, since when.
func facts(n Notice) []Fact {
	f := n.About()
	var out []Fact
	add := func(name, value string) {
		if value = clean(value); value != "" {
			out = append(out, Fact{name, value})
		}
	}
	add("Account", f.Account)
	add("Region", f.Region)
	if n.State == Resolved {
		add("Resolved", model.Moment(n.Resolved))
		add("Ended by", end(n))
	}
	if f.RealTime != nil {
		add("Time", model.Moment(f.Cause.EventTime))
		if n.State == Open { // of what is over it speaks as if it were so now
			add("Why "+f.Severity.String(), f.Reason)
		}
		add("Event", f.Cause.EventID)
	}
	if n.Count > 1 {
		add("Seen", fmt.Sprintf("%d times", n.Count))
	}
	add("Rule", f.Rule+" "+f.Title)
	add("Finding", f.ID)
	return out
}

// end is what ended a finding of events. Where no event did, nothing says that what it was about is as before.
func end(n Notice) string {
	if n.Finding.RealTime == nil {
		return ""
	}
	last := n.Finding.Cause
	switch {
	case n.Began != nil:
		return last.EventName + ", " + who(last)
	case len(last.Regained) > 0: // its beginning is not known here
		return ""
	case last.Outcome == model.OutcomeSuccess && len(last.Lost) == 0:
		return "time: nothing more was seen of it, which does not say that it is as before"
	case last.Outcome == model.OutcomeSuccess:
		return "no event that is known"
	}
	return "time: nothing more was seen of it"
}

// links are the places in the AWS console where a person goes on.
func links(f model.Finding) []Link {
	host := map[string]string{"aws": "console.aws.amazon.com", "aws-us-gov": "console.amazonaws-us-gov.com", "aws-cn": "console.amazonaws.cn"}[partition(f)]
	if host == "" {
		return nil
	}
	var out []Link
	if f.Resource.Kind == model.TrailKind && regionShape(f.Region) {
		out = append(out, Link{"AWS console, trail", "https://" + f.Region + "." + host + "/cloudtrailv2/home?region=" + f.Region + "#/trails/" + pathEscape(f.Resource.ID)})
	}
	if f.RealTime != nil && regionShape(f.Cause.Region) && idShape(f.Cause.EventID) {
		out = append(out, Link{"AWS console, event", "https://" + f.Cause.Region + "." + host + "/cloudtrailv2/home?region=" + f.Cause.Region + "#/events/" + f.Cause.EventID})
	}
	return out
}

func partition(f model.Finding) string {
	if f.RealTime != nil {
		return cmp.Or(model.ARNPartition(f.Cause.Actor.ARN), model.ARNPartition(f.Resource.ID), "aws")
	}
	return cmp.Or(model.ARNPartition(f.Resource.ID), "aws")
}

func regionShape(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func idShape(s string) bool { return regionShape(strings.ToLower(s)) }

// pathEscape writes what a fragment of an address may not hold as it is.
func pathEscape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && !strings.ContainsRune(`"<>#%{}|\^[]`+"`?&", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// clean is text on one line in which nothing is hidden: names come from whoever made the call.
func clean(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))), " ")
}

// Cut shortens text to at most n characters, at whose end stands an ellipsis.
func Cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:max(0, n-1)]) + "…"
}
