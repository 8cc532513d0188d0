package event

import "crypto/sha256"

// ID identifies what a record tells: 128 bits of a hash of the account that received it and its
// eventID. It is the same in every run, so it can be stored.
type ID [16]byte

// ID returns the record's id, or false if the record has no eventID: then it is nobody's duplicate.
func (r *Record) ID() (ID, bool) {
	id := r.EventID()
	if len(id) == 0 {
		return ID{}, false
	}
	var space [128]byte
	key := append(append(space[:0], r.RecipientAccountID()...), 0)
	sum := sha256.Sum256(append(key, id...))
	return ID(sum[:16]), true
}

// Dedup remembers the ids of the last records: two trails on one bucket, a queue that delivers
// twice and the overlap of two look-ups give the same record again. It holds at least the last n
// ids and at most twice as many, in some 50 bytes each. It is for one goroutine.
//
// Has and Add are apart so that an id is added when the record's effect is stored, and a batch that
// failed can come again.
type Dedup struct {
	n          int
	young, old map[ID]struct{}
}

// NewDedup returns a Dedup that remembers at least the last n ids.
func NewDedup(n int) *Dedup {
	return &Dedup{n: max(n, 1), young: make(map[ID]struct{}, min(max(n, 1), 1<<12))}
}

// Has says whether an id was added lately.
func (d *Dedup) Has(id ID) bool {
	if _, ok := d.young[id]; ok {
		return true
	}
	_, ok := d.old[id]
	return ok
}

// Add remembers an id, and says whether it is new.
func (d *Dedup) Add(id ID) bool {
	if _, ok := d.young[id]; ok {
		return false
	}
	_, again := d.old[id]
	if len(d.young) >= d.n {
		clear(d.old) // its room is used again
		if d.old == nil {
			d.old = make(map[ID]struct{}, d.n)
		}
		d.young, d.old = d.old, d.young
	}
	d.young[id] = struct{}{}
	return !again
}

// Len is how many ids are remembered.
func (d *Dedup) Len() int { return len(d.young) + len(d.old) }
