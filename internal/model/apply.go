package model

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/coverage"
)

// ControlCall is a call that may have changed a trail, as a record tells it or as it was sent. It succeeded: a refused
// call changed nothing and is not to be applied.
type ControlCall struct {
	Service         string // cloudtrail, or as a record's eventSource spells it
	Op              string // StopLogging
	Account, Region string // whose call (a record's recipientAccountId), and where
	ID              string // a record's eventID: only the order and the search for duplicates look at it
	At              time.Time
	ReadOnly        bool   // a record's readOnly
	Category        string // a record's eventCategory; "" is Management
	// The bodies, their members spelled as the API does (IsMultiRegionTrail) or as records do (isMultiRegionTrail).
	Request, Response json.RawMessage
}

// The codes of gaps that calls leave.
const (
	GapUnknownCall  = "UnknownCall"  // an operation that is not known: what it may have changed is unknown
	GapUnreadable   = "Unreadable"   // members that are missing or not understood: what they set is unknown
	GapUnannounced  = "Unannounced"  // the call contradicts the state: something changed before it that no call told
	GapAssumed      = "Assumed"      // the state rests on an assumption
	GapOrganization = "Organization" // an organization's trail may or may not reach the account
)

// Apply does to the account what the call did; it is the one place that knows. A Create, an Update or a Put takes the
// new state from the response, in which a text that is absent is none. Without a response only the members that were
// sent are known, with what AWS makes of them and, for a Create, its documented defaults; the rest stays as it was.
// What cannot be read becomes unknown, with a gap that says so, and so does all that an operation which is not known
// may have touched. Gaps also say where the call does not fit the state.
//
// A trail of another account is only changed where this account sees it. Calls of other accounts are best applied
// only where they come from the owner of an organization's trail or a delegated administrator. Names, aliases and
// identifiers of keys and topics stay as they were sent, where no response gives their ARN.
func (a *Account) Apply(c ControlCall) []Gap {
	return a.reduce(c, func(o operation) move { return o.apply })
}

// reducer is one call on its way into an account.
type reducer struct {
	account   *Account
	call      ControlCall
	req, resp body
	arn       string // of the trail; "" when it cannot be told
	foreign   bool   // the call is about something that is no trail
	move      move
	gaps      []Gap
}

// move is what an operation does in one direction of time.
type move struct {
	do      func(*reducer)
	changes []Attribute // all that it may change of a trail
	appears bool        // the owner may have a trail afterwards that it had not before
	// joins is whether a member of the owner's organization may see such a trail; nil: no.
	joins func(*reducer) Tri
}

// operation is one API operation that changes trails.
type operation struct {
	name          string
	rank          int // within a second
	apply, rewind move
}

// The ranks of operations within a second. Records tell no finer time, so what leaves less recorded comes last.
const (
	rankCreate = iota
	rankSet
	rankStart
	rankStop
	rankDelete
)

// everything that a call can change: where a trail lives is in its ARN.
var everything = slices.DeleteFunc(slices.Clone(Attributes), func(a Attribute) bool { return a.Name() == HomeRegion.Name() })

var switches = []Attribute{Logging, StartedAt, StoppedAt}

// operations are those that change trails. Apart from CreateTrail, each is accepted in the trail's home Region only.
var operations = []operation{
	{
		name: "CreateTrail", rank: rankCreate,
		apply:  move{do: (*reducer).create, appears: true, joins: (*reducer).organization},
		rewind: move{do: (*reducer).remove, changes: everything},
	},
	{
		name: "UpdateTrail", rank: rankSet,
		apply:  move{do: (*reducer).update, changes: settings, joins: (*reducer).organization},
		rewind: move{do: (*reducer).unset, changes: settings, joins: (*reducer).organized},
	},
	sets("PutEventSelectors", Selectors, (*reducer).putSelectors),
	sets("PutInsightSelectors", Insights, (*reducer).putInsights),
	sets("AddTags", Tags, (*reducer).addTags),
	sets("RemoveTags", Tags, (*reducer).removeTags),
	{
		name: "StartLogging", rank: rankStart,
		apply:  move{do: (*reducer).start, changes: switches},
		rewind: move{do: (*reducer).unstart, changes: switches},
	},
	{
		name: "StopLogging", rank: rankStop,
		apply:  move{do: (*reducer).stop, changes: switches},
		rewind: move{do: (*reducer).unstop, changes: switches},
	},
	{
		name: "DeleteTrail", rank: rankDelete,
		apply:  move{do: (*reducer).remove, changes: everything},
		rewind: move{do: (*reducer).restore, appears: true, joins: perhaps},
	},
}

