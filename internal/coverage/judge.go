package coverage

import "slices"

// side is which of a recorder's two sets is meant.
type side bool

const (
	sureOf  side = false // must: what it keeps for certain
	maybeOf side = true  // may: what it may keep
)

// judge holds what one answer needs. A recorder's boxes are made when they are asked for; most are looked at once.
type judge struct {
	sp   *space
	goal Goal
	box  []uint64 // the box made last
}

// newJudge prepares the space in which goal and recorders can be compared: the goal's own, unless a selector names
// something that it does not tell apart. False: there is no goal.
func newJudge(room []uint64, g Goal, recorders, more []Recorder) (judge, bool) {
	if len(g.All) == 0 {
		return judge{}, false
	}
	sp := g.All[0].sp
	if !sp.base || foreign(recorders) || foreign(more) {
		sp, g = extend(g, slices.Concat(recorders, more))
	}
	if n := sp.words(); n > len(room) {
		room = make([]uint64, n)
	}
	return judge{sp, g, room[:sp.words()]}, true
}

func foreign(recorders []Recorder) bool {
	for i := range recorders {
		if s := recorders[i].Selectors; s != nil && s.content().foreign {
			return true
		}
	}
	return false
}

// extend moves a goal to a space that also tells apart what the selectors do.
func extend(g Goal, recorders []Recorder) (*space, Goal) {
	var foreign [fieldCount][]match
	var last *Selectors
	for _, r := range recorders {
		if r.Selectors == nil || r.Selectors == last {
			continue
		}
		last = r.Selectors
		for _, rows := range [][]row{last.must, last.may} {
			for i := range rows {
				for _, c := range rows[i].conds {
					foreign[c.field] = append(append(foreign[c.field], c.any...), c.none...)
				}
			}
		}
	}
	old := g.All[0].sp
	fields := old.fields
	for f := range fieldCount {
		fields[f] = fields[f].with(foreign[f])
	}
	sp := newSpace(fields)
	sp.sure, sp.enabled, sp.order, sp.globals = old.sure, old.enabled, old.order, old.globals
	return sp, Goal{Sure: sp.refine(g.Sure), All: sp.refine(g.All)}
}

// refine carries boxes over into a finer space: each fine candidate is in the set that its coarse one is in.
func (sp *space) refine(boxes []Box) []Box {
	out := make([]Box, len(boxes))
	for i, b := range boxes {
		bits := make([]uint64, sp.words())
		for f := range fieldCount {
			coarse, set := &b.sp.fields[f], b.sp.set(b.bits, f)
			sp.fillSet(bits, f, func(v value) bool { return has(set, coarse.locate(v)) })
		}
		out[i] = Box{sp, bits, b.reading}
	}
	return out
}

// everything is the one row of a recorder whose selectors are not known.
var everything = []row{{selector: -1, bits: openBits()}}

func openBits() (bits [fieldRegion]uint64) {
	all := make([]uint64, baseSpace.words())
	(&row{}).fill(baseSpace, all, true)
	copy(bits[:], all)
	return bits
}

// rows returns the conjunctions that the recorder's selectors come to.
func (r *Recorder) rows(s side) []row {
	switch {
	case r.Selectors == nil || r.Selectors.parsed == nil:
		if s == maybeOf {
			return everything
		}
		return nil
	case s == maybeOf:
		return r.Selectors.may
	default:
		return r.Selectors.must
	}
}

// runs is what must hold for the recorder to keep anything.
func (r *Recorder) runs() Tri { return r.Logging.and(r.Sees) }

// reaches tells whether plain events of the Region reach the recorder. A home Region is recorded whether or not the
// trail is multi-Region, so where that is unknown its home is still certain.
func (r *Recorder) reaches(region string) Tri {
	home := Unknown
	if r.Home != "" {
		home = Known(r.Home == region)
	}
	return r.MultiRegion.or(home)
}

// takes tells whether the recorder takes a kind of event, its Region and selectors aside. Multi-Region with
// IncludeGlobalServiceEvents=false is refused by the API but written in templates: it loses global events, no others.
func (r *Recorder) takes(k kind) Tri {
	switch {
	case k == kindPlain:
		return Yes
	case k == kindDoubtful && r.Global == No:
		return Unknown
	default:
		return r.Global
	}
}

func (s side) admits(t Tri) bool { return t == Yes || (s == maybeOf && t == Unknown) }

// place returns the kinds and the Regions of all boxes of one side; home is -1 when that is every Region. The facts
// are joined by AND and each occurs once, so asking them one by one loses nothing: for one event the answer is exact.
func (j *judge) place(r *Recorder, s side) (kinds uint64, home int, ok bool) {
	if !s.admits(r.runs()) {
		return 0, 0, false
	}
	for k := range kindCount {
		if s.admits(r.takes(k)) {
			kinds |= 1 << k
		}
	}
	if s.admits(r.MultiRegion) || (s == maybeOf && r.Home == "") {
		return kinds, -1, true
	}
	home = slices.Index(j.sp.fields[fieldRegion].literals, r.Home)
	return kinds, home, home >= 0
}

// minus takes what the recorder keeps out of a pile.
func (j *judge) minus(p pile, r *Recorder, s side) pile {
	if len(p.boxes) == 0 {
		return p
	}
	kinds, home, ok := j.place(r, s)
	if !ok {
		return p
	}
	rows := r.rows(s)
	for i := range rows {
		j.fill(&rows[i], s, kinds, home)
		p = j.sp.minus(p, j.box)
	}
	return p
}

// meet returns what of a pile the recorder keeps; its boxes may overlap.
func (j *judge) meet(p pile, r *Recorder, s side) pile {
	out := pile{work: p.work, tooHard: p.tooHard}
	kinds, home, ok := j.place(r, s)
	if !ok {
		return out
	}
	rows, w := r.rows(s), j.sp.words()
	for i := range rows {
		j.fill(&rows[i], s, kinds, home)
		for at := 0; at < len(p.boxes); at += w {
			if b := p.boxes[at : at+w]; j.sp.meet(b, j.box) {
				for k := range b {
					out.boxes = append(out.boxes, b[k]&j.box[k])
				}
			}
		}
	}
	return out
}

// fill makes the box of one row.
func (j *judge) fill(r *row, s side, kinds uint64, home int) {
	if j.sp.base { // the common case, compiled when the selectors were parsed
		copy(j.box, r.bits[:])
	} else {
		r.fill(j.sp, j.box, s == maybeOf)
	}
	j.sp.set(j.box, fieldKind)[0] &= kinds
	regions := j.sp.set(j.box, fieldRegion)
	for i := range regions {
		regions[i] = ^uint64(0)
	}
	if home >= 0 {
		clear(regions)
		put(regions, home)
	}
}
