package event

import (
	"bytes"
	"fmt"
)

// containers are the members whose array holds records: CloudTrail's files, LookupEvents' answers,
// CloudWatch Logs' subscriptions and FilterLogEvents' answers.
var containers = map[string]bool{"Records": true, "Events": true, "logEvents": true, "events": true}

// foreign says what an object is that may be too long to be looked at whole.
var foreign = map[field]string{
	configItems: "an AWS Config file",
	queryRows:   "an answer of CloudTrail Lake: its rows are columns, not records",
}

type headKind uint8

const (
	headShort   headKind = iota // not decided within what was read
	headItem                    // no container: one object
	headArray                   // a container, up to the first element of its array
	headForeign                 // known not to be records
)

type head struct {
	kind   headKind
	length int
	why    string
}

// readHead decides what the document at the beginning of b is.
func readHead(b []byte) head {
	for i := skipSpace(b, 1); ; {
		if i < len(b) && b[i] == '}' {
			return head{kind: headItem}
		}
		name, at, s := memberName(b, i)
		if s == short {
			return head{kind: headShort}
		}
		if s == broken {
			return head{kind: headItem} // which is then found to be malformed
		}
		f := fieldOf(name)
		switch {
		case f != unknownField && f <= lastRecordField:
			return head{kind: headItem}
		case foreign[f] != "":
			return head{kind: headForeign, why: foreign[f]}
		case containers[string(name)] && b[at] == '[':
			return head{kind: headArray, length: at + 1}
		}
		end, s := valueEnd(b, at)
		if s == whole {
			i = skipSpace(b, end)
			if i >= len(b) {
				return head{kind: headShort}
			}
			if b[i] == ',' {
				i = skipSpace(b, i+1)
			} else if b[i] != '}' {
				return head{kind: headItem}
			}
			continue
		}
		return head{kind: map[state]headKind{short: headShort, broken: headItem}[s]}
	}
}

type shape uint8

const (
	isRecord shape = iota
	isInner        // the record is the member's value
	isText         // the record is in the member's value, a string
	isOther
)

// shape says what an indexed object is, which member holds the record, and why it is none.
func (r *Record) shape() (s shape, inner field, why string) {
	has := func(f field) bool { return r.spans[f].to != 0 }
	starts := func(f field, c byte) bool { return has(f) && r.value(f)[0] == c }
	switch {
	case bytes.HasPrefix(r.value(eventSource), []byte(`"aws:`)):
		return isOther, 0, "a notification of " + string(r.EventSource())
	case has(eventName), has(eventSource), has(eventID), has(eventType) && has(eventCategory):
		if f := r.untold(); f != "" { // no detection could meet it, and it would count as judged
			return isOther, 0, f + " is no text"
		}
		return isRecord, 0, ""
	case starts(lookupRecord, '"'):
		return isText, lookupRecord, ""
	case starts(envelopeDetail, '{') && has(envelopeDetailType):
		if kind := r.text(envelopeDetailType); !bytes.HasSuffix(kind, []byte("via CloudTrail")) {
			return isOther, 0, fmt.Sprintf("an EventBridge event of type %q", kind)
		}
		return isInner, envelopeDetail, ""
	case starts(envelopeDetail, '{'):
		return isInner, envelopeDetail, ""
	case starts(selected, '{'):
		return isInner, selected, ""
	case starts(logMessage, '"'):
		return isText, logMessage, ""
	case has(digestObject):
		return isOther, 0, "a digest file"
	case has(configSnapshot), has(configItems):
		return isOther, 0, "an AWS Config file"
	case has(deliveredKeys):
		return isOther, 0, "a delivery notification"
	}
	return isOther, 0, "an object without eventID, eventName and eventSource"
}

// untold names the member that says what a record is of, and is neither text nor null: "" if there is none.
func (r *Record) untold() string {
	tells := func(f field) bool { s := r.spans[f]; return s.to == 0 || r.Raw[s.from] == '"' || r.Raw[s.from] == 'n' }
	switch {
	case !tells(eventName):
		return "eventName"
	case !tells(eventSource):
		return "eventSource"
	case !tells(eventTime):
		return "eventTime"
	}
	return ""
}
