package event

import "bytes"

// span is a part of a record's text; the zero span is none, for no value begins a record.
type span struct{ from, to uint32 }

// index checks the object that b begins with and notes where its known top-level members are. It
// returns the index behind the object, or ^index of what is wrong. Of two members with one name the
// first counts, here and wherever the package looks a name up.
func (r *Record) index(b []byte) int {
	r.Raw, r.spans = b, [countFields]span{}
	c := &r.cursor
	c.reset(b)
	i := skipSpace(b, 1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for more := true; more; {
		name := i + 1
		at, end := c.name(i)
		if at < 0 {
			return at
		}
		f := nameField(b[name:end])
		if i = c.value(at, 1); i < 0 {
			return i
		}
		if f != unknownField && r.spans[f].to == 0 {
			r.spans[f] = span{uint32(at), uint32(i)} //nolint:gosec // a record is at most MaxRecord long
		}
		i, more = c.after(i, '}')
	}
	return i
}

// nameField finds the field of a name as it stands in the text.
func nameField(name []byte) field {
	f := fieldOf(name)
	if f == unknownField && bytes.IndexByte(name, '\\') >= 0 {
		f = fieldOf(Unescape(name))
	}
	return f
}

// member finds a top-level member's value by name in an object that was checked.
func member(b []byte, name string) []byte {
	for key, value := range members(b) {
		if sameName(key, name) {
			return value
		}
	}
	return nil
}

// sameName compares a name as written, without its quotes, with one that is unescaped.
func sameName(written []byte, name string) bool {
	if bytes.IndexByte(written, '\\') >= 0 {
		return string(Unescape(written)) == name
	}
	return string(written) == name
}

// members goes over the members of an object that was checked: names as written, without quotes.
func members(b []byte) func(yield func(name, value []byte) bool) {
	return func(yield func(name, value []byte) bool) {
		if len(b) == 0 || b[0] != '{' {
			return
		}
		for i := skipSpace(b, 1); i < len(b) && b[i] == '"'; {
			name, at, _ := memberName(b, i)
			end := skipValue(b, at)
			if !yield(name, b[at:end]) {
				return
			}
			if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
				i = skipSpace(b, i+1)
			}
		}
	}
}

// items goes over the elements of an array that was checked.
func items(b []byte) func(yield func(value []byte) bool) {
	return func(yield func(value []byte) bool) {
		if len(b) == 0 || b[0] != '[' {
			return
		}
		for i := skipSpace(b, 1); i < len(b) && b[i] != ']'; {
			end := skipValue(b, i)
			if !yield(b[i:end]) {
				return
			}
			if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
				i = skipSpace(b, i+1)
			}
		}
	}
}

// skipValue returns the index behind a value of a text that was checked.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		end, _ := valueEnd(b, i)
		return end
	}
	return scalarEnd(b, i)
}
