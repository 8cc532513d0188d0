package event

import (
	"bytes"
	"encoding/json"
)

// Object is a JSON object with its members in the record's order. A name that occurs twice is there
// once, with its first value.
type Object struct{ Members []Member }

// Member is a member of an Object. Its value is a *Object, []any, string, [json.Number], bool or nil.
type Member struct {
	Name  string
	Value any
}

// Lookup returns the value of a member.
func (o *Object) Lookup(name string) (any, bool) {
	for i := range o.Members {
		if o.Members[i].Name == name {
			return o.Members[i].Value, true
		}
	}
	return nil, false
}

// Tree decodes the record with the order of its members kept. It shares nothing with the record.
func (r *Record) Tree() *Object {
	object, _ := decodeTree(r.Raw).(*Object)
	return object
}

// Decode decodes the record as encoding/json does with UseNumber, but that of two members with one
// name the first counts. It shares nothing with the record.
func (r *Record) Decode() map[string]any {
	object, _ := decodeMap(r.Raw).(map[string]any)
	return object
}

func decodeTree(b []byte) any {
	switch b[0] {
	case '{':
		o := &Object{}
		var seen map[string]bool // a scan of few names is faster than a map
		for name, value := range members(b) {
			key := string(Unescape(name))
			if seen == nil && len(o.Members) >= 16 {
				seen = map[string]bool{}
				for _, m := range o.Members {
					seen[m.Name] = true
				}
			}
			if seen != nil {
				if seen[key] {
					continue
				}
				seen[key] = true
			} else if _, twice := o.Lookup(key); twice {
				continue
			}
			o.Members = append(o.Members, Member{key, decodeTree(value)})
		}
		return o
	case '[':
		list := []any{}
		for value := range items(b) {
			list = append(list, decodeTree(value))
		}
		return list
	}
	return decodeScalar(b)
}

func decodeMap(b []byte) any {
	switch b[0] {
	case '{':
		object := map[string]any{}
		for name, value := range members(b) {
			key := string(Unescape(name))
			if _, twice := object[key]; !twice {
				object[key] = decodeMap(value)
			}
		}
		return object
	case '[':
		list := []any{}
		for value := range items(b) {
			list = append(list, decodeMap(value))
		}
		return list
	}
	return decodeScalar(b)
}

func decodeScalar(b []byte) any {
	switch b[0] {
	case '"':
		text, _ := Text(b)
		return string(text)
	case 't', 'f':
		return b[0] == 't'
	case 'n':
		return nil
	}
	return json.Number(b)
}

// AppendCompact appends a value of a record without the space between its tokens, its members in
// order and its strings as they are written.
func AppendCompact(dst, value []byte) []byte {
	buf := bytes.NewBuffer(dst)
	if json.Compact(buf, value) != nil {
		return append(dst, value...) // not part of a record: as it is
	}
	return buf.Bytes()
}
