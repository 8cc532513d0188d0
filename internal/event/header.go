package event

import "bytes"

// What stands in CloudTrail's own records before the source and the name, without space.
const (
	beforeVersion  = `{"eventVersion":"`
	beforeIdentity = `,"userIdentity":{`
	beforeTime     = `,"eventTime":"`
	beforeSource   = `","eventSource":"`
	beforeName     = `","eventName":"`
	lengthOfTime   = len(`2006-01-02T15:04:05Z`)
)

// header reads eventSource and eventName where CloudTrail's own files have them: behind eventVersion,
// userIdentity and eventTime. It returns both, with what is between. closing is where the first object
// in the record ends. It returns nil for a record of any other form, which is then looked at like any
// other; it is never wrong, since no other member can precede these.
func header(raw []byte, closing int) []byte {
	const name = len(beforeVersion) + 8
	if len(raw) < closing+len(beforeTime)+lengthOfTime+len(beforeSource) || closing < name || string(raw[:len(beforeVersion)]) != beforeVersion {
		return nil
	}
	version := bytes.IndexByte(raw[len(beforeVersion):name], '"') // 1.11
	if version < 0 || !bytes.HasPrefix(raw[len(beforeVersion)+version+1:], []byte(beforeIdentity)) {
		return nil
	}
	rest := raw[closing:]
	at := rest[len(beforeTime) : len(beforeTime)+lengthOfTime]
	if string(rest[:len(beforeTime)]) != beforeTime || ends(word(at)) || ends(word(at[8:])) || ends(word(at[lengthOfTime-8:])) {
		return nil
	}
	rest = rest[len(beforeTime)+lengthOfTime:]
	if string(rest[:len(beforeSource)]) != beforeSource {
		return nil
	}
	both := rest[len(beforeSource):]
	source := shortText(both)
	if source < 0 || !bytes.HasPrefix(both[source:], []byte(beforeName)) {
		return nil
	}
	source += len(beforeName)
	last := shortText(both[source:])
	if last < 0 {
		return nil
	}
	return both[:source+last]
}

// ends says whether a word of a string has a quote or a backslash.
func ends(w uint64) bool {
	quote, slash := w^'"'*ones, w^'\\'*ones
	return ((quote-ones)&^quote|(slash-ones)&^slash)&highs != 0
}

// shortText returns the length of a short string without escapes, or -1.
func shortText(b []byte) int {
	i := bytes.IndexByte(b[:min(len(b), 64)], '"')
	if bytes.IndexByte(b[:max(i, 0)], '\\') >= 0 {
		return -1
	}
	return i
}

// verdicts remember what a filter said of sources and names: a file has few of them, and asking the
// filter costs more than to compare with the record before that looked the same.
type verdicts [64]struct {
	length int
	text   [96]byte
	wanted bool
}

// wants asks the filter about what header returned.
func (v *verdicts) wants(f *Filter, both []byte) bool {
	if len(both) < 16 || len(both) > len(v[0].text) {
		return f.wantsBoth(both)
	}
	h := (word(both) ^ word(both[len(both)-8:])<<1 ^ uint64(len(both))) * 0x9e3779b97f4a7c15
	e := &v[h>>58]
	if string(e.text[:e.length]) != string(both) {
		e.length = copy(e.text[:], both)
		e.wanted = f.wantsBoth(both)
	}
	return e.wanted
}

func (f *Filter) wantsBoth(both []byte) bool {
	source, name, _ := bytes.Cut(both, []byte(beforeName))
	return f.Wants(source, name)
}
