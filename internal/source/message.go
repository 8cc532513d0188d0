package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// message is what one message of a queue brings.
type message struct {
	records []byte   // an event of EventBridge, or a record by itself
	objects []object // log files
	skipped int      // files that it names and that hold no records
}

type object struct{ bucket, key string }

func (o object) String() string { return "s3://" + o.bucket + "/" + o.key }

// validation is what CloudTrail publishes to a trail's new topic to see whether it may.
const validation = "CloudTrail validation message."

// parseMessage recognises a message by its content: an event of EventBridge, a notification of S3's or of CloudTrail's
// own, each as it is or in an envelope of SNS.
func parseMessage(body []byte) (message, error) {
	for {
		if strings.TrimSpace(string(body)) == validation {
			return message{}, nil
		}
		m, err := membersOf(body)
		if err != nil {
			return message{}, err
		}
		switch kind := m.text("Type"); kind {
		case "Notification":
			if m["Message"] == nil {
				return message{}, errors.New("a notification of SNS without a message")
			}
			body = []byte(m.text("Message"))
		case "SubscriptionConfirmation", "UnsubscribeConfirmation":
			return message{}, fmt.Errorf("a %s of SNS: the topic's owner is to confirm it with the URL in the message", kind)
		default:
			return m.message(body)
		}
	}
}

// members are those of a JSON object, by their exact names: encoding/json would take any case for a struct's.
type members map[string]json.RawMessage

func membersOf(body []byte) (members, error) {
	var m members
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("no JSON object: %w", err)
	}
	if m == nil {
		return nil, errors.New("no JSON object: null")
	}
	return m, nil
}

// text is a member that is a string, else "".
func (m members) text(name string) string {
	var s string
	_ = json.Unmarshal(m[name], &s) // of another type: as if it were not there
	return s
}

func (m members) message(body []byte) (message, error) {
	switch source := m.text("eventSource"); {
	case m["detail-type"] != nil && m["detail"] != nil:
		return m.event(body)
	case m["Records"] != nil:
		return notified(m["Records"])
	case m["s3ObjectKey"] != nil:
		return m.delivered()
	case m.text("Event") == "s3:TestEvent": // S3 sends it when somebody sets the notification up
		return message{}, nil
	case m["eventVersion"] != nil && m["eventID"] != nil && !strings.HasPrefix(source, "aws:"):
		return message{records: body}, nil // a rule with the input path $.detail
	}
	return message{}, errors.New("neither an event of EventBridge nor a notification of S3, CloudTrail or SNS")
}

// event is what EventBridge sends. Whoever may put events on a bus can write any detail-type, but a source that begins
// with "aws." only AWS can (EventBridge User Guide, "PutEvents"), so that a record is nobody else's invention; a partner
// can one that begins with "aws.partner/" (EventBridge API Reference, "PutPartnerEvents").
func (m members) event(body []byte) (message, error) {
	kind, source := m.text("detail-type"), m.text("source")
	ours := strings.HasPrefix(source, "aws.") && !strings.HasPrefix(source, "aws.partner/")
	switch {
	case ours && strings.HasSuffix(kind, "via CloudTrail"):
		return message{records: body}, nil
	case source == "aws.s3" && kind == "Object Created":
		var detail struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key string `json:"key"`
			} `json:"object"`
		}
		if err := json.Unmarshal(m["detail"], &detail); err != nil {
			return message{}, fmt.Errorf("an Object Created of EventBridge: %w", err)
		}
		return logFiles([]object{{detail.Bucket.Name, detail.Object.Key}})
	case source == "aws.s3" && strings.HasPrefix(kind, "Object "): // deleted, restored, tagged
		return message{}, nil
	}
	return message{}, fmt.Errorf("an event of EventBridge of source %q and type %q, which brings no records", source, kind)
}

// notified reads S3's own notifications. Their keys are encoded as in a form of HTML.
func notified(raw json.RawMessage) (message, error) {
	var records []struct {
		EventSource string `json:"eventSource"`
		EventName   string `json:"eventName"`
		S3          struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key string `json:"key"`
			} `json:"object"`
		} `json:"s3"`
	}
	if err := json.Unmarshal(raw, &records); err != nil {
		return message{}, fmt.Errorf("a notification of S3: %w", err)
	}
	if len(records) == 0 {
		return message{}, errors.New("a notification of S3 that is empty")
	}
	var created []object
	for _, r := range records {
		if r.EventSource != "aws:s3" {
			return message{}, fmt.Errorf("a notification of %q, not of S3", r.EventSource)
		}
		if !strings.HasPrefix(strings.TrimPrefix(r.EventName, "s3:"), "ObjectCreated:") {
			continue
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return message{}, fmt.Errorf("a notification of S3 with the key %q: %w", r.S3.Object.Key, err)
		}
		created = append(created, object{r.S3.Bucket.Name, key})
	}
	return logFiles(created)
}

// delivered reads the notification of a trail with a topic of SNS: each names up to some ten files of one bucket.
func (m members) delivered() (message, error) {
	var keys []string
	if err := json.Unmarshal(m["s3ObjectKey"], &keys); err != nil {
		return message{}, fmt.Errorf("a delivery notification of CloudTrail: %w", err)
	}
	var all []object
	for _, key := range keys {
		all = append(all, object{m.text("s3Bucket"), key})
	}
	return logFiles(all)
}

// logFiles are the objects that hold records; the others are counted.
func logFiles(all []object) (message, error) {
	var m message
	for _, o := range all {
		switch {
		case o.bucket == "" || o.key == "":
			return message{}, errors.New("a notification of an object without its bucket or key")
		case holdsRecords(o.key):
			m.objects = append(m.objects, o)
		default:
			m.skipped++
		}
	}
	return m, nil
}
