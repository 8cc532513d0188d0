package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
	"cairn.example/internal/yamltree"
)

// Exception accepts the risk of findings until a day, in somebody's name.
type Exception struct {
	Rule     string // id of a rule or detection
	Resource string // pattern of ids, "*" for all
	Account  string // pattern, "*" for all
	Owner    string
	Reason   string
	Expires  time.Time // from then on it counts as none
	Where    string    // file, line and column
}

// Exceptions are those of one file, in its order.
type Exceptions []Exception

func (r *reader) exceptionsFile(n ast.Node) {
	const where = "exceptions"
	switch path, ok := yamltree.Scalar(n); {
	case !ok:
		r.bad(yamltree.Start(n), "%s: want the path of a file, which holds them; this is %s", where, r.Kind(n))
	case path == "" || strings.Contains(path, "\x00"):
		r.bad(yamltree.Start(n), "%s: want the path of a file", where)
	default:
		r.config.Exceptions, r.config.excepted = path, yamltree.Start(n).In(r.name)
	}
}

// ExceptionsFile is the path of the file of exceptions as the process sees it, "" for none.
func (c *Config) ExceptionsFile() string {
	if c.Exceptions == "" {
		return ""
	}
	return within(c.dir, c.Exceptions)
}

// LoadExceptions reads and checks the file of exceptions, where one is named.
func (c *Config) LoadExceptions() (Exceptions, error) {
	path := c.ExceptionsFile()
	if path == "" {
		return nil, nil
	}
	data, err := contents(path, "exceptions")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.excepted, err)
	}
	return ParseExceptions(path, data, c.known.Rules)
}

// ParseExceptions reads a file of exceptions; name stands before each line and column. The errors are all there are, or
// the first one of syntax.
func ParseExceptions(name string, data []byte, rules rule.Registry) (Exceptions, error) {
	const where = "exceptions"
	r := newReader(name, "file of exceptions", "which a file of exceptions does not use", Known{Rules: rules})
	var out Exceptions
	if body := r.document(data); body != nil {
		for _, e := range r.Mapping(body, "the file") {
			if e.Key != where {
				r.bad(e.At, "unknown key %q%s", e.Key, rule.Suggest(e.Key, []string{where}))
				continue
			}
			for _, item := range r.list(e.Value, where, "[{rule: CT-010, owner: NAME, reason: WHY, expires: 2027-01-31}]") {
				out = append(out, r.exception(item))
			}
		}
	}
	if len(r.errs) > 0 {
		return nil, r.all()
	}
	return out, nil
}

// exceptionKey is one thing that an exception says.
type exceptionKey struct {
	key      string
	required bool
	take     func(*Exception, Known, string) error
}

var exceptionKeys = []exceptionKey{
	{"rule", true, func(e *Exception, k Known, text string) error {
		found, err := k.Rules.Lookup(text)
		if err == nil {
			e.Rule = found.ID
		}
		return err
	}},
	{"resource", false, func(e *Exception, k Known, text string) (err error) {
		e.Resource, err = anything(k, text)
		return err
	}},
	{"account", false, func(e *Exception, k Known, text string) (err error) {
		e.Account, err = account(k, text)
		return err
	}},
	{"owner", true, func(e *Exception, _ Known, text string) (err error) {
		e.Owner, err = line(text)
		return err
	}},
	{"reason", true, func(e *Exception, _ Known, text string) (err error) {
		e.Reason, err = line(text)
		return err
	}},
	{"expires", true, func(e *Exception, _ Known, text string) (err error) {
		e.Expires, err = end(text)
		return err
	}},
}

func (r *reader) exception(n ast.Node) Exception {
	const where = "exceptions"
	out := Exception{Resource: "*", Account: "*", Where: yamltree.Start(n).In(r.name)}
	var known []string
	for _, k := range exceptionKeys {
		known = append(known, k.key)
	}
	said := map[string]bool{}
	for _, e := range r.Mapping(n, where) {
		i := slices.Index(known, e.Key)
		if i < 0 {
			r.bad(e.At, "%s: unknown key %q%s", where, e.Key, rule.Suggest(e.Key, known))
			continue
		}
		if e.Value.Type() == ast.NullType {
			continue
		}
		said[e.Key] = true
		if text, ok := r.prose(e.Value, where+"."+e.Key); ok {
			if err := exceptionKeys[i].take(&out, r.known, text); err != nil {
				r.bad(yamltree.Start(e.Value), "%s.%s: %w", where, e.Key, err)
			}
		}
	}
	for _, k := range exceptionKeys {
		if k.required && !said[k.key] && isMapping(n) {
			r.bad(yamltree.Start(n), "%s: says no %s", where, k.key)
		}
	}
	return out
}

