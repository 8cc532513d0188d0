package model

import (
	"encoding/json"
	"strings"
	"time"

	"cairn.example/internal/coverage"
)

// Trail is one trail as its home Region describes it, or, where home could not be read, as another
// Region's copy does. In a member account an organization's trail is known by the owner's ARN.
type Trail struct {
	ARN, Name string

	Home, Bucket, Prefix, Key, Topic, LogGroup, LogRole Value[string] // a known "" is none
	MultiRegion, Global, Organization, Validation       Value[bool]

	Logging              Value[bool]
	StartedAt, StoppedAt Value[time.Time] // a known zero time: never

	Selectors Value[coverage.Selectors]
	Insights  Value[[]InsightSelector]
	Tags      Value[[]Tag]

	Delivery Deliveries
}

// Tag is one tag of a trail.
type Tag struct{ Key, Value string }

// InsightSelector is one kind of Insights that a trail analyses.
type InsightSelector struct {
	InsightType     string
	EventCategories []string `json:",omitempty"`
}

// Deliveries are what GetTrailStatus says of delivery, by Region.
type Deliveries map[string]Value[Delivery]

// MarshalJSON writes each Region's delivery, null where it is unknown.
func (d Deliveries) MarshalJSON() ([]byte, error) {
	out := make(map[string]*Delivery, len(d))
	for region, v := range d {
		if known, ok := v.Get(); ok {
			out[region] = &known
		} else {
			out[region] = nil
		}
	}
	return json.Marshal(out)
}

// Delivery is what GetTrailStatus says of one Region: four streams, each with its last error.
type Delivery struct {
	S3     Stream `json:"s3"`
	Digest Stream `json:"digest"`
	Logs   Stream `json:"logs"` // CloudWatch Logs
	SNS    Stream `json:"sns"`
}

// Failing tells whether some kind of delivery fails, wanted or not.
func (d Delivery) Failing() bool {
	return d.S3.Failing() || d.Digest.Failing() || d.Logs.Failing() || d.SNS.Failing()
}

// NamedStream is one kind of delivery under the name that people know, and whether the trail has it.
type NamedStream struct {
	Name string
	Stream
	Has Truth
}

// Streams are a Region's deliveries.
func (t *Trail) Streams(d Delivery) [4]NamedStream {
	return [...]NamedStream{
		{"S3", d.S3, Truth{Tri: Yes}},
		{"digest", d.Digest, t.Is(Validation)},
		{"CloudWatch Logs", d.Logs, t.Has(LogGroup)},
		{"SNS", d.SNS, t.Has(SNSTopic)},
	}
}

// Fails tells whether a delivery that the trail has fails. GetTrailStatus tells the latest error of each kind, also
// where the trail has been without a topic, a log group or digests since.
func (t *Trail) Fails(d Delivery) Truth {
	if !d.Failing() { // nearly always
		return Truth{Tri: No}
	}
	var has []Truth
	for _, s := range t.Streams(d) {
		if s.Failing() {
			has = append(has, s.Has)
		}
	}
	return Any(has...)
}

// Stream is the state of one kind of delivery. AWS leaves the error out when all is well.
// Attempted comes from the members that AWS calls "no longer in use" and is zero where they are empty;
// it is the only hint of the error's age.
type Stream struct {
	Error     string    `json:"error,omitzero"`
	Delivered time.Time `json:"delivered,omitzero"`
	Attempted time.Time `json:"attempted,omitzero"`
}

// Failing tells whether the error is not older than the last success. An error of unknown age counts:
// AWS reports it, and nothing shows that it has passed. Some callers see the word None for no error.
func (s Stream) Failing() bool {
	if s.Error == "" || strings.EqualFold(s.Error, "none") {
		return false
	}
	return s.Attempted.IsZero() || !s.Attempted.Before(s.Delivered.Truncate(time.Second)) // attempts are told in whole seconds
}

// Ref names the trail.
func (t *Trail) Ref() Ref { return Ref{Kind: TrailKind, ID: t.ARN} }

// Owner is the account that the trail belongs to: for an organization's trail, the management account.
func (t *Trail) Owner() string { return ARNPart(t.ARN, arnAccount) }

// The parts of an ARN, arn:partition:service:region:account:resource, by their place.
const (
	arnPartition = 1
	arnRegion    = 3
	arnAccount   = 4
	arnResource  = 5
)

// ARNPart is a part of an ARN by its place, or "" where the text is no ARN.
func ARNPart(arn string, place int) string {
	if !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") < arnResource {
		return ""
	}
	for range place {
		_, arn, _ = strings.Cut(arn, ":")
	}
	if place < arnResource {
		arn, _, _ = strings.Cut(arn, ":")
	}
	return arn
}

// ARNRegion is the Region inside an ARN: for a trail, its home.
func ARNRegion(arn string) string { return ARNPart(arn, arnRegion) }

// ARNAccount is the account inside an ARN.
func ARNAccount(arn string) string { return ARNPart(arn, arnAccount) }

// ARNName is the last part of an ARN as people say it: trail/main.
func ARNName(arn string) string {
	if name := ARNPart(arn, arnResource); name != "" {
		return name
	}
	return arn
}

// ARNPartition is the partition of an ARN: aws, aws-us-gov, aws-cn.
func ARNPartition(arn string) string { return ARNPart(arn, arnPartition) }
