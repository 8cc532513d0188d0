package eventtest

import (
	"math/rand/v2"
	"regexp"
	"time"
)

// kind is what a part of a record is, and so how another record has it.
type kind uint8

const (
	fixed    kind = iota // it has the same
	id                   // it has another
	identity             // it has one of some others: the same caller comes again
	moment
)

type part struct {
	kind kind
	text string
}

// fresh finds moments, ids (UUIDs, hexadecimal and base64), and of identities what is theirs alone: an access key
// behind its kind, the end of an IP address.
var fresh = regexp.MustCompile(`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)` +
	`|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{16,}\b|[0-9A-Za-z+/]{43,})` +
	`|\bA[A-Z]{3}([A-Z0-9]{12,17})\b` +
	`|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.(\d{1,2})\b`)

// kinds are those of its groups.
var kinds = [...]kind{moment, id, identity, identity}

// split takes a record apart.
func split(record string) (parts []part) {
	done := 0
	for _, m := range fresh.FindAllStringSubmatchIndex(record, -1) {
		for i, k := range kinds {
			if from, to := m[2*i+2], m[2*i+3]; from >= 0 {
				parts = append(parts, part{fixed, record[done:from]}, part{k, record[from:to]})
				done = to
			}
		}
	}
	return append(parts, part{fixed, record[done:]})
}

// filler writes records.
type filler struct {
	rnd *rand.Rand
	now time.Time
	buf []byte
}

// callers is how many there are of each identity.
const callers = 8

func (f *filler) record(s shape) {
	caller := f.rnd.Uint64N(callers)
	for _, p := range s.parts {
		switch p.kind {
		case fixed:
			f.buf = append(f.buf, p.text...)
		case moment:
			f.buf = f.now.AppendFormat(f.buf, time.RFC3339)
		case id:
			f.other(p.text, f.rnd)
		case identity:
			f.other(p.text, rand.New(rand.NewPCG(caller, uint64(len(p.text)))))
		}
	}
}

// other writes a text of the same form: a character for a character of its kind.
func (f *filler) other(text string, rnd *rand.Rand) {
	for _, c := range []byte(text) {
		switch {
		case c >= '0' && c <= '9':
			c = "0123456789"[rnd.IntN(10)]
		case c >= 'a' && c <= 'f':
			c = "abcdef"[rnd.IntN(6)]
		case c >= 'g' && c <= 'z':
			c = "ghijklmnopqrstuvwxyz"[rnd.IntN(20)]
		case c >= 'A' && c <= 'Z':
			c = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rnd.IntN(26)]
		}
		f.buf = append(f.buf, c)
	}
}
