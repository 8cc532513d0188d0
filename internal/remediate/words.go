package remediate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// headline is a plan in one line: what changes, what stays, what it costs. Asked values are named by spell.
func (p Plan) headline(spell func(string) string) string {
	var out []string
	for _, d := range p.trails {
		out = append(out, p.sentence(d))
	}
	line := p.Rule.ID + ": " + strings.Join(append(out, p.Costs...), " ")
	return oneLine(p.expand(p.present(line), spell))
}

func (p Plan) sentence(d delta) string {
	if d.want == nil {
		return fmt.Sprintf("deletes trail/%s in %s of account %s again. Keeps its bucket and all that is in it.", d.was.Name, home(d.was), d.was.Owner())
	}
	t := d.want
	where := fmt.Sprintf("trail/%s in %s of account %s", t.Name, home(t), t.Owner())
	if d.was == nil {
		bucket, _ := t.Bucket.Get()
		return fmt.Sprintf("creates %s, which records every Region into bucket %s, and starts it.", where, bucket)
	}
	var does []string
	for _, a := range d.attr {
		does = append(does, says(a, d))
	}
	return fmt.Sprintf("%s: %s. Keeps all else that it has.", where, strings.Join(does, ", "))
}

// says is one change in words.
func says(a model.Attribute, d delta) string {
	value := plainText(a, d.want)
	switch a.Name() {
	case model.Logging.Name():
		if value == no {
			return "stops logging"
		}
		return "starts logging"
	case model.Selectors.Name():
		if manages(d) {
			return "selects every management event"
		}
		return "replaces the event selectors"
	case model.Insights.Name(), model.Tags.Name():
		return "sets " + a.Name()
	}
	if value == "" {
		return "removes " + a.Name()
	}
	return fmt.Sprintf("sets %s to %s", a.Name(), value)
}

// plainText is a value as a person reads it.
func plainText(a model.Attribute, t *model.Trail) string {
	raw := a.JSON(t)
	var s string
	if err := json.Unmarshal(raw, &s); err != nil { // no string
		return string(raw)
	}
	return s
}

// manages tells that the wanted selectors are the old ones with every management event.
func manages(d delta) bool {
	was, ok := d.was.Selectors.Get()
	want, known := d.want.Selectors.Get()
	if !ok || !known {
		return false
	}
	wider, err := was.WithManagement()
	return err == nil && wider.Equal(want)
}

// expand puts the form's spelling where asked values stand.
func (p Plan) expand(s string, spell func(name string) string) string {
	for _, a := range p.Asks {
		s = strings.ReplaceAll(s, rule.Placeholder(a.Name), spell(a.Name))
	}
	return s
}

// asks tells whether a text holds an asked value.
func (p Plan) asks(s string) bool {
	return slices.ContainsFunc(p.Asks, func(a Ask) bool { return strings.Contains(s, rule.Placeholder(a.Name)) })
}

// split cuts a text at its asked values: texts and names in turn, a text first and last.
func (p Plan) split(s string) []string {
	at, name := -1, ""
	for _, a := range p.Asks {
		if i := strings.Index(s, rule.Placeholder(a.Name)); i >= 0 && (at < 0 || i < at) {
			at, name = i, a.Name
		}
	}
	if at < 0 {
		return []string{s}
	}
	return append([]string{s[:at], name}, p.split(s[at+len(rule.Placeholder(name)):])...)
}

// oneLine keeps a name from an account from ending a comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// remark is a text as comment lines.
func remark(s string) string { return wrapped("#", "#", s) }

// hung is a text behind a lead, its further lines below its first word.
func hung(lead, s string) string {
	lead = strings.TrimSuffix(lead, " ")
	return wrapped(lead, strings.Repeat(" ", len(lead)), s)
}

// wrapped is a text in lines, each behind a lead. Most terminals and pages show a line of 100 columns whole.
func wrapped(first, further, s string) string {
	const width = 100
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(oneLine(s)) {
		length := 1 + utf8.RuneCountInString(word)
		switch {
		case column == 0:
			b.WriteString(first)
			column = len(first)
		case column+length > width:
			b.WriteString("\n" + further)
			column = len(further)
		}
		b.WriteString(" " + word)
		column += length
	}
	return b.String()
}

// kebab is an API member as the AWS CLI spells it: CloudWatchLogsRoleArn is cloud-watch-logs-role-arn.
func kebab(member string) string { return words(member, '-') }

// snake is a parameter as a Terraform variable.
func snake(name string) string { return words(name, '_') }

// words puts a separator before each capital but the first. The members of a trail's calls, unlike others of the
// API, have no two capitals in a row.
func words(name string, sep byte) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(sep)
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
