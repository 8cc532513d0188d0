package coverage

import (
	"encoding/json"
	"slices"
)

// fieldSelector is one constraint of an advanced selector while it is read.
type fieldSelector struct {
	name    string
	clear   bool // every member is understood
	cond    cond
	dubious []match // further values that a NotEquals may reject
}

// comparison names the operators of a field selector.
type comparison struct {
	name    string
	op      op
	selects bool
}

var comparisons = []comparison{
	{"Equals", equals, true},
	{"StartsWith", prefix, true},
	{"EndsWith", suffix, true},
	{"NotEquals", equals, false},
	{"NotStartsWith", prefix, false},
	{"NotEndsWith", suffix, false},
}

// refusedFields are real fields that the API refuses in a trail's Management selector (AdvancedFieldSelector in the
// API reference).
var refusedFields = []string{
	"eventName", "eventType", "userIdentity.arn", "sessionCredentialFromConsole",
	"resources.type", "resources.ARN", "errorCode", "vpcEndpointId",
}

// advanced reads one advanced selector.
func (p *parser) advanced(i int, raw json.RawMessage) {
	ms, dup, err := members(raw)
	if err != nil || dup != "" {
		p.doubt(i, "is not a readable object")
		p.mayKeep(i)
		return
	}
	var fields []fieldSelector
	given := false
	for _, m := range ms {
		switch m.name {
		case "Name": // a label: it selects nothing
		case "FieldSelectors":
			l, err := list(m)
			given = err == nil && len(l) > 0
			for _, raw := range l {
				fields = append(fields, p.fieldSelector(i, raw))
			}
		default:
			p.doubt(i, "has the member %q, which is not known", m.name)
			p.mayKeep(i)
			return
		}
	}
	if !given { // it must not read as "no constraint"
		p.doubt(i, "has no FieldSelectors")
		p.mayKeep(i)
		return
	}
	p.combine(i, fields)
}

// fieldSelector reads one constraint. An operator that is not known is not dropped: the field then says nothing for
// certain.
func (p *parser) fieldSelector(i int, raw json.RawMessage) fieldSelector {
	fs := fieldSelector{clear: true}
	ms, dup, err := members(raw)
	if err != nil || dup != "" {
		p.doubt(i, "has a field selector that is not a readable object")
		return fieldSelector{}
	}
	for _, m := range ms {
		if m.name == "Field" {
			if err := json.Unmarshal(m.raw, &fs.name); err != nil {
				fs.clear = false
			}
		}
	}
	for _, m := range ms {
		if m.name != "Field" {
			p.operator(i, &fs, m)
		}
	}
	switch {
	case fs.name == "":
		p.doubt(i, "has a field selector without a Field")
		fs.clear = false
	case fs.clear && len(fs.cond.any)+len(fs.cond.none) == 0:
		p.doubt(i, "has no value for %s", fs.name)
		fs.clear = false
	}
	return fs
}

func (p *parser) operator(i int, fs *fieldSelector, m member) {
	at := slices.IndexFunc(comparisons, func(c comparison) bool { return c.name == m.name })
	if at < 0 {
		p.doubt(i, "compares %s with %q, an operator that is not known", fs.name, m.name)
		fs.clear = false
		return
	}
	values, err := texts(m)
	if err != nil {
		p.doubt(i, "has a %s of %s that cannot be read: %v", m.name, fs.name, err)
		fs.clear = false
		return
	}
	for _, v := range values {
		hit := match{comparisons[at].op, v}
		if comparisons[at].selects {
			fs.cond.any = append(fs.cond.any, hit)
		} else {
			fs.cond.none = append(fs.cond.none, hit)
		}
	}
}
