package coverage

import "slices"

// Holds lets tests ask whether an event of a known kind is in one of the boxes.
func Holds(boxes []Box, e Event) bool {
	k := map[Tri]kind{Yes: kindGlobal, No: kindPlain, Unknown: kindDoubtful}[e.Global]
	return slices.ContainsFunc(boxes, func(b Box) bool {
		return b.has(fieldCategory, categoryManagement) && has(b.sp.set(b.bits, fieldKind), int(k)) && b.has(fieldRegion, e.Region) &&
			b.has(fieldReadOnly, readOnlyText(e.ReadOnly)) && b.has(fieldSource, e.Source) && b.has(fieldName, e.Name)
	})
}

// Disjoint lets tests ask whether no two boxes share an event.
func Disjoint(boxes []Box) bool {
	for i, a := range boxes {
		for _, b := range boxes[i+1:] {
			if a.sp.meet(a.bits, b.bits) {
				return false
			}
		}
	}
	return true
}
