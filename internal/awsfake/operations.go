package awsfake

import "strings"

// operation is what the fake must know of a call beyond its name.
type operation struct {
	flags  string // the CLI flags that choose what is answered; name* takes values, name? none, name one
	list   string // the member that the API cuts into pages with NextToken
	most   int    // the API's own size of a page; 0 where everything fits into one
	copies bool   // answers about a trail wherever it is listed, not only at home
}

// operations are the calls that a fixture may tell, by their CLI names: those that cairn makes, and the two that
// people run to look at a trail. A call that is not here is a mistake in the key, found when it is parsed.
var operations = map[string]operation{
	"account list-regions": {flags: "account-id region-opt-status-contains* next-token", list: "Regions"},

	"cloudtrail describe-trails":       {flags: "trail-name-list* include-shadow-trails? no-include-shadow-trails?"},
	"cloudtrail get-event-selectors":   {flags: "trail-name"},
	"cloudtrail get-insight-selectors": {flags: "trail-name"},
	"cloudtrail get-trail":             {flags: "name"},
	"cloudtrail get-trail-status":      {flags: "name", copies: true},
	"cloudtrail list-tags":             {flags: "resource-id-list* next-token", list: "ResourceTagList"},
	"cloudtrail list-trails":           {flags: "next-token", list: "Trails"},
	"cloudtrail lookup-events":         {flags: "lookup-attributes* event-category next-token", list: "Events", most: 50},

	"ec2 describe-regions": {flags: "all-regions? no-all-regions? region-names* filters*"},

	"organizations list-accounts": {flags: "next-token", list: "Accounts", most: 20},

	"sts assume-role":         {flags: "role-arn role-session-name external-id"},
	"sts get-caller-identity": {},
}

// takes reports whether the command has the flag, with so many values.
func (o operation) takes(flag string, values int) bool {
	for known := range strings.FieldsSeq(o.flags) {
		switch name := strings.TrimRight(known, "*?"); {
		case name != flag:
		case strings.HasSuffix(known, "*"):
			return values > 0
		case strings.HasSuffix(known, "?"):
			return values == 0
		default:
			return values == 1
		}
	}
	return false
}

// operationOf finds the operation by the names that the API uses.
func operationOf(service, op string) operation {
	return operations[service+" "+kebab(op)]
}

// kebab turns the API's spelling of a name into the CLI's: a run of capitals is
// one word.
func kebab(name string) string {
	var b strings.Builder
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	lower := func(i int) bool { return i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	for i := range len(name) {
		if upper(i) && i > 0 && (lower(i-1) || upper(i-1) && lower(i+1)) {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(name[i : i+1]))
	}
	return b.String()
}

// camel turns the CLI's spelling of a name into the API's.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(upperFirst(word))
	}
	return b.String()
}

func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func lowerFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToLower(s[:1]) + s[1:]
}
