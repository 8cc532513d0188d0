package event

import (
	"errors"
	"fmt"
	"time"
)

// Record is one CloudTrail record as it stands in its object. It and all that its methods return,
// but for Decode and Tree, are valid until the reader's next step.
type Record struct {
	Raw    []byte // the record, valid JSON
	Offset int64  // of Raw in the object, after decompression; of the string, for a record in a string

	spans  [countFields]span
	cursor cursor
}

// Parse reads a record that stands alone. It keeps raw.
func Parse(raw []byte) (*Record, error) {
	from := skipSpace(raw, 0)
	if from == len(raw) || raw[from] != '{' {
		return nil, fmt.Errorf("parse record: no object at byte %d", from)
	}
	r := &Record{Offset: int64(from)}
	end := r.index(raw[from:])
	if end < 0 {
		return nil, fmt.Errorf("parse record: not JSON at byte %d", from+^end)
	}
	if rest := skipSpace(raw, from+end); rest != len(raw) {
		return nil, fmt.Errorf("parse record: more than one object, at byte %d", rest)
	}
	r.Raw = raw[from : from+end]
	return r, nil
}

func (r *Record) value(f field) []byte {
	s := r.spans[f]
	return r.Raw[s.from:s.to]
}

func (r *Record) text(f field) []byte {
	text, _ := Text(r.value(f))
	return text
}

// EventSource is the service that was called; nil if the record does not say, as all of these.
func (r *Record) EventSource() []byte { return r.text(eventSource) }

// EventName is the operation that was called.
func (r *Record) EventName() []byte { return r.text(eventName) }

// EventID is the record's id, the same in every copy that an account receives.
func (r *Record) EventID() []byte { return r.text(eventID) }

// EventCategory is Management, Data, NetworkActivity, Insight or Aggregated.
func (r *Record) EventCategory() []byte { return r.text(eventCategory) }

// RecipientAccountID is the account that received the record.
func (r *Record) RecipientAccountID() []byte { return r.text(recipientAccountID) }

// AWSRegion is the Region that was called.
func (r *Record) AWSRegion() []byte { return r.text(awsRegion) }

// ErrorCode is AWS's error, nil for a call that succeeded.
func (r *Record) ErrorCode() []byte { return r.text(errorCode) }

// EventTime is when the call was made, to the second.
func (r *Record) EventTime() (time.Time, error) {
	text := r.text(eventTime)
	if len(text) == 0 {
		return time.Time{}, errors.New("eventTime is missing")
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return time.Time{}, fmt.Errorf("eventTime %q is no time such as 2026-11-22T09:41:07Z", text)
	}
	return t, nil
}
