package coverage

import "slices"

// Management returns the goal of every management event in scope, as records that carry readOnly. An event that the
// account cannot have (another Region's, IAM outside the global Region) is in no goal.
func (w World) Management(s Scope) Goal {
	sp := w.space(s)
	b := goalBuilder{sp: sp, scope: s, sources: sp.chosen(s), regions: make([]uint64, len(sp.order)/64+1)}
	var g Goal
	for i, region := range sp.fields[fieldRegion].literals {
		if s.Regions == nil || slices.Contains(s.Regions, region) {
			put(b.regions, i)
		}
	}
	for i, global := range sp.globals {
		b.reading = i
		if len(sp.globals) == 1 {
			b.reading = -1
		}
		b.global = slices.Index(sp.fields[fieldRegion].literals, global)
		boxes := b.boxes(func(region int) bool { return region < sp.sure })
		g.Sure = append(g.Sure, boxes...)
		if sp.enabled > sp.sure {
			boxes = b.boxes(func(region int) bool { return region < sp.enabled })
		}
		g.All = append(g.All, boxes...)
	}
	return g
}

// readings returns the Regions one of which is where global service events occur. Of a partition that the table does
// not know it can be any.
func (w World) readings() []string {
	name := w.Partition
	if name == "" && len(w.Regions) > 0 {
		name = PartitionOf(w.Regions[0])
	}
	if p := partitionNamed(name); p != nil {
		return p.global
	}
	return w.all()
}

// all returns the Regions of the world, the sure ones first, each once.
func (w World) all() []string {
	return appendNew(appendNew(make([]string, 0, len(w.Regions)+len(w.Maybe)+1), w.Regions), w.Maybe)
}

func appendNew(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// space returns the candidates that tell apart what the goal does.
func (w World) space(s Scope) *space {
	fields := baseFields
	var foreign []match
	for _, src := range slices.Concat(s.Sources, s.Without) {
		if m := (match{equals, src}); !fields[fieldSource].knows(m) {
			foreign = append(foreign, m)
		}
	}
	if foreign != nil {
		fields[fieldSource] = fields[fieldSource].with(foreign)
	}
	all, globals := w.all(), w.readings()
	enabled := len(all)
	all = appendNew(all, globals)
	fields[fieldRegion] = newAlphabet(all, true)
	sp := newSpace(fields)
	sp.base, sp.globals, sp.enabled = foreign == nil, globals, enabled
	sp.sure = len(appendNew(nil, w.Regions))
	for _, r := range globals {
		sp.order = append(sp.order, slices.Index(all, r))
	}
	for i, r := range all {
		if !slices.Contains(globals, r) {
			sp.order = append(sp.order, i)
		}
	}
	return sp
}

// chosen returns the set of event sources that a scope asks about.
func (sp *space) chosen(s Scope) []uint64 {
	set := make([]uint64, sp.off[fieldSource+1]-sp.off[fieldSource])
	for i, v := range sp.fields[fieldSource].values {
		name := v.head
		if v.fresh { // any service that is not named
			name = ""
		}
		if !slices.Contains(s.Without, name) && (s.Sources == nil || slices.Contains(s.Sources, name)) {
			put(set, i)
		}
	}
	return set
}

// goalBuilder makes the boxes of one reading. Region, service and kind depend on each other (IAM has no events in
// eu-west-1), so a goal is a few boxes rather than one.
type goalBuilder struct {
	sp               *space
	scope            Scope
	sources, regions []uint64 // that the scope asks about
	global           int      // the global Region
	reading          int
}

// boxes returns what can happen in the Regions that are in: plain events anywhere, in the global Region fewer
// services' than elsewhere; and there, always, global service events and the doubtful ones.
func (b *goalBuilder) boxes(in func(region int) bool) []Box {
	elsewhere := func(region int) bool { return region != b.global && in(region) }
	here := func(region int) bool { return region == b.global }
	boxes := b.box(make([]Box, 0, 4), kindPlain, elsewhere, false)
	if in(b.global) {
		boxes = b.box(boxes, kindPlain, here, true)
	}
	boxes = b.box(boxes, kindGlobal, here, true)
	return b.box(boxes, kindDoubtful, here, true)
}

// box appends one kind's box unless the scope leaves nothing of it.
func (b *goalBuilder) box(boxes []Box, k kind, in func(region int) bool, global bool) []Box {
	sp := b.sp
	bits := make([]uint64, sp.words())
	put(sp.set(bits, fieldCategory), management)
	put(sp.set(bits, fieldKind), int(k))
	if b.scope.ReadOnly != Yes {
		put(sp.set(bits, fieldReadOnly), writes)
	}
	if b.scope.ReadOnly != No {
		put(sp.set(bits, fieldReadOnly), reads)
	}
	sources := sp.set(bits, fieldSource)
	for i, service := range sp.services {
		if has(b.sources, i) && service.has(k, global) {
			put(sources, i)
		}
	}
	sp.fillSet(bits, fieldName, func(value) bool { return true })
	regions := sp.set(bits, fieldRegion)
	for i := range sp.fields[fieldRegion].literals {
		if has(b.regions, i) && in(i) {
			put(regions, i)
		}
	}
	if empty(sources) || empty(regions) {
		return boxes
	}
	return append(boxes, Box{sp, bits, b.reading})
}
