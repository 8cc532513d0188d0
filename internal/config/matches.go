package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
	"cairn.example/internal/yamltree"
)

// criterion is a list of patterns by which findings are chosen. What can never match is a mistake, since a route that
// matches nothing looks like one that had nothing to tell.
type criterion struct {
	key, such string
	of        func(*notify.Match) *[]string
	take      func(Known, string) (string, error)
}

var criteria = []criterion{
	{"accounts", "[\"1111*\"]", func(m *notify.Match) *[]string { return &m.Accounts }, account},
	{"regions", "[eu-west-1]", func(m *notify.Match) *[]string { return &m.Regions }, region},
	{"services", "[cloudtrail]", func(m *notify.Match) *[]string { return &m.Services }, service},
	{"rules", "[CT-013]", func(m *notify.Match) *[]string { return &m.Rules }, ruleOrPattern},
	{"categories", "[security]", func(m *notify.Match) *[]string { return &m.Categories }, category},
	{"tags", "[\"env=prod\"]", func(m *notify.Match) *[]string { return &m.Tags }, anything},
	{"standards", "[cis-aws-5.0.0]", func(m *notify.Match) *[]string { return &m.Standards }, standard},
	{"resources", "[\"*:trail/org-*\"]", func(m *notify.Match) *[]string { return &m.Resources }, anything},
}

const statusesKey = "statuses"

func matchKeys() []string {
	var out []string
	for _, c := range criteria {
		out = append(out, c.key)
	}
	return append(out, severityKey, statusesKey)
}

// holdsAll tells whether a match asks for nothing.
func holdsAll(m notify.Match) bool {
	asks := func(c criterion) bool { return len(*c.of(&m)) > 0 }
	return m.Severity == 0 && len(m.Statuses) == 0 && !slices.ContainsFunc(criteria, asks)
}

// criterion reads one key of a match. It is false where a match has no such key.
func (r *reader) criterion(m *notify.Match, e yamltree.Entry, where string) bool {
	where += "." + e.Key
	switch e.Key {
	case severityKey:
		r.least(m, e.Value, where)
		return true
	case statusesKey:
		for _, s := range r.words(e.Value, where, "[fail, unknown]", status) {
			m.Statuses = append(m.Statuses, model.Status(s))
		}
		return true
	}
	i := slices.IndexFunc(criteria, func(c criterion) bool { return c.key == e.Key })
	if i < 0 {
		return false
	}
	c := criteria[i]
	*c.of(m) = r.words(e.Value, where, c.such, func(text string) (string, error) { return c.take(r.known, text) })
	return true
}

func (r *reader) least(m *notify.Match, n ast.Node, where string) {
	text, ok := r.text(n, where)
	if !ok {
		return
	}
	severity, err := model.ParseSeverity(text)
	if err != nil {
		r.bad(yamltree.Start(n), "%s: %w", where, err)
	}
	m.Severity = severity
}

// words reads a list of words, each once. An empty list would mean all, which nobody writes on purpose.
func (r *reader) words(n ast.Node, where, such string, take func(string) (string, error)) []string {
	items := r.list(n, where, such)
	if kind := n.Type(); len(items) == 0 && (kind == ast.SequenceType || kind == ast.NullType) {
		r.bad(yamltree.Start(n), "%s: an empty list: want one such as %s", where, such)
	}
	var out []string
	for _, item := range items {
		text, ok := r.text(item, where)
		if !ok {
			continue
		}
		switch word, err := take(text); {
		case err != nil:
			r.bad(yamltree.Start(item), "%s: %w", where, err)
		case slices.Contains(out, word):
			r.bad(yamltree.Start(item), "%s: %s stands twice", where, word)
		default:
			out = append(out, word)
		}
	}
	return out
}

func isPattern(text string) bool { return strings.ContainsAny(text, "*?") }