// sets is an operation that replaces one attribute, or a part of it. What was there before is not told.
func sets(name string, a Attribute, do func(*reducer)) operation {
	only := []Attribute{a}
	return operation{name, rankSet, move{do: do, changes: only}, move{do: (*reducer).unput, changes: only}}
}

// apart are operations that change something in CloudTrail which is no trail, or nothing that is kept of trails.
var apart = []string{
	"CancelQuery", "CreateChannel", "CreateDashboard", "CreateEventDataStore", "CreateServiceLinkedChannel", "DeleteChannel",
	"DeleteDashboard", "DeleteEventDataStore", "DeleteResourcePolicy", "DeleteServiceLinkedChannel",
	"DeregisterOrganizationDelegatedAdmin", "DisableFederation", "EnableFederation", "GenerateQuery",
	"GenerateQueryResultsSummary", "PutAuditEvents", "PutEventConfiguration", "PutResourcePolicy",
	"RegisterOrganizationDelegatedAdmin", "RestoreEventDataStore", "SearchSampleQueries", "StartDashboardRefresh",
	"StartEventDataStoreIngestion", "StartImport", "StartQuery", "StopEventDataStoreIngestion", "StopImport", "UpdateChannel",
	"UpdateDashboard", "UpdateEventDataStore", "UpdateServiceLinkedChannel",
}

// operationOf is the operation of a call; one that is not known may have changed anything.
func operationOf(name string) operation {
	if i := slices.IndexFunc(operations, func(o operation) bool { return o.name == name }); i >= 0 {
		return operations[i]
	}
	whatever := move{(*reducer).unknown, everything, true, perhaps}
	return operation{name, rankSet, whatever, whatever}
}

// Control tells whether the call may change a trail, and so what [Account.Apply] makes of an account. CloudTrail's
// reading operations begin with one of four words; of one that does not, the record says that it reads. A record of
// another category is no call of its own: calls through a VPC endpoint have a second one, of network activity, and
// Insights are about many calls.
func (c ControlCall) Control() bool {
	if strings.TrimSuffix(c.Service, ".amazonaws.com") != "cloudtrail" || slices.Contains(apart, c.Op) {
		return false
	}
	if c.ReadOnly || c.Category != "" && c.Category != "Management" {
		return false
	}
	return !slices.ContainsFunc([]string{"Get", "List", "Describe", "Lookup"}, func(p string) bool { return strings.HasPrefix(c.Op, p) })
}

func (a *Account) reduce(c ControlCall, direction func(operation) move) []Gap {
	if !c.Control() {
		return nil
	}
	r := &reducer{account: a, call: c, req: readBody(c.Request), resp: readBody(c.Response), move: direction(operationOf(c.Op))}
	r.arn, r.foreign = c.target(r.req, r.resp, cmp.Or(a.Partition, ARNPartition(a.Caller)))
	switch {
	case r.foreign:
	case r.arn == "":
		r.lost(GapUnreadable, cmp.Or(r.req.why, "the call does not tell which trail it is about"))
	case r.concerns():
		r.move.do(r)
	}
	return r.gaps
}

// concerns tells whether the account has to do with the trail: it owns it, sees it, or comes to see it as a member of
// an organization. That it is a member is certain only when it sees another trail of that owner.
func (r *reducer) concerns() bool {
	owner := ARNAccount(r.arn)
	if owner == r.account.ID || r.account.Trail(r.arn) != nil {
		return true
	}
	if r.move.joins == nil {
		return false
	}
	member := slices.ContainsFunc(r.account.Trails.Items, func(t *Trail) bool { return t.Owner() == owner })
	switch joins := r.move.joins(r); {
	case joins == Yes && member:
		return true
	case joins != No:
		r.hide(GapOrganization, "the trail of another account records in this one too, if it is its organization's")
	}
	return false
}

func perhaps(*reducer) Tri { return Unknown }

// organization is whether the call says that the trail is an organization's; where nothing says so it is none.
func (r *reducer) organization() Tri {
	raw := r.resp.member(Organization.name)
	if raw == nil {
		raw = r.req.member(Organization.name)
	}
	var is bool
	switch {
	case raw == nil && r.req.readable():
		return No
	case raw == nil || json.Unmarshal(raw, &is) != nil:
		return Unknown
	}
	return coverage.Known(is)
}

