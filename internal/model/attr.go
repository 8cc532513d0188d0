package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cairn.example/internal/coverage"
)

// Attr is one attribute of a trail under the name that the AWS API gives it. The table of attributes
// names evidence, carries origins through JSON, and serves redaction, comparison and fixes.
type Attr[T any] struct {
	name string
	fact *FactKind
	at   func(*Trail) *Value[T]
}

// The attributes of a trail, in the API's spelling and order.
var (
	HomeRegion   = Attr[string]{"HomeRegion", TrailList, func(t *Trail) *Value[string] { return &t.Home }}
	S3Bucket     = Attr[string]{"S3BucketName", TrailList, func(t *Trail) *Value[string] { return &t.Bucket }}
	S3Prefix     = Attr[string]{"S3KeyPrefix", TrailList, func(t *Trail) *Value[string] { return &t.Prefix }}
	SNSTopic     = Attr[string]{"SnsTopicARN", TrailList, func(t *Trail) *Value[string] { return &t.Topic }}
	GlobalEvents = Attr[bool]{"IncludeGlobalServiceEvents", TrailList, func(t *Trail) *Value[bool] { return &t.Global }}
	MultiRegion  = Attr[bool]{"IsMultiRegionTrail", TrailList, func(t *Trail) *Value[bool] { return &t.MultiRegion }}
	Validation   = Attr[bool]{"LogFileValidationEnabled", TrailList, func(t *Trail) *Value[bool] { return &t.Validation }}
	LogGroup     = Attr[string]{"CloudWatchLogsLogGroupArn", TrailList, func(t *Trail) *Value[string] { return &t.LogGroup }}
	LogRole      = Attr[string]{"CloudWatchLogsRoleArn", TrailList, func(t *Trail) *Value[string] { return &t.LogRole }}
	KMSKey       = Attr[string]{"KmsKeyId", TrailList, func(t *Trail) *Value[string] { return &t.Key }}
	Organization = Attr[bool]{"IsOrganizationTrail", TrailList, func(t *Trail) *Value[bool] { return &t.Organization }}
	Logging      = Attr[bool]{"IsLogging", TrailStatus, func(t *Trail) *Value[bool] { return &t.Logging }}
	StartedAt    = Attr[time.Time]{"StartLoggingTime", TrailStatus, func(t *Trail) *Value[time.Time] { return &t.StartedAt }}
	StoppedAt    = Attr[time.Time]{"StopLoggingTime", TrailStatus, func(t *Trail) *Value[time.Time] { return &t.StoppedAt }}
	Selectors    = Attr[coverage.Selectors]{"EventSelectors", TrailSelectors, func(t *Trail) *Value[coverage.Selectors] { return &t.Selectors }}
	Insights     = Attr[[]InsightSelector]{"InsightSelectors", TrailInsights, func(t *Trail) *Value[[]InsightSelector] { return &t.Insights }}
	Tags         = Attr[[]Tag]{"TagsList", TrailTags, func(t *Trail) *Value[[]Tag] { return &t.Tags }}
)

// Attribute is an [Attr] of any type.
type Attribute interface {
	Name() string
	Fact() *FactKind
	Evidence(*Trail) Evidence
	Known(*Trail) bool
	Same(a, b *Trail) bool
	Copy(to, from *Trail)
	inherit(to, from *Trail)
	JSON(*Trail) json.RawMessage
	decode(*Trail, json.RawMessage, Origin) error
	origin(*Trail) Origin
}

// Attributes is every attribute of a trail but its delivery, which is kept by Region.
var Attributes = []Attribute{
	HomeRegion, S3Bucket, S3Prefix, SNSTopic, GlobalEvents, MultiRegion, Validation, LogGroup, LogRole, KMSKey, Organization,
	Logging, StartedAt, StoppedAt, Selectors, Insights, Tags,
}

// AttributeNamed is the attribute of a name in the API; nil where there is none.
func AttributeNamed(name string) Attribute {
	i := slices.IndexFunc(Attributes, func(a Attribute) bool { return a.Name() == name })
	if i < 0 {
		return nil
	}
	return Attributes[i]
}

// Name is the attribute's name in the API.
func (a Attr[T]) Name() string { return a.name }

// Fact is the kind of fact that tells the attribute.
func (a Attr[T]) Fact() *FactKind { return a.fact }

// Of is the attribute's value on a trail.
func (a Attr[T]) Of(t *Trail) Value[T] { return *a.at(t) }

// Set gives the attribute of a trail a value.
func (a Attr[T]) Set(t *Trail, v Value[T]) { *a.at(t) = v }

// Known tells whether the attribute is known on a trail.
func (a Attr[T]) Known(t *Trail) bool { return a.at(t).known }

// Evidence is the attribute as a finding shows it.
func (a Attr[T]) Evidence(t *Trail) Evidence {
	v := a.at(t)
	if !v.known {
		return Evidence{Fact: a.name, Origin: v.Origin()}
	}
	return Evidence{Fact: a.name, Value: v.v, Origin: v.from}
}

// Same tells that two trails have the same known value, or that neither knows it.
func (a Attr[T]) Same(x, y *Trail) bool {
	return a.Known(x) == a.Known(y) && bytes.Equal(a.JSON(x), a.JSON(y))
}

// Copy gives one trail the attribute of another.
func (a Attr[T]) Copy(to, from *Trail) { *a.at(to) = *a.at(from) }

// inherit copies the attribute and notes whose account told it.
func (a Attr[T]) inherit(to, from *Trail) {
	a.Copy(to, from)
	a.at(to).from.Account = from.Owner()
}

func (a Attr[T]) origin(t *Trail) Origin { return a.at(t).from }

// JSON is the bare value, or nil when it is unknown.
func (a Attr[T]) JSON(t *Trail) json.RawMessage { return a.Evidence(t).JSON() }

func (a Attr[T]) decode(t *Trail, raw json.RawMessage, from Origin) error {
	if len(raw) == 0 || string(raw) == "null" {
		*a.at(t) = Unread[T](from)
		return nil
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("%s: %w", a.name, err)
	}
	*a.at(t) = Known(v, from)
	return nil
}

// Is tells whether a yes-or-no attribute holds on the trail.
func (t *Trail) Is(a Attr[bool]) Truth {
	is := Unknown
	if v, ok := a.Of(t).Get(); ok {
		is = coverage.Known(v)
	}
	return Truth{Tri: is, one: a.Evidence(t)}
}

// Has tells whether a text attribute is set on the trail.
func (t *Trail) Has(a Attr[string]) Truth {
	is := Unknown
	if v, ok := a.Of(t).Get(); ok {
		is = coverage.Known(v != "")
	}
	return Truth{Tri: is, one: a.Evidence(t)}
}
