package coverage

import (
	"slices"
	"strings"
)

// candidate is an event that a witness may be. The list only chooses how a gap is told; it bounds no verdict.
type candidate struct {
	kinds    []kind
	source   string
	name     string
	readOnly Tri
}

// candidates are tried in this order: writes before reads, what everybody knows before what few use. readOnly is as
// CloudTrail records it, which is not IAM's access level (kms Decrypt is a read).
var candidates = []candidate{
	{[]kind{kindPlain}, "ec2.amazonaws.com", "RunInstances", No},
	{[]kind{kindGlobal}, "iam.amazonaws.com", "CreateUser", No},
	{[]kind{kindPlain}, sourceKMS, "ScheduleKeyDeletion", No},
	{[]kind{kindPlain, kindGlobal}, sourceSignIn, "ConsoleLogin", No},
	{[]kind{kindGlobal}, "cloudfront.amazonaws.com", "UpdateDistribution", No},
	{[]kind{kindDoubtful}, "organizations.amazonaws.com", "LeaveOrganization", No},
	{[]kind{kindDoubtful}, "route53.amazonaws.com", "ChangeResourceRecordSets", No},
	{[]kind{kindPlain}, "s3.amazonaws.com", "DeleteBucket", No},
	{[]kind{kindPlain}, "cloudtrail.amazonaws.com", "StopLogging", No},
	{[]kind{kindPlain}, sourceRDSData, "ExecuteStatement", No},
	{[]kind{kindPlain}, "ec2.amazonaws.com", "DescribeInstances", Yes},
	{[]kind{kindGlobal}, "iam.amazonaws.com", "ListUsers", Yes},
	{[]kind{kindPlain}, sourceKMS, "Decrypt", Yes},
	{[]kind{kindPlain, kindGlobal}, sourceSTS, "GetCallerIdentity", Yes},
	{[]kind{kindGlobal}, "cloudfront.amazonaws.com", "ListDistributions", Yes},
	{[]kind{kindDoubtful}, "organizations.amazonaws.com", "ListAccounts", Yes},
	{[]kind{kindDoubtful}, "route53.amazonaws.com", "ListHostedZones", Yes},
	{[]kind{kindPlain}, "s3.amazonaws.com", "ListBuckets", Yes},
}

// witness names an event in the boxes, the same for the same boxes: alerts are compared from run to run.
func (sp *space) witness(boxes []Box) *Event {
	for i := range candidates {
		c := &candidates[i]
		source := sp.fields[fieldSource].locate(value{head: c.source})
		name := sp.fields[fieldName].locate(value{head: c.name})
		readOnly := sp.fields[fieldReadOnly].locate(value{head: readOnlyText(c.readOnly)})
		for _, k := range c.kinds {
			at := len(sp.order)
			for _, b := range boxes {
				if has(sp.set(b.bits, fieldKind), int(k)) && has(sp.set(b.bits, fieldReadOnly), readOnly) &&
					has(sp.set(b.bits, fieldSource), source) && has(sp.set(b.bits, fieldName), name) {
					at = min(at, sp.first(b))
				}
			}
			if at < len(sp.order) {
				return &Event{
					Region: sp.fields[fieldRegion].literals[sp.order[at]], Category: categoryManagement,
					Source: c.source, Name: c.name, ReadOnly: c.readOnly, Global: globals[k],
				}
			}
		}
	}
	return sp.spellOut(boxes[0])
}

// first returns the place in sp.order of the box's first Region.
func (sp *space) first(b Box) int {
	set := sp.set(b.bits, fieldRegion)
	return slices.IndexFunc(sp.order, func(region int) bool { return has(set, region) })
}

func readOnlyText(t Tri) string {
	switch t {
	case Yes:
		return "true"
	case No:
		return "false"
	case Unknown:
	}
	return readOnlyAbsent
}

// globals is what an Event's Global says of each kind.
var globals = [kindCount]Tri{kindPlain: No, kindGlobal: Yes, kindDoubtful: Unknown}

// spellOut makes an event of a box that holds no candidate.
func (sp *space) spellOut(b Box) *Event {
	first := func(f field) int {
		set, i := sp.set(b.bits, f), 0
		for !has(set, i) {
			i++
		}
		return i
	}
	text := func(f field) string { return sp.fields[f].spell(sp.fields[f].values[first(f)]) }
	name := ""
	if len(sp.fields[fieldName].values) > 1 { // else it can be any, and an invented one would be looked for in vain
		name = text(fieldName)
	}
	return &Event{
		Region: sp.fields[fieldRegion].literals[sp.order[sp.first(b)]], Category: categoryManagement,
		Source: text(fieldSource), Name: name, ReadOnly: Known(text(fieldReadOnly) == "true"),
		Global: globals[first(fieldKind)],
	}
}

// has reports whether the box holds the value in the field.
func (b Box) has(f field, text string) bool {
	return has(b.sp.set(b.bits, f), b.sp.fields[f].locate(value{head: text}))
}

// spell writes a candidate out; a fresh one gets a middle that occurs in none of the texts in play.
func (a *alphabet) spell(v value) string {
	if !v.fresh {
		return v.head
	}
	used := strings.Join(slices.Concat(a.literals, a.prefixes, a.suffixes), "")
	middle := 'x'
	for strings.ContainsRune(used, middle) {
		middle++
	}
	return v.head + string(middle) + v.tail
}
