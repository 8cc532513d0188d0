package report

import (
	"cmp"
	"fmt"
	"strings"

	"cairn.example/internal/model"
)

// The words that stand before a verdict that is no failure; a failure's word is its severity.
const (
	wordUnknown = "UNKNOWN"
	wordPass    = "PASS"
	wordNone    = "N/A"
)

func wordOf(f *model.Finding) string {
	switch f.Status {
	case model.StatusFail:
		return strings.ToUpper(f.Severity.String())
	case model.StatusPass:
		return wordPass
	case model.StatusNotApplicable:
		return wordNone
	case model.StatusUnknown:
	}
	return wordUnknown
}

// caller is who read an account, as short as people say it: role/Audit, user/alice, root.
func caller(arn string) string {
	kind, name, found := strings.Cut(afterAccount(arn), "/")
	switch {
	case kind == "":
		return arn
	case !found:
		return kind
	case kind == "assumed-role": // the session's name follows, which says less
		role, _, _ := strings.Cut(name, "/")
		return "role/" + role
	}
	return kind + "/" + name[strings.LastIndex(name, "/")+1:]
}

// resource names what a finding is about: account, or trail/main, eu-west-1.
func resource(f *model.Finding) string {
	if f.Resource.Kind == model.AccountKind {
		return "account"
	}
	name := f.Resource.ID
	if f.Resource.Kind == model.TrailKind {
		name = trail(name)
	}
	if owner := model.ARNAccount(f.Resource.ID); owner != "" && owner != f.Account {
		name += " of " + owner
	}
	if f.Region != "" {
		name += ", " + f.Region
	}
	return name
}

// trail is trail/main for a trail's ARN.
func trail(arn string) string { return cmp.Or(afterAccount(arn), arn) }

// afterAccount is the resource inside an ARN, its last part.
func afterAccount(arn string) string {
	const place = 5 // arn:partition:service:region:account:resource
	return model.ARNPart(arn, place)
}

// sentence ends a text with a full stop, where it has no end yet.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// opened begins a text with a capital, unless its first word is a name.
func opened(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if word == "" || strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// some lists names, the first few of many: "a, b and c".
func some(names []string) string {
	const few = 5
	last := len(names) - 1
	switch {
	case last < 1:
		return strings.Join(names, "")
	case last > few:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