// organized is whether the trail may have been an organization's before the call: it may, if the call was about that.
func (r *reducer) organized() Tri {
	if r.req.readable() && r.req.member(Organization.name) == nil {
		return No
	}
	return Unknown
}

// unknown handles an operation that is not known: everything of the trail it names is unknown, or, where it names none
// that is known, of every trail it may be about.
func (r *reducer) unknown() {
	const why = "what this operation does is not known"
	if t := r.account.Trail(r.arn); t != nil {
		r.forget(t, r.gap(GapUnknownCall, why))
		return
	}
	r.arn = ""
	r.lost(GapUnknownCall, why)
}

// lost handles a call of which it is not known which trail it is about. Such calls succeed in a trail's home Region
// only (InvalidHomeRegionException), and a delegated administrator may make them on the organization's trails.
func (r *reducer) lost(code, why string) {
	g := r.gap(code, why)
	for _, t := range r.account.Trails.Items {
		mine := t.Owner() == r.call.Account || t.Is(Organization).Tri != No
		if mine && ARNRegion(t.ARN) == r.call.Region {
			r.forget(t, g)
		}
	}
	if r.move.appears || r.move.joins != nil && r.call.Account != r.account.ID {
		r.hide(code, why)
	}
}

// hide notes that the account may have a trail that is not known, in any Region.
func (r *reducer) hide(code, why string) {
	// A gap of one Region could not hide a multi-Region trail.
	g := Gap{Call: r.call.Op, Account: r.account.ID, Resource: r.arn, Code: code, Why: why}
	if !slices.Contains(r.account.Trails.Gaps, g) {
		r.account.Trails.Gaps = append(r.account.Trails.Gaps, g)
		r.account.Gaps = append(r.account.Gaps, g)
	}
	r.gaps = append(r.gaps, g)
}

// gap notes what the call leaves unsaid.
func (r *reducer) gap(code, why string) Gap {
	g := Gap{Call: r.call.Op, Account: r.call.Account, Region: r.call.Region, Resource: r.arn, Code: code, Why: why}
	r.gaps = append(r.gaps, g)
	return g
}

// from is the call as the origin of what it told.
func (r *reducer) from() Origin { return Origin{Call: r.call.Op, Region: r.call.Region} }

// forget makes all unknown that the call may have changed of a trail.
func (r *reducer) forget(t *Trail, g Gap) { r.unread(t, r.move.changes, g.Origin()) }

// unread makes attributes of a trail unknown. What is delivered where is then unknown too, if they decide it.
func (r *reducer) unread(t *Trail, attrs []Attribute, from Origin) {
	was := t.Clone()
	for _, a := range attrs {
		unread(a, t, from)
	}
	r.redirect(was, t)
}

// because is the call as the origin of what it left unknown.
func (r *reducer) because(why string) Origin {
	return Origin{Call: r.call.Op, Region: r.call.Region, Why: why}
}

// trail is the trail that the call is about. A call that succeeded proves that it exists.
func (r *reducer) trail() *Trail {
	if t := r.account.Trail(r.arn); t != nil {
		return t
	}
	g := r.gap(GapUnannounced, "the trail was not known before this call")
	return r.insert(r.blank(g.Why))
}

// blank is the trail with nothing known of it but its name and home.
func (r *reducer) blank(why string) *Trail {
	_, name, _ := strings.Cut(ARNPart(r.arn, arnResource), "/")
	t := &Trail{ARN: r.arn, Name: name, Home: Known(ARNRegion(r.arn), r.from())}
	for _, a := range everything {
		unread(a, t, r.because(why))
	}
	return t
}

// insert puts a trail among the others, which stand in the order of their ARNs.
func (r *reducer) insert(t *Trail) *Trail {
	items := r.account.Trails.Items
	i := slices.IndexFunc(items, func(o *Trail) bool { return o.ARN > t.ARN })
	if i < 0 {
		i = len(items)
	}
	r.account.Trails.Items = slices.Insert(items, i, t)
	return t
}

func (r *reducer) remove() {
	if r.account.Trail(r.arn) == nil {
		r.gap(GapUnannounced, "the trail was not known")
	}
	r.account.Trails.Items = slices.DeleteFunc(r.account.Trails.Items, func(t *Trail) bool { return t.ARN == r.arn })
}
