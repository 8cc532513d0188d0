package event

import "bytes"

// header reads eventSource and eventName where CloudTrail's own files have them: behind
// eventVersion, userIdentity and eventTime, without space. closing is where the first object in the
// record ends. It is false for a record of any other form, which is then looked at like any other;
// it is never wrong, since no other member can precede these.
func header(raw []byte, closing int) (source, name []byte, ok bool) {
	const (
		first, second = `{"eventVersion":"`, `,"userIdentity":{`
		before, at    = `,"eventTime":"`, `2006-01-02T15:04:05Z`
		middle, last  = `","eventSource":"`, `,"eventName":"`
	)
	if len(raw) < closing+len(before+at+middle) || string(raw[:len(first)]) != first {
		return nil, nil, false
	}
	version := bytes.IndexByte(raw[len(first):len(first)+8], '"') // 1.11
	if version < 1 || raw[len(first)+version-1] == '\\' || !bytes.HasPrefix(raw[len(first)+version+1:], []byte(second)) {
		return nil, nil, false
	}
	rest := raw[closing:]
	if string(rest[:len(before)]) != before || string(rest[len(before+at):len(before+at+middle)]) != middle ||
		bytes.ContainsAny(rest[len(before):len(before+at)], `"\`) {
		return nil, nil, false
	}
	if source, rest, ok = cutText(rest[len(before+at+middle):]); !ok || !bytes.HasPrefix(rest, []byte(last)) {
		return nil, nil, false
	}
	name, _, ok = cutText(rest[len(last):])
	return source, name, ok
}

// cutText cuts b behind the quote that ends a short string without escapes.
func cutText(b []byte) (text, rest []byte, ok bool) {
	i := bytes.IndexByte(b[:min(len(b), 64)], '"')
	if i < 0 || bytes.IndexByte(b[:i], '\\') >= 0 {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}