// prose takes texts on several lines, too: reasons have room to be told.
func (r *reader) prose(n ast.Node, where string) (string, bool) {
	if block, ok := n.(*ast.LiteralNode); ok && block.Value != nil {
		return block.Value.Value, true
	}
	return r.text(n, where)
}

// line is a text on one line, in which nothing is hidden: it stands in messages.
func line(text string) (string, error) {
	if text = notify.Clean(text); text == "" {
		return "", errors.New("an empty value: somebody must answer for an accepted risk, and say why")
	}
	return text, nil
}

var (
	// firstEnd and lastEnd are the ends that can be written as they are read: as a day with four digits of a year.
	firstEnd = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	lastEnd  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// end reads when an exception ends: at a time, or with a day of UTC.
func end(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if day, wrong := time.Parse(time.DateOnly, text); wrong == nil {
		at, err = day.AddDate(0, 0, 1), nil
	}
	if at = at.UTC(); err != nil || at.Before(firstEnd) || at.After(lastEnd) {
		return time.Time{}, fmt.Errorf("%q is no time: want a day such as 2027-01-31, or 2027-01-31T18:00:00Z", text)
	}
	return at, nil
}

// lastDay is the day whose end a time is, in UTC, where it is one.
func lastDay(at time.Time) (string, bool) {
	return at.AddDate(0, 0, -1).Format(time.DateOnly), at.Equal(at.Truncate(24 * time.Hour))
}

// Covers tells whether the exception is about a finding, be it in force or not.
func (e Exception) Covers(f model.Finding) bool {
	return e.Rule == f.Rule && notify.Fits(e.Resource, f.Resource.ID) && notify.Fits(e.Account, f.Account)
}

// Until says in words when the exception ends.
func (e Exception) Until() string {
	if day, ok := lastDay(e.Expires); ok {
		return day
	}
	return e.Expires.UTC().Format("2006-01-02 15:04:05 UTC")
}

// For is why the risk of a finding is accepted at a time, by the first exception that is about it, and "" where none is.
func (e Exceptions) For(f model.Finding, at time.Time) string {
	for _, one := range e {
		if at.Before(one.Expires) && one.Covers(f) {
			return "accepted by " + one.Owner + " until " + one.Until() + ": " + one.Reason
		}
	}
	return ""
}

// Changes is when the next of them ends after a time, zero where none does.
func (e Exceptions) Changes(after time.Time) time.Time {
	var next time.Time
	for _, one := range e {
		if one.Expires.After(after) && (next.IsZero() || one.Expires.Before(next)) {
			next = one.Expires
		}
	}
	return next
}

// Expired are the exceptions that have ended. They count as none, and somebody should renew or remove them.
func (e Exceptions) Expired(at time.Time) Exceptions {
	return e.that(func(one Exception) bool { return !at.Before(one.Expires) })
}

// Idle are the exceptions that are about none of the findings: what they name is misspelt, or there no more.
func (e Exceptions) Idle(findings []model.Finding) Exceptions {
	return e.that(func(one Exception) bool { return !slices.ContainsFunc(findings, one.Covers) })
}

func (e Exceptions) that(holds func(Exception) bool) Exceptions {
	var out Exceptions
	for _, one := range e {
		if holds(one) {
			out = append(out, one)
		}
	}
	return out
}

// String is the file, one exception a line.
func (e Exceptions) String() string {
	if len(e) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("exceptions:\n")
	for _, one := range e {
		fmt.Fprintf(&b, "  - {rule: %s, resource: %s, ", scalar(one.Rule), strconv.Quote(one.Resource))
		if one.Account != "*" {
			fmt.Fprintf(&b, "account: %s, ", strconv.Quote(one.Account))
		}
		until, isDay := lastDay(one.Expires)
		if !isDay {
			until = strconv.Quote(one.Expires.Format(time.RFC3339Nano))
		}
		fmt.Fprintf(&b, "owner: %s, reason: %s, expires: %s}\n", strconv.Quote(one.Owner), strconv.Quote(one.Reason), until)
	}
	return b.String()
}
