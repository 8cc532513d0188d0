package coverage

// Box is a set of events: a product of sets, one for each field.
type Box struct {
	sp      *space
	bits    []uint64
	reading int // the one reading of World in which these events exist, -1 for all
}

// workLimit bounds the boxes looked at for one answer. Whether boxes cover a box is co-NP-hard in general; what
// accounts are configured with needs some hundreds, and the limit is spent in some ten milliseconds.
const workLimit = 1 << 19

// scratch is room for the piles of one answer on its stack: enough for common goals.
type scratch [2][80]uint64

// pile is a list of disjoint boxes, one behind the other, and what of the work budget is spent. It is handed on by
// value, so that its scratch can stay on the stack.
type pile struct {
	boxes, spare []uint64
	work         int
	tooHard      bool
}

// pile starts with the boxes that exist in one reading.
func (s *scratch) pile(boxes []Box, reading int) pile {
	p := pile{boxes: s[0][:0], spare: s[1][:0]}
	for i := range boxes {
		if r := boxes[i].reading; r < 0 || r == reading {
			p.boxes = append(p.boxes, boxes[i].bits...)
		}
	}
	return p
}

// clone copies the pile, its budget included: the parts of one answer share it.
func (p pile) clone() pile {
	p.boxes, p.spare = append([]uint64(nil), p.boxes...), nil
	return p
}

// minus takes the events of box b out of the pile.
func (sp *space) minus(p pile, b []uint64) pile {
	w := sp.words()
	if p.work += len(p.boxes) / w; p.work > workLimit {
		p.tooHard = true
		return p
	}
	// The budget is for looking, not for what is made: a box that meets nothing costs as much as one that is cut.
	out := p.spare[:0]
	for i := 0; i < len(p.boxes); i += w {
		r := p.boxes[i : i+w]
		if !sp.meet(r, b) {
			out = append(out, r...)
			continue
		}
		out = sp.carve(out, r, b)
	}
	p.boxes, p.spare = out, p.boxes
	return p
}

// minusPile takes the events of a whole pile out.
func (sp *space) minusPile(p, q pile) pile {
	p.tooHard = p.tooHard || q.tooHard
	for i := 0; i < len(q.boxes) && !p.tooHard; i += sp.words() {
		p = sp.minus(p, q.boxes[i:i+sp.words()])
	}
	return p
}

// list copies a pile out.
func (sp *space) list(p pile, reading int) []Box {
	if len(sp.globals) == 1 {
		reading = -1
	}
	w := sp.words()
	all := append([]uint64(nil), p.boxes...)
	boxes := make([]Box, 0, len(all)/w)
	for i := 0; i < len(all); i += w {
		boxes = append(boxes, Box{sp, all[i : i+w : i+w], reading})
	}
	return boxes
}

// meet reports whether two boxes have an event in common: a common value in every field.
func (sp *space) meet(a, b []uint64) bool {
	if len(a) == int(fieldCount) { // one word a field
		for i := range a {
			if a[i]&b[i] == 0 {
				return false
			}
		}
		return true
	}
	for f := range fieldCount {
		var common uint64
		for i := sp.off[f]; i < sp.off[f+1]; i++ {
			common |= a[i] & b[i]
		}
		if common == 0 {
			return false
		}
	}
	return true
}

// carve appends r without b as disjoint boxes, at most one for each field: what differs from b in the first field, what
// agrees with it there and differs in the second, and so on. What agrees everywhere is in b and goes. It spoils r.
func (sp *space) carve(out, r, b []uint64) []uint64 {
	for f := range fieldCount {
		lo, hi := sp.off[f], sp.off[f+1]
		var outside uint64
		for i := lo; i < hi; i++ {
			outside |= r[i] &^ b[i]
		}
		if outside == 0 {
			continue
		}
		at := len(out)
		out = append(out, r...)
		for i := lo; i < hi; i++ {
			out[at+i] &^= b[i]
			r[i] &= b[i]
		}
	}
	return out
}
