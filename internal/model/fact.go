package model

import "slices"

// Call is one read-only AWS API operation and the IAM action that allows it.
type Call struct {
	Service    string // as the AWS CLI and the endpoint spell it: cloudtrail, account, sts, ec2
	Op         string // DescribeTrails
	Permission string // cloudtrail:DescribeTrails; "" where AWS asks for none
}

// FactKind is one thing a world can tell. Rules name the kinds that they need; the union of the
// selected rules' needs is the plan of calls and the IAM policy.
type FactKind struct {
	Name  string
	What  string // for people
	Calls []Call // any one answers; the first is asked first
}

// The facts there are.
var (
	Identity = &FactKind{"identity", "whose account this is", []Call{{"sts", "GetCallerIdentity", ""}}}
	Regions  = &FactKind{"regions", "the enabled Regions", []Call{
		{"account", "ListRegions", "account:ListRegions"},
		{"ec2", "DescribeRegions", "ec2:DescribeRegions"},
	}}
	TrailList = &FactKind{"trails", "the trails of every enabled Region", []Call{
		{"cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails"},
	}}
	TrailStatus = &FactKind{"status", "whether a trail is logging", []Call{
		{"cloudtrail", "GetTrailStatus", "cloudtrail:GetTrailStatus"},
	}}
	TrailDelivery = &FactKind{"delivery", "how delivery goes in each Region of a trail", []Call{
		{"cloudtrail", "GetTrailStatus", "cloudtrail:GetTrailStatus"},
	}}
	TrailSelectors = &FactKind{"selectors", "which events a trail records", []Call{
		{"cloudtrail", "GetEventSelectors", "cloudtrail:GetEventSelectors"},
	}}
	TrailTags = &FactKind{"tags", "a trail's tags", []Call{
		{"cloudtrail", "ListTags", "cloudtrail:ListTags"},
	}}
	TrailInsights = &FactKind{"insights", "a trail's Insights selectors", []Call{
		{"cloudtrail", "GetInsightSelectors", "cloudtrail:GetInsightSelectors"},
	}}
)

// FactKinds lists every fact, in the order in which they are read.
var FactKinds = []*FactKind{
	Identity, Regions, TrailList, TrailStatus, TrailDelivery, TrailSelectors, TrailTags, TrailInsights,
}

// Always are the facts without which nothing can be judged.
var Always = []*FactKind{Identity, Regions, TrailList}

// Closure is a set of facts with those that they rest on, in reading order and without repeats.
func Closure(facts []*FactKind) []*FactKind {
	var out []*FactKind
	for _, f := range FactKinds {
		if slices.Contains(Always, f) || slices.Contains(facts, f) {
			out = append(out, f)
		}
	}
	return out
}

// Permissions lists the IAM actions that reading the facts may need, sorted.
func Permissions(facts []*FactKind) []string {
	var out []string
	for _, f := range Closure(facts) {
		for _, c := range f.Calls {
			if c.Permission != "" && !slices.Contains(out, c.Permission) {
				out = append(out, c.Permission)
			}
		}
	}
	slices.Sort(out)
	return out
}

// PermissionFor is the IAM action that an operation needs, or "".
func PermissionFor(op string) string {
	for _, f := range FactKinds {
		for _, c := range f.Calls {
			if c.Op == op {
				return c.Permission
			}
		}
	}
	return ""
}
