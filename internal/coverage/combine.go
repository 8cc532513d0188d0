package coverage

import "slices"

// constraint is what all field selectors of one field come to.
type constraint struct {
	sure bool     // must holds
	must []cond   // their conjunction
	may  [][]cond // every reading
}

// open is the constraint of which nothing is known.
func open() constraint { return constraint{may: [][]cond{nil}} }

// combine turns the field selectors of one selector into rows: a conjunction of its fields. A field that is not
// understood could only narrow it, so the others still bound what it may keep, and nothing is kept for certain.
func (p *parser) combine(i int, fields []fieldSelector) {
	var names []string
	group := map[string][]fieldSelector{}
	for _, fs := range fields {
		if group[fs.name] == nil && fs.name != "eventCategory" {
			names = append(names, fs.name)
		}
		group[fs.name] = append(group[fs.name], fs)
	}
	total := p.category(i, group["eventCategory"])
	if !total.allows(categoryManagement) {
		for _, conds := range total.may { // its other fields are not decided yet
			p.mayKeep(i, conds...)
		}
		return
	}
	for _, name := range names {
		total = total.and(p.managementField(i, name, group[name]))
	}
	for _, conds := range total.may {
		p.mayKeep(i, conds...)
	}
	if total.sure {
		p.mustKeep(i, total.must...)
	}
}

// allows reports whether some reading lets the value of eventCategory pass.
func (c constraint) allows(category string) bool {
	return slices.ContainsFunc(c.may, func(conds []cond) bool {
		return !slices.ContainsFunc(conds, func(c cond) bool { return !c.accepts(value{head: category}, true) })
	})
}

func (c constraint) and(d constraint) constraint {
	e := constraint{sure: c.sure && d.sure, must: slices.Concat(c.must, d.must)}
	for _, a := range c.may {
		for _, b := range d.may {
			e.may = append(e.may, slices.Concat(a, b))
		}
	}
	return e
}

// category reads eventCategory, which the API requires, with Equals and one value.
func (p *parser) category(i int, group []fieldSelector) constraint {
	if len(group) == 0 {
		p.doubt(i, "has no eventCategory")
		return open()
	}
	single := true
	for g := range group {
		fs := &group[g]
		fs.cond.field = fieldCategory
		if !fs.clear { // said where it was read
			return open()
		}
		for _, m := range fs.cond.any {
			if m.op != equals || !slices.Contains(baseFields[fieldCategory].literals, m.text) {
				p.doubt(i, "has the eventCategory %q, which is not known", m.text)
				return open()
			}
			single = single && m == fs.cond.any[0]
		}
		if len(fs.cond.none) > 0 {
			p.doubt(i, "compares eventCategory by more than Equals, which the API refuses")
			return open()
		}
	}
	c := p.merge(i, group)
	if !single {
		p.doubt(i, "has several values for eventCategory, which the API refuses")
		c.sure = false
	}
	return c
}

// managementField reads one field of a selector of management events. The API takes readOnly, and of eventSource
// NotEquals; what it refuses has no documented meaning, so it neither keeps nor drops anything for certain.
func (p *parser) managementField(i int, name string, group []fieldSelector) constraint {
	for g := range group {
		fs := &group[g]
		ok := fs.clear
		switch {
		case !ok: // said where it was read
		case name == "readOnly":
			fs.cond.field = fieldReadOnly
			if ok = fs.isBoolean(); !ok {
				p.doubt(i, "compares readOnly by more than Equals true or false, which the API refuses")
			}
		case name == "eventSource":
			fs.cond.field = fieldSource
			if ok = fs.isExclusion(); !ok {
				p.doubt(i, "compares eventSource by more than NotEquals, which the API refuses for management events")
				break
			}
			var sources []string
			for _, m := range fs.cond.none {
				sources = append(sources, m.text)
			}
			fs.cond.none, fs.dubious = p.exclusions(i, sources)
		case slices.Contains(refusedFields, name):
			ok = false
			p.doubt(i, "constrains %s, which the API refuses for management events", name)
		default:
			ok = false
			p.doubt(i, "constrains %q, a field that is not known", name)
		}
		if !ok {
			return open()
		}
	}
	return p.merge(i, group)
}

func (fs *fieldSelector) isBoolean() bool {
	other := func(m match) bool { return m.op != equals || (m.text != "true" && m.text != "false") }
	return len(fs.cond.none) == 0 && !slices.ContainsFunc(fs.cond.any, other)
}

func (fs *fieldSelector) isExclusion() bool {
	return len(fs.cond.any) == 0 && !slices.ContainsFunc(fs.cond.none, func(m match) bool { return m.op != equals })
}

// merge joins the field selectors of one field. What a field given twice means is not documented: both hold, their
// values are merged, or only the first or the last counts. Only what all four keep is kept for certain, and the
// first of them keeps the least.
func (p *parser) merge(i int, group []fieldSelector) constraint {
	first, last := group[0], group[len(group)-1]
	c := constraint{sure: true}
	merged := cond{field: first.cond.field}
	same := true
	for _, fs := range group {
		strict := fs.cond
		strict.none = slices.Concat(fs.cond.none, fs.dubious)
		c.must = append(c.must, strict)
		merged.any = append(merged.any, fs.cond.any...)
		merged.none = append(merged.none, fs.cond.none...)
		same = same && slices.Equal(fs.cond.any, first.cond.any) && slices.Equal(fs.cond.none, first.cond.none)
	}
	if same {
		c.may = [][]cond{{first.cond}}
		return c
	}
	p.doubt(i, "constrains %s more than once", first.name)
	c.may = [][]cond{{merged}, {first.cond}, {last.cond}}
	return c
}
