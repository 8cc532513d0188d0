package awsfake

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// key is a command line of the AWS CLI, reduced to what decides its answer.
type key struct {
	Service, Op string              // as the API spells them: cloudtrail, DescribeTrails
	Region      string              // "" answers in every Region
	Account     string              // from --profile; "" is the base account
	Flags       map[string][]string // the others, by name without dashes; no values for a switch
}

var (
	regionForm  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	flagForm    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// ignored flags shape how the CLI works and prints; the value tells how many
// words follow.
var ignored = map[string]int{
	"ca-bundle": 1, "cli-auto-prompt": 0, "cli-binary-format": 1, "cli-connect-timeout": 1, "cli-read-timeout": 1,
	"color": 1, "debug": 0, "endpoint-url": 1, "no-cli-auto-prompt": 0, "no-cli-pager": 0, "no-paginate": 0,
	"no-verify-ssl": 0, "output": 1, "page-size": 1,
}

// refused flags leave out a part of the answer, or take the question from
// elsewhere: what they print cannot stand for what AWS answers.
var refused = []string{
	"cli-input-json", "cli-input-yaml", "generate-cli-skeleton", "max-items", "no-sign-request", "query", "starting-token",
}

// parseKey reads a command line; a leading "aws" is allowed, flags come in any
// order. It returns an error for a command or flag that the fake does not know.
func parseKey(line string) (key, error) {
	words, err := split(line)
	if err != nil {
		return key{}, err
	}
	if len(words) > 0 && words[0] == "aws" {
		words = words[1:]
	}
	k := key{Flags: map[string][]string{}}
	var command []string
	for len(words) > 0 {
		if strings.HasPrefix(words[0], "--") {
			words, err = k.flag(words)
		} else {
			command, words = append(command, words[0]), words[1:]
		}
		if err != nil {
			return key{}, err
		}
	}
	return k.finish(command)
}

// flag takes one flag and its values from the front of words.
func (k *key) flag(words []string) (rest []string, err error) {
	name, value, joined := strings.Cut(words[0][2:], "=")
	rest = words[1:]
	if joined {
		rest = append([]string{value}, rest...)
	}
	if !flagForm.MatchString(name) {
		return nil, fmt.Errorf("%q is not a flag", words[0])
	}
	if slices.Contains(refused, name) {
		return nil, fmt.Errorf("--%s hides a part of the answer or of the question", name)
	}
	count, global := ignored[name]
	if name == "region" || name == "profile" {
		count, global = 1, true
	}
	if !global {
		for count = 0; count < len(rest) && !strings.HasPrefix(rest[count], "--"); {
			count++
		}
	}
	if joined && count == 0 || count > len(rest) {
		return nil, fmt.Errorf("--%s has no value, or one that it does not take", name)
	}
	values := rest[:count:count]
	return rest[count:], k.set(name, values)
}

func (k *key) set(name string, values []string) error {
	if _, twice := k.Flags[name]; twice {
		return fmt.Errorf("--%s stands there twice", name)
	}
	switch _, skip := ignored[name]; {
	case skip:
	case name == "region":
		if !regionForm.MatchString(values[0]) || k.Region != "" {
			return fmt.Errorf("--region %q: one Region is wanted", values[0])
		}
		k.Region = values[0]
	case name == "profile":
		if !accountForm.MatchString(values[0]) || k.Account != "" {
			return fmt.Errorf("--profile %q: the number of one account is wanted", values[0])
		}
		k.Account = values[0]
	default:
		k.Flags[name] = values
	}
	return nil
}

func (k key) finish(command []string) (key, error) {
	if len(command) != 2 {
		return key{}, errors.New("want a service, an operation and flags, as the AWS CLI takes them")
	}
	o, known := operations[command[0]+" "+command[1]]
	if !known {
		return key{}, fmt.Errorf("%q is not a call that can be told", strings.Join(command, " "))
	}
	for name, values := range k.Flags {
		if !o.takes(name, len(values)) {
			return key{}, fmt.Errorf("%s has no flag --%s with %d values (it has: %s)", command[1], name, len(values), o.flags)
		}
	}
	k.Service, k.Op = command[0], camel(command[1])
	return k, nil
}

// String prints the key as a command line, flags in order; parseKey reads it back.
func (k key) String() string {
	words := []string{k.Service, kebab(k.Op)}
	for _, name := range slices.Sorted(maps.Keys(k.Flags)) {
		words = append(words, "--"+name)
		for _, v := range k.Flags[name] {
			words = append(words, quote(v))
		}
	}
	if k.Account != "" {
		words = append(words, "--profile", k.Account)
	}
	if k.Region != "" {
		words = append(words, "--region", k.Region)
	}
	return strings.Join(words, " ")
}

// before orders keys: the more specific one answers, and that order is total.
func (k key) before(o key) int {
	if d := o.constraints() - k.constraints(); d != 0 {
		return d
	}
	if d := len(o.Flags) - len(k.Flags); d != 0 {
		return d
	}
	return strings.Compare(k.String(), o.String())
}

func (k key) constraints() int {
	n := len(k.Flags)
	if k.Region != "" {
		n++
	}
	if k.Account != "" {
		n++
	}
	return n
}
