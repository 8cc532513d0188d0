package coverage

import (
	"encoding/json"
	"slices"
	"strings"
)

// basicDraft is a basic selector while its members are read; its zero value is the API's default for members that are
// absent: all management events, nothing excluded, no data.
type basicDraft struct {
	unclear    bool  // nothing is kept for certain
	anything   bool  // a member is not known, so not even what the others say is a bound
	readOnly   *cond // nil: both reads and writes, or not known
	management Tri   // Unknown here: a value that is not understood
	excluded   []match
	dubious    []match // exclusions of which it is not known whether they work
	data       bool
}

// basic reads one basic selector. ReadWriteType absent means All and IncludeManagementEvents absent means true, as
// the API reference says; null means neither.
func (p *parser) basic(i int, raw json.RawMessage) {
	d := basicDraft{management: Yes}
	ms, dup, err := members(raw)
	if err != nil || dup != "" {
		p.doubt(i, "is not a readable object")
		p.mayKeep(i)
		return
	}
	for _, m := range ms {
		p.basicMember(i, &d, m)
	}
	if d.anything {
		p.mayKeep(i)
		return
	}
	var conds []cond
	if d.readOnly != nil {
		conds = append(conds, *d.readOnly)
	}
	if d.data { // which resources is not decided yet
		p.mayKeep(i, append(slices.Clone(conds), isCategory("Data"))...)
	}
	if d.management == No { // ExcludeManagementEventSources then has no effect
		return
	}
	conds = append(conds, isCategory(categoryManagement))
	p.mayKeep(i, append(slices.Clone(conds), cond{field: fieldSource, none: d.excluded})...)
	if !d.unclear && d.management == Yes {
		none := slices.Concat(d.excluded, d.dubious)
		p.mustKeep(i, append(slices.Clone(conds), cond{field: fieldSource, none: none})...)
	}
}

func (p *parser) basicMember(i int, d *basicDraft, m member) {
	if m.null() {
		p.doubt(i, "has null for %s", m.name)
		d.unclear = true
	}
	switch m.name {
	case "ReadWriteType":
		p.readWriteType(i, d, m)
	case "IncludeManagementEvents":
		var include *bool
		if err := json.Unmarshal(m.raw, &include); err != nil {
			p.doubt(i, "has an IncludeManagementEvents that is no boolean")
			include = nil
		}
		d.management = Unknown
		if include != nil {
			d.management = Known(*include)
		}
	case "DataResources":
		l, err := list(m)
		d.data = err != nil || len(l) > 0
	case "ExcludeManagementEventSources":
		sources, err := texts(m)
		if err != nil && !m.null() {
			p.doubt(i, "has an ExcludeManagementEventSources that is no list of strings")
			d.unclear = true
		}
		sure, dubious := p.exclusions(i, sources)
		d.excluded, d.dubious = sure, dubious
	default:
		p.doubt(i, "has the member %q, which is not known", m.name)
		d.unclear, d.anything = true, true
	}
}

func (p *parser) readWriteType(i int, d *basicDraft, m member) {
	var text string
	if err := json.Unmarshal(m.raw, &text); err != nil || m.null() {
		text = string(m.raw)
	}
	switch text {
	case "All":
	case "ReadOnly":
		d.readOnly = &cond{field: fieldReadOnly, any: []match{{equals, "true"}}}
	case "WriteOnly":
		d.readOnly = &cond{field: fieldReadOnly, any: []match{{equals, "false"}}}
	default:
		if !m.null() {
			p.doubt(i, "has the ReadWriteType %s, which is not known", m.raw)
		}
		d.unclear = true
	}
}

// exclusions splits excluded event sources into those that are left out for certain and those of which it is not
// known: the API takes kms and rdsdata only, and whether it minds their case is not documented. Event sources are
// lower case in every record, so a dubious value can only ever concern its lower-case form.
func (p *parser) exclusions(i int, sources []string) (sure, dubious []match) {
	for _, s := range sources {
		if s == sourceKMS || s == sourceRDSData {
			sure = append(sure, match{equals, s})
			continue
		}
		p.doubt(i, "excludes %q, which the API refuses (only %s and %s can be excluded)", s, sourceKMS, sourceRDSData)
		dubious = append(dubious, match{equals, strings.ToLower(s)})
	}
	return sure, dubious
}
