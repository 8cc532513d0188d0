package coverage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Describe names the events of boxes, in practice an Answer's Missing, for one sentence to a person: "KMS events",
// "events of 16 other Regions (us-east-2, us-west-1, us-west-2, ...)", "every management event".
func (w World) Describe(boxes []Box) string {
	var said []string
	for len(boxes) > 0 {
		sp := boxes[0].sp
		other := func(b Box) bool { return b.sp != sp }
		d := newDescription(sp, boxes[0].reading, slices.DeleteFunc(slices.Clone(boxes), other))
		if s := d.String(); !slices.Contains(said, s) {
			said = append(said, s)
		}
		boxes = slices.DeleteFunc(slices.Clone(boxes), func(b Box) bool { return b.sp == sp })
	}
	return words(said)
}

// atoms is a set of events of one Region, all reads or all writes: a kind and a service each, by kind*services+service.
type atoms []uint64

// slice is what of one Region is meant: its reads and its writes.
type slice struct{ reads, writes atoms }

// description finds words: for every Region it compares what is meant with all that there is. The boxes themselves are
// of no use to people: they are cut where the subtraction happened to cut.
type description struct {
	sp          *space
	here, there atoms // all that there is in the global Region, and elsewhere
	global      int
	labels      []label
}

// rank orders labels, the widest first.
type rank uint8

const (
	rankAll    rank = iota
	rankSide        // all reads or all writes
	rankMany        // of nearly all services
	rankOne         // of one service
	rankGlobal      // the global service events
)

// label is something to say, and the Regions of which it is true.
type label struct {
	rank    rank
	text    string
	of      atoms // what it covers in a Region
	regions []int
}

func newDescription(sp *space, reading int, boxes []Box) *description {
	d := &description{sp: sp, here: sp.newAtoms(), there: sp.newAtoms()}
	d.global = slices.Index(sp.fields[fieldRegion].literals, sp.globals[max(reading, 0)])
	for k := range kindCount {
		for source, service := range sp.services {
			if service.has(k, true) {
				put(d.here, sp.atom(k, source))
			}
			if service.has(k, false) {
				put(d.there, sp.atom(k, source))
			}
		}
	}
	meant := make([]atoms, len(boxes))
	for i, b := range boxes {
		meant[i] = sp.atomsOf(b)
	}
	got := slice{sp.newAtoms(), sp.newAtoms()}
	for region := range sp.fields[fieldRegion].literals {
		clear(got.reads)
		clear(got.writes)
		for i, b := range boxes {
			if has(sp.set(b.bits, fieldRegion), region) {
				got.add(meant[i], sp.set(b.bits, fieldReadOnly))
			}
		}
		if !empty(got.reads) || !empty(got.writes) {
			d.region(region, got)
		}
	}
	return d
}

func (sp *space) newAtoms() atoms { return make(atoms, (int(kindCount)*len(sp.services)+63)/64) }

func (sp *space) atom(k kind, source int) int { return int(k)*len(sp.services) + source }

func (sp *space) atomsOf(b Box) atoms {
	set := sp.newAtoms()
	for k := range kindCount {
		for source := range sp.services {
			if has(sp.set(b.bits, fieldKind), int(k)) && has(sp.set(b.bits, fieldSource), source) {
				put(set, sp.atom(k, source))
			}
		}
	}
	return set
}

func (s slice) add(meant atoms, readOnly []uint64) {
	for i, w := range meant {
		if has(readOnly, reads) {
			s.reads[i] |= w
		}
		if has(readOnly, writes) {
			s.writes[i] |= w
		}
	}
}

// and returns what is in both sets, or with not what is in s alone.
func (s atoms) and(t atoms, not bool) atoms {
	out := make(atoms, len(s))
	for i := range s {
		out[i] = s[i] & t[i]
		if not {
			out[i] = s[i] &^ t[i]
		}
	}
	return out
}

// all returns all that there is in a Region, of reads as of writes.
func (d *description) all(region int) atoms {
	if region == d.global {
		return d.here
	}
	return d.there
}

