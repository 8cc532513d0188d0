package coverage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Selectors are one trail's event selectors, basic or advanced, as they were written. They are immutable; the zero
// value is as good as not known.
type Selectors struct{ *parsed }

// parsed is shared by every copy of the selectors: they are copied often and never changed.
type parsed struct {
	raw     string // compact, and escaped as json.Marshal does, so that it survives any number of round trips
	choice  string // the document without the trail's name
	trail   string // TrailARN
	assumed bool
	doubts  []selectorDoubt
	must    []row // each keeps its events for certain
	may     []row // all that any reading keeps, what must keeps included
	foreign bool  // some row names what the base alphabets do not
}

type selectorDoubt struct {
	selector int // -1: the document as a whole
	text     string
}

// row is one conjunction of constraints that a selector stands for.
type row struct {
	selector int
	conds    []cond
	bits     [fieldRegion]uint64 // in the base space
}

// cond is a constraint on a field: one of any (where there are any) must match, none of none may.
type cond struct {
	field     field
	any, none []match
}

const trailARN = "TrailARN"

// Parse reads what GetEventSelectors answered, or what the AWS CLI printed of it. A document that does not tell the
// selectors is an error: one that is no object, names no trail (a cut-off or empty answer does not), has null for a
// list, or has both kinds of selectors. With a trail and no selectors at all AWS's default holds, see Assumed.
func Parse(doc []byte) (Selectors, error) {
	ms, dup, err := members(doc)
	if err != nil {
		return Selectors{}, fmt.Errorf("read event selectors: %w", err)
	}
	if dup != "" {
		return Selectors{}, fmt.Errorf("read event selectors: member %q is given twice", dup)
	}
	var basic, advanced []json.RawMessage
	var trail string
	var unknown []string
	for _, m := range ms {
		switch m.name {
		case trailARN:
			err = json.Unmarshal(m.raw, &trail)
		case "EventSelectors":
			basic, err = list(m)
		case "AdvancedEventSelectors":
			advanced, err = list(m)
		case "ResponseMetadata": // what boto3 adds
		default:
			unknown = append(unknown, m.name)
		}
		if err != nil {
			return Selectors{}, fmt.Errorf("read event selectors: %s: %w", m.name, err)
		}
	}
	switch {
	case trail == "":
		return Selectors{}, errors.New("read event selectors: the answer names no trail (TrailARN)")
	case len(basic) > 0 && len(advanced) > 0:
		return Selectors{}, errors.New("read event selectors: both EventSelectors and AdvancedEventSelectors are given")
	}
	s := Selectors{&parsed{trail: trail}}
	p := parser{s: &s}
	for i, raw := range basic {
		p.basic(i, raw)
	}
	for i, raw := range advanced {
		p.advanced(i, raw)
	}
	if len(basic)+len(advanced) == 0 {
		s.assumed = true
		p.assume(unknown)
	}
	s.compile()
	s.choice = choice(ms)
	if s.raw, err = canonical(doc); err != nil {
		return Selectors{}, err
	}
	return s, nil
}

func choice(ms []member) string {
	var b strings.Builder
	for _, m := range ms {
		if m.name != trailARN {
			b.WriteString(m.name)
			b.Write(m.raw)
		}
	}
	return b.String()
}

func canonical(doc []byte) (string, error) {
	var compact, escaped bytes.Buffer
	if err := json.Compact(&compact, doc); err != nil {
		return "", fmt.Errorf("compact event selectors: %w", err)
	}
	json.HTMLEscape(&escaped, compact.Bytes())
	return escaped.String(), nil
}

// MarshalJSON gives the document the selectors were parsed from, compacted.
func (s Selectors) MarshalJSON() ([]byte, error) {
	if s.parsed == nil {
		return []byte("null"), nil
	}
	return []byte(s.raw), nil
}

// UnmarshalJSON parses a document as Parse does; null leaves the selectors as they are, as everywhere in JSON.
func (s *Selectors) UnmarshalJSON(doc []byte) error {
	if string(doc) == "null" {
		return nil
	}
	parsed, err := Parse(doc)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// content is what was parsed, nothing for the zero value.
func (s Selectors) content() *parsed {
	if s.parsed == nil {
		return &parsed{}
	}
	return s.parsed
}

// Equal reports whether both were parsed from the same document.
func (s Selectors) Equal(t Selectors) bool { return s.content().raw == t.content().raw }

// Trail is the TrailARN that the document names.
func (s Selectors) Trail() string { return s.content().trail }

// Choice is what the document says of events, without the trail's name: of equal choices every question has one
// answer.
func (s Selectors) Choice() string { return s.content().choice }

// Assumed reports whether the document held no selectors, so that AWS's default is assumed: every management event.
func (s Selectors) Assumed() bool { return s.content().assumed }

// Doubts says, for a person, what in the selectors cannot be understood.
func (s Selectors) Doubts() []string {
	var out []string
	for _, d := range s.content().doubts {
		out = append(out, d.String())
	}
	return out
}

func (d selectorDoubt) String() string {
	if d.selector < 0 {
		return d.text
	}
	return fmt.Sprintf("selector %d %s", d.selector+1, d.text)
}

// compile puts the rows into the base space, so that deciding needs no text comparison. Rows that name something which
// the base alphabets do not tell apart are compiled anew for each answer; for management events the API refuses such.
func (s *Selectors) compile() {
	base := baseSpace
	for _, rows := range [][]row{s.must, s.may} {
		for i := range rows {
			for _, c := range rows[i].conds {
				s.foreign = s.foreign || c.foreign(&base.fields[c.field])
			}
		}
	}
	if s.foreign {
		return
	}
	bits := make([]uint64, base.words())
	for i := range s.must {
		s.must[i].fill(base, bits, false)
		copy(s.must[i].bits[:], bits)
	}
	for i := range s.may {
		s.may[i].fill(base, bits, true)
		copy(s.may[i].bits[:], bits)
	}
}

func (c cond) foreign(a *alphabet) bool {
	unknown := func(m match) bool { return !a.knows(m) }
	return slices.ContainsFunc(c.any, unknown) || slices.ContainsFunc(c.none, unknown)
}

// fill writes the row's box; may says which side of a doubt a record without readOnly falls on. The Region is open.
func (r *row) fill(sp *space, bits []uint64, may bool) {
	clear(bits)
	for f := range fieldCount {
		sp.fillSet(bits, f, func(v value) bool { return r.accepts(f, v, may) })
	}
}

func (r *row) accepts(f field, v value, may bool) bool {
	for i := range r.conds {
		if c := &r.conds[i]; c.field == f && !c.accepts(v, may) {
			return false
		}
	}
	return true
}

// accepts evaluates the operators as the CloudTrail guide says ("How CloudTrail evaluates multiple conditions for a
// field"): one hit of any rejecting value rejects; where there are selecting values, one of them must hit.
func (c *cond) accepts(v value, may bool) bool {
	if c.field == fieldReadOnly && v.head == readOnlyAbsent {
		return may
	}
	hit := func(m match) bool { return m.holds(v) }
	return (len(c.any) == 0 || slices.ContainsFunc(c.any, hit)) && !slices.ContainsFunc(c.none, hit)
}
