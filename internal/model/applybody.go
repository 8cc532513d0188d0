package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// body is the request or the response of a call, its members spelled as the API does. A null member is none at all.
type body struct {
	members map[string]json.RawMessage
	why     string // why there are no members
}

// readBody reads what a record or an API call holds. CloudTrail leaves a body out when it is too long and says
// "omitted" in its place (CloudTrail User Guide, "cloudtrail-event-reference-record-contents"). Some logs hold
// the JSON of a body in a string.
func readBody(doc json.RawMessage) body {
	var text string
	if json.Unmarshal(doc, &text) == nil && strings.HasPrefix(text, "{") {
		doc = json.RawMessage(text)
	}
	if len(bytes.TrimSpace(doc)) == 0 || string(bytes.TrimSpace(doc)) == "null" {
		return body{why: "there are no parameters"}
	}
	doc, err := respell(doc)
	if err != nil {
		return body{why: "the parameters cannot be read: " + err.Error()}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		return body{why: "the parameters are no object"}
	}
	if string(members["Omitted"]) == "true" {
		return body{why: "the parameters were too long and are omitted"}
	}
	return body{members: members}
}

func (b body) readable() bool { return b.members != nil }

// member is one member, nil when it is absent.
func (b body) member(name string) json.RawMessage {
	if raw := b.members[name]; string(raw) != "null" {
		return raw
	}
	return nil
}

// text is a member that is a text; "" when it is absent or something else.
func (b body) text(name string) string {
	var s string
	if err := json.Unmarshal(b.members[name], &s); err != nil {
		return ""
	}
	return s
}

// respell writes every member of a document as the API spells it. Records lower the first letter and nothing else:
// trailARN, kmsKeyId, isMultiRegionTrail. A member that is there twice is an error, since no reading of it is safe.
func respell(doc []byte) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	s := speller{dec: dec}
	if err := s.value(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return s.out.Bytes(), nil
}

type speller struct {
	dec *json.Decoder
	out bytes.Buffer
}

func (s *speller) value() error {
	tok, err := s.dec.Token()
	if err != nil {
		return err
	}
	open, ok := tok.(json.Delim)
	if !ok {
		return s.write(tok)
	}
	s.out.WriteString(open.String())
	seen := map[string]bool{}
	for first := true; s.dec.More(); first = false {
		if !first {
			s.out.WriteByte(',')
		}
		if open == '{' {
			if err := s.key(seen); err != nil {
				return err
			}
		}
		if err := s.value(); err != nil {
			return err
		}
	}
	end, err := s.dec.Token()
	if err == nil {
		fmt.Fprint(&s.out, end)
	}
	return err
}

func (s *speller) key(seen map[string]bool) error {
	tok, err := s.dec.Token()
	if err != nil {
		return err
	}
	name, _ := tok.(string)
	first, size := utf8.DecodeRuneInString(name)
	if unicode.IsLower(first) {
		name = strings.ToUpper(name[:size]) + name[size:]
	}
	if seen[name] {
		return fmt.Errorf("member %q is given twice", name)
	}
	seen[name] = true
	if err := s.write(name); err != nil {
		return err
	}
	s.out.WriteByte(':')
	return nil
}

func (s *speller) write(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.out.Write(raw)
	return nil
}