// region says what is meant of one Region, the wide words first.
func (d *description) region(region int, got slice) {
	want := d.all(region)
	switch r, w := slices.Equal(got.reads, want), slices.Equal(got.writes, want); {
	case r && w:
		d.label(region, label{rank: rankAll, text: "events", of: slices.Clone(got.reads)})
	case r:
		d.label(region, label{rank: rankSide, text: "read events", of: slices.Clone(got.reads)})
		d.sources(region, "write ", got.writes)
	case w:
		d.label(region, label{rank: rankSide, text: "write events", of: slices.Clone(got.writes)})
		d.sources(region, "read ", got.reads)
	default:
		both := got.reads.and(got.writes, false)
		d.sources(region, "", both)
		d.sources(region, "read ", got.reads.and(both, true))
		d.sources(region, "write ", got.writes.and(both, true))
	}
}

var globalText = map[kind]string{
	kindGlobal:   "global service %sevents (IAM, STS, CloudFront, console sign-in)",
	kindDoubtful: "%sevents of Organizations, Route 53 and other services of the global Region",
}

// sources says some services' events; what is "read ", "write " or "".
func (d *description) sources(region int, what string, set atoms) {
	if empty(set) {
		return
	}
	want := d.all(region)
	if fresh := len(d.sp.fields[fieldSource].literals); has(set, d.sp.atom(kindPlain, fresh)) { // services that nothing names
		var but []string
		for _, source := range d.services(want.and(set, true)) {
			but = append(but, sourceName(d.sp.fields[fieldSource].values[source].head))
		}
		d.label(region, label{rank: rankMany, text: what + "events of services other than " + words(but), of: slices.Clone(set)})
		return
	}
	for _, k := range []kind{kindGlobal, kindDoubtful} {
		whole := d.sp.newAtoms()
		for source := range d.sp.services {
			put(whole, d.sp.atom(k, source))
		}
		whole = whole.and(want, false)
		if !empty(whole) && slices.Equal(set.and(whole, false), whole) {
			d.label(region, label{rank: rankGlobal, text: fmt.Sprintf(globalText[k], what), of: whole})
			set = set.and(whole, true)
		}
	}
	d.each(region, what, d.services(set))
}

// each says the events of some services.
func (d *description) each(region int, what string, services []int) {
	for _, source := range services {
		name := d.sp.fields[fieldSource].spell(d.sp.fields[fieldSource].values[source])
		text := sourceName(name) + " " + what + "events"
		if name == sourceRDSData {
			text += " (Aurora Serverless v1 only)"
		}
		one := d.sp.newAtoms()
		for k := range kindCount { // the service's plain events elsewhere are the same to people
			put(one, d.sp.atom(k, source))
		}
		d.label(region, label{rank: rankOne, text: text, of: one})
	}
}

// services lists the services of a set, in order.
func (d *description) services(set atoms) []int {
	var out []int
	for source := range d.sp.services {
		for k := range kindCount {
			if has(set, d.sp.atom(k, source)) {
				out = append(out, source)
				break
			}
		}
	}
	return out
}

func (d *description) label(region int, l label) {
	for i := range d.labels {
		if d.labels[i].text == l.text {
			d.labels[i].regions = append(d.labels[i].regions, region)
			return
		}
	}
	l.regions = []int{region}
	d.labels = append(d.labels, l)
}

// String joins the labels, each with its Regions unless it is true of all that have such events.
func (d *description) String() string {
	slices.SortStableFunc(d.labels, func(a, b label) int { return cmp.Compare(a.rank, b.rank) })
	var out []string
	for _, l := range d.labels {
		text := l.text
		switch where := d.where(l); {
		case where != "":
			text += " of " + where
		case l.rank == rankAll:
			text = "every management event"
		}
		out = append(out, text)
	}
	return words(out)
}

// where names the label's Regions, "" when it holds wherever such events can be.
func (d *description) where(l label) string {
	if l.rank == rankGlobal { // they have one Region
		return ""
	}
	everywhere, others := true, 0
	for region := range d.sp.fields[fieldRegion].literals {
		can := region < d.sp.enabled && !empty(l.of.and(d.all(region), false))
		if can && !slices.Contains(l.regions, region) {
			others++
			everywhere = everywhere && region >= d.sp.sure
		}
	}
	if everywhere {
		return ""
	}
	var names []string
	for _, region := range l.regions {
		names = append(names, d.sp.fields[fieldRegion].literals[region])
	}
	const shown = 3
	if len(names) <= shown {
		return words(names)
	}
	kind := ""
	if others > 0 && l.rank == rankAll {
		kind = "other "
	}
	return fmt.Sprintf("%d %sRegions (%s, ...)", len(names), kind, strings.Join(names[:shown], ", "))
}
