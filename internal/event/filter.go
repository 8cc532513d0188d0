package event

import "strings"

// Key names the records of one operation. An empty Source or Name stands for any.
type Key struct{ Source, Name string }

// Filter is a set of keys. They are compared without regard to case, as Sigma compares. It is safe for
// concurrent use.
type Filter struct {
	sources  map[string]names // by source in lower case: most records are decided by it alone
	anywhere names            // of any source
	all      bool
}

// names is a set of names in lower case; the empty one stands for any.
type names map[string]struct{}

// NewFilter returns the filter that wants the records of any of the keys.
func NewFilter(keys ...Key) *Filter {
	f := &Filter{sources: map[string]names{}, anywhere: names{}}
	for _, k := range keys {
		source, name := strings.ToLower(k.Source), strings.ToLower(k.Name)
		set := f.anywhere
		if source != "" {
			if f.sources[source] == nil {
				f.sources[source] = names{}
			}
			set = f.sources[source]
		}
		set[name] = struct{}{}
		f.all = f.all || k == Key{}
	}
	return f
}

// Wants says whether a key of the filter names the source and name of a record. A nil filter wants
// everything.
func (f *Filter) Wants(source, name []byte) bool {
	if f == nil || f.all {
		return true
	}
	var space [64]byte
	lower, ascii := appendLower(space[:0], source)
	if !ascii {
		return true // folding beyond ASCII is the matcher's business
	}
	set := f.sources[string(lower)]
	if len(set) == 0 && len(f.anywhere) == 0 {
		return false
	}
	return set.have(name) || f.anywhere.have(name)
}

func (n names) have(name []byte) bool {
	if len(n) == 0 {
		return false
	}
	if _, ok := n[""]; ok {
		return true
	}
	var space [64]byte
	lower, ascii := appendLower(space[:0], name)
	_, ok := n[string(lower)]
	return ok || !ascii
}

func appendLower(dst, b []byte) (lower []byte, ascii bool) {
	ascii = true
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		ascii = ascii && c < 0x80
		dst = append(dst, c)
	}
	return dst, ascii
}