var (
	accountShape   = regexp.MustCompile(`^[0-9]{12}$`)
	accountPattern = regexp.MustCompile(`^[0-9*?]+$`)
	regionPattern  = regexp.MustCompile(`^[a-z0-9*?-]+$`)
	servicePattern = regexp.MustCompile(`^[A-Za-z0-9*?-]+$`)
)

func account(_ Known, text string) (string, error) {
	if accountShape.MatchString(text) || isPattern(text) && accountPattern.MatchString(text) {
		return text, nil
	}
	return "", fmt.Errorf("%q is no account: want 12 digits, or a pattern such as 1111*", text)
}

// CheckAccount refuses a pattern that no account can fit.
func CheckAccount(pattern string) error {
	_, err := account(Known{}, pattern)
	return err
}

func region(_ Known, text string) (string, error) {
	if regionShape.MatchString(text) || isPattern(text) && regionPattern.MatchString(text) {
		return text, nil
	}
	return "", fmt.Errorf("%q is not shaped like a Region: want one such as eu-south-2, or a pattern such as eu-*", text)
}

func service(k Known, text string) (string, error) {
	if !servicePattern.MatchString(text) {
		return "", fmt.Errorf("%q is no service: want one as resources have it, such as cloudtrail, s3 or kms", text)
	}
	fits := func(id string) bool { return notify.Fits(text, id) }
	if len(k.Services) > 0 && !slices.ContainsFunc(k.Services, fits) {
		return "", fmt.Errorf("no rule or detection is about the service %q%s%s", text, wanted(k.Services), rule.Suggest(text, k.Services))
	}
	return text, nil
}

// ruleOrPattern gives a rule's id, which findings have, for whichever name it is called by. A pattern is left as it is:
// users' own Sigma rules have ids that nobody knows here.
func ruleOrPattern(k Known, text string) (string, error) {
	if !isPattern(text) {
		found, err := k.Rules.Lookup(text)
		if err != nil {
			return "", err
		}
		return found.ID, nil
	}
	var called []string
	for _, r := range k.Rules {
		if notify.Fits(text, r.ID) {
			return text, nil
		}
		if slices.ContainsFunc(r.Aliases, func(alias string) bool { return notify.Fits(text, alias) }) {
			called = append(called, r.ID)
		}
	}
	if len(called) > 0 {
		return "", fmt.Errorf("%q fits other tools' names alone, and a pattern is of ids: want %s", text, strings.Join(called, ", "))
	}
	return text, nil
}

// category takes a category that some rule has.
func category(k Known, text string) (string, error) {
	var known []string
	for _, r := range k.Rules {
		for _, c := range r.Categories {
			if !slices.Contains(known, string(c)) {
				known = append(known, string(c))
			}
		}
	}
	slices.Sort(known)
	if slices.ContainsFunc(known, func(c string) bool { return notify.Fits(text, c) }) {
		return text, nil
	}
	return "", fmt.Errorf("no rule is of the category %q%s%s", text, wanted(known), rule.Suggest(text, known))
}

func standard(k Known, text string) (string, error) {
	fits := func(id string) bool { return notify.Fits(text, id) }
	if text != "" && (len(k.Standards) == 0 || slices.ContainsFunc(k.Standards, fits)) {
		return text, nil
	}
	meant := rule.Suggest(text, k.Standards)
	if meant == "" {
		meant = "; cairn frameworks lists them"
	}
	return "", fmt.Errorf("no standard %q%s", text, meant)
}

func status(text string) (string, error) {
	return oneOf(text, []string{string(model.StatusFail), string(model.StatusUnknown)}) // nobody is ever told of the others
}

func anything(_ Known, text string) (string, error) {
	if text == "" {
		return "", errors.New("an empty value names nothing")
	}
	return text, nil
}

// oneOf takes one of some words.
func oneOf(text string, known []string) (string, error) {
	if slices.Contains(known, text) {
		return text, nil
	}
	return "", fmt.Errorf("%q is not one of its values: want %s%s", text, either(known), rule.Suggest(text, known))
}
