package model

import (
	"encoding/json"
	"fmt"
	"time"
)

// trailDoc is a trail in a snapshot file: bare values, null for unknown, and beside them one map of
// origins, so that judging the file gives the same findings, byte for byte, as judging the account.
type trailDoc struct {
	ARN      string                     `json:"arn"`
	Name     string                     `json:"name"`
	Values   map[string]json.RawMessage `json:"values"`
	Delivery map[string]*deliveryDoc    `json:"delivery"`
	Origins  map[string]Origin          `json:"origins"`
}

// deliveryDoc tells a stream that is absent or null, which is unknown, from one without an error.
type deliveryDoc struct {
	S3     *Stream `json:"s3"`
	Digest *Stream `json:"digest"`
	Logs   *Stream `json:"logs"`
	SNS    *Stream `json:"sns"`
}

const deliveryOrigin = "Delivery/" // the origins of a Region's delivery stand under this and the Region

// MarshalJSON writes every attribute, null where it is unknown.
func (t *Trail) MarshalJSON() ([]byte, error) {
	doc := trailDoc{t.ARN, t.Name, map[string]json.RawMessage{}, map[string]*deliveryDoc{}, map[string]Origin{}}
	for _, a := range Attributes {
		doc.Values[a.Name()] = a.JSON(t)
		if from := a.origin(t); from != (Origin{}) {
			doc.Origins[a.Name()] = from
		}
	}
	for region, v := range t.Delivery {
		doc.Origins[deliveryOrigin+region] = v.from
		if d, ok := v.Get(); ok {
			doc.Delivery[region] = &deliveryDoc{&d.S3, &d.Digest, &d.Logs, &d.SNS}
		} else {
			doc.Delivery[region] = nil
		}
	}
	return json.Marshal(doc)
}

// UnmarshalJSON reads a trail; an attribute that is absent or null is unknown.
func (t *Trail) UnmarshalJSON(data []byte) error {
	var doc trailDoc
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("trail: %w", err)
	}
	*t = Trail{ARN: doc.ARN, Name: doc.Name}
	if doc.ARN == "" {
		return fmt.Errorf("trail %q: no arn", doc.Name)
	}
	for _, a := range Attributes {
		if err := a.decode(t, doc.Values[a.Name()], doc.Origins[a.Name()]); err != nil {
			return fmt.Errorf("trail %s: %w", doc.ARN, err)
		}
	}
	for region, d := range doc.Delivery {
		from := doc.Origins[deliveryOrigin+region]
		if d == nil || d.S3 == nil || d.Digest == nil || d.Logs == nil || d.SNS == nil {
			t.SetDelivery(region, Unread[Delivery](from))
		} else {
			t.SetDelivery(region, Known(Delivery{*d.S3, *d.Digest, *d.Logs, *d.SNS}, from))
		}
	}
	return nil
}

// SetDelivery notes what a Region's GetTrailStatus said of delivery.
func (t *Trail) SetDelivery(region string, v Value[Delivery]) {
	if t.Delivery == nil {
		t.Delivery = Deliveries{}
	}
	t.Delivery[region] = v
}

// LastDelivered is the newest delivery of log files to S3 in any Region; zero when none is known.
func (t *Trail) LastDelivered() time.Time {
	var last time.Time
	for _, v := range t.Delivery {
		if d, ok := v.Get(); ok && d.S3.Delivered.After(last) {
			last = d.S3.Delivered
		}
	}
	return last
}
