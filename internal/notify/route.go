package notify

import (
	"path"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// Match says which findings are meant, by Conformity's filters. Of each field that is set one value must match, and
// values may hold * and ?.
type Match struct {
	Accounts   []string       `json:"accounts,omitempty"`
	Regions    []string       `json:"regions,omitempty"`
	Services   []string       `json:"services,omitempty"` // of the resource, as its kind has it: cloudtrail, s3, kms
	Rules      []string       `json:"rules,omitempty"`    // ids of rules and detections
	Categories []string       `json:"categories,omitempty"`
	Severity   model.Severity `json:"severity,omitempty"` // this one or worse; 0 is any
	Tags       []string       `json:"tags,omitempty"`     // of the resource: key, value or key=value
	Standards  []string       `json:"standards,omitempty"`
	Statuses   []model.Status `json:"statuses,omitempty"` // empty: fail
	Resources  []string       `json:"resources,omitempty"`
	Findings   []string       `json:"findings,omitempty"` // ids
}

// Traits are what of a finding's rule and resource may be asked for, and the finding does not say.
type Traits struct {
	Categories []string
	Tags       []string // key=value
}

// Holds tells whether a finding is meant.
func (m Match) Holds(f model.Finding, t Traits) bool {
	return any1(m.Accounts, f.Account) && any1(m.Regions, f.Region) && any1(m.Services, serviceOf(f)) && any1(m.Rules, f.Rule) &&
		f.Severity >= m.Severity && any1(m.Resources, f.Resource.ID) && any1(m.Findings, f.ID) &&
		anyOf(m.Categories, t.Categories) && anyOf(m.Tags, tagWords(t.Tags)) && anyOf(m.Standards, standards(f)) && m.status(f)
}

func (m Match) status(f model.Finding) bool {
	if len(m.Statuses) == 0 {
		return f.Status == model.StatusFail
	}
	return slices.Contains(m.Statuses, f.Status)
}

// any1 tells whether one of the patterns fits a value; none at all fit everything.
func any1(patterns []string, value string) bool { return anyOf(patterns, []string{value}) }

func anyOf(patterns, values []string) bool {
	if len(patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return Fits(p, v) })
	})
}

// Fits tells whether a value is as a pattern has it, without regard to case: * is any text, ? one letter, and a slash a
// letter like any other.
func Fits(pattern, value string) bool {
	flat := strings.NewReplacer("/", "\x00", "[", `\[`, `\`, `\\`)
	ok, err := path.Match(flat.Replace(strings.ToLower(pattern)), strings.ReplaceAll(strings.ToLower(value), "/", "\x00"))
	return ok && err == nil
}

// serviceOf is the service in a resource's kind: cloudtrail of AWS::CloudTrail::Trail. An account's findings are of
// CloudTrail, which is what they are about.
func serviceOf(f model.Finding) string {
	parts := strings.Split(f.Resource.Kind, "::")
	if len(parts) < 2 || parts[1] == "" {
		return "cloudtrail"
	}
	return strings.ToLower(parts[1])
}

func tagWords(tags []string) []string {
	out := slices.Clone(tags)
	for _, t := range tags {
		key, value, _ := strings.Cut(t, "=")
		out = append(out, key, value)
	}
	return out
}

func standards(f model.Finding) []string {
	var out []string
	for _, c := range f.Controls {
		out = append(out, c.Framework)
	}
	return out
}

// Routed is a channel that a finding goes to.
type Routed struct {
	Channel string
	Edits   bool          // see Kind
	Repeat  time.Duration // between two messages that say only that it was seen again
}

// Route sends findings to channels.
type Route struct {
	Match
	Channels []string
	Repeat   time.Duration // 0: the general one
}

// Routes say where findings go.
type Routes struct {
	Channels map[string]Kind // by the names of cairn.yaml
	List     []Route         // none: everything goes to every channel
	Repeat   time.Duration
	Traits   func(model.Finding) Traits // may be nil
}

const (
	// DefaultRepeat is Alertmanager's repeat_interval.
	DefaultRepeat = 4 * time.Hour
	// DefaultQuiet is Conformity's ttl of real-time findings.
	DefaultQuiet = 72 * time.Hour
)

// Route gives the channels that a finding goes to, each once, by the first route that names it. What cairn finds of a
// channel goes to all others.
func (r Routes) Route(f model.Finding) []Routed {
	if f.Resource.Kind == ChannelKind {
		return r.others(f.Resource.ID)
	}
	list := r.List
	if len(list) == 0 {
		list = []Route{{Channels: r.names()}}
	}
	var out []Routed
	t := Traits{}
	if r.Traits != nil {
		t = r.Traits(f)
	}
	for _, one := range list {
		if !one.Holds(f, t) {
			continue
		}
		for _, name := range one.Channels {
			if !slices.ContainsFunc(out, func(o Routed) bool { return o.Channel == name }) {
				out = append(out, r.routed(name, one.Repeat))
			}
		}
	}
	return out
}

// ChannelKind is the kind of resource that a channel is, in what cairn finds of it.
const ChannelKind = "Cairn::Notify::Channel"

func (r Routes) others(name string) []Routed {
	var out []Routed
	for _, other := range r.names() {
		if other != name {
			out = append(out, r.routed(other, 0))
		}
	}
	return out
}

func (r Routes) names() []string {
	var out []string
	for name := range r.Channels {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (r Routes) routed(name string, repeat time.Duration) Routed {
	if repeat == 0 {
		repeat = r.Repeat
	}
	return Routed{name, r.Channels[name].Edits, repeat}
}

// Channel gives a channel of that name, if there is one.
func (r Routes) Channel(name string) (Routed, bool) {
	if _, ok := r.Channels[name]; !ok {
		return Routed{}, false
	}
	return r.routed(name, 0), true
}

// Silence keeps findings from being told for a time. What was told of them before is still brought to its end.
type Silence struct {
	ID     string    `json:"id"`
	Match  Match     `json:"match"`
	Begins time.Time `json:"begins"`
	Ends   time.Time `json:"ends"`
	Owner  string    `json:"owner"`
	Reason string    `json:"reason"`
}

// Inhibition keeps findings from being told while another is open that says more.
type Inhibition struct {
	Source, Target Match
	Equal          []string // fields in which both must be the same: account, region, resource, rule
}

// Delivery is what a channel is owed of a finding, and what it shows.
type Delivery struct {
	Channel  string
	Notice   Notice // as the finding stands
	Owed     int64  // the version that it should show
	Shown    int64  // the one that it shows, 0 for none
	Before   State  // what it shows
	Was      model.Severity
	ShownAt  time.Time
	Due      time.Time
	Attempts int
	Ref      string
	Error    string // of the last attempt
	Dead     bool   // it will never be taken as it is
	Lease    Lease  // by which it was taken, where it was
}

// Lease is what a worker holds of a delivery: nobody else brings it until that time, or until another took the lease.
type Lease struct {
	Worker string
	Until  time.Time
	Begun  bool // who had it before did not say what became of it: it may have been brought
}

// Fields are what an inhibition may want to be equal.
var Fields = []string{"account", "region", "resource", "rule"}

// Same tells whether two findings are equal in the fields of an inhibition.
func (i Inhibition) Same(a, b model.Finding) bool {
	return !slices.ContainsFunc(i.Equal, func(field string) bool { return !same(field, &a, &b) })
}

func same(field string, a, b *model.Finding) bool {
	switch field {
	case "account":
		return a.Account == b.Account
	case "region":
		return a.Region == b.Region
	case "resource":
		return a.Resource == b.Resource
	case "rule":
		return a.Rule == b.Rule
	}
	return false
}
