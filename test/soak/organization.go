package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"cairn.example/internal/app"
	"cairn.example/internal/event"
	"cairn.example/internal/eventtest"
	"cairn.example/internal/model"
	"cairn.example/rules/all"
)

// exampleAccount is the account of the demo that every account here is like. It has a trail of its own.
const exampleAccount = "222222222222"

// Organization is some accounts that have a trail each, as they are known before anything happens.
type Organization struct {
	Snapshot *model.Snapshot
	Trails   []Trail
	random   *rand.Rand
	shapes   *eventtest.Shapes
	spare    [][]byte // records that no detection looks at
	seed     uint64
}

// Trail is one of an organization.
type Trail struct{ ARN, Account, Region string }

// NewOrganization makes n accounts, read at a time.
func NewOrganization(ctx context.Context, n int, seed uint64, read time.Time) (*Organization, error) {
	demo := &app.App{Rules: all.Rules(), Now: func() time.Time { return read }, Log: slog.New(slog.DiscardHandler)}
	s, _, err := demo.DemoFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the example organization: %w", err)
	}
	shapes, err := eventtest.Own()
	if err != nil {
		return nil, fmt.Errorf("make records: %w", err)
	}
	o := &Organization{Snapshot: s, random: rand.New(rand.NewPCG(seed, 3)), shapes: shapes, seed: seed}
	example := *s.Account(exampleAccount)
	s.Accounts, s.CollectedAt = nil, read.UTC().Truncate(time.Second)
	for _, t := range example.Trails.Items {
		if t.Owner() == exampleAccount {
			example.Trails.Items = []*model.Trail{t}
			break
		}
	}
	for i := range n {
		if err := o.add(&example, fmt.Sprintf("3%011d", i)); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *Organization) add(example *model.Account, id string) error {
	text, err := json.Marshal(example)
	if err != nil {
		return fmt.Errorf("write an account: %w", err)
	}
	a := &model.Account{}
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(exampleAccount), []byte(id)), a); err != nil {
		return fmt.Errorf("read an account: %w", err)
	}
	o.Snapshot.Accounts = append(o.Snapshot.Accounts, a)
	t := a.Trails.Items[0]
	o.Trails = append(o.Trails, Trail{t.ARN, id, model.ARNRegion(t.ARN)})
	return nil
}

// Call is a call that is about a trail.
type Call struct {
	Trail     Trail
	Name      string
	Request   map[string]any // nil for one that was refused
	Response  map[string]any
	Refused   bool
	Happens   time.Time
	Principal string
}

// Event is a record of CloudTrail in the envelope of EventBridge.
type Event struct {
	ID       string
	Record   []byte
	Envelope string
}

// Event makes the event of a call.
func (o *Organization) Event(c Call) (Event, error) {
	who := c.Principal
	if who == "" {
		who = "mallory"
	}
	record := map[string]any{
		"eventVersion": "1.11", "eventTime": c.Happens.UTC().Format(time.RFC3339), "eventSource": "cloudtrail.amazonaws.com", "eventName": c.Name,
		"awsRegion": c.Trail.Region, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.31.4 md/command#cloudtrail",
		"userIdentity": map[string]any{
			"type": "AssumedRole", "principalId": "AROAEXAMPLEADMINROLE1:" + who, "accountId": c.Trail.Account, "accessKeyId": "ASIAEXAMPLE",
			"arn": "arn:aws:sts::" + c.Trail.Account + ":assumed-role/Admin/" + who,
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{
				"type": "Role", "principalId": "AROAEXAMPLEADMINROLE1", "arn": "arn:aws:iam::" + c.Trail.Account + ":role/Admin", "accountId": c.Trail.Account, "userName": "Admin",
			}},
		},
		"requestParameters": c.Request, "responseElements": c.Response, "requestID": o.uuid(), "eventID": o.uuid(), "readOnly": false, "eventType": "AwsApiCall",
		"managementEvent": true, "recipientAccountId": c.Trail.Account, "eventCategory": "Management",
	}
	if c.Refused {
		record["errorCode"], record["requestParameters"], record["responseElements"] = "AccessDenied", nil, nil
		record["errorMessage"] = fmt.Sprintf("User: arn:aws:sts::%s:assumed-role/Admin/%s is not authorized to perform: cloudtrail:%s on resource: %s because no identity-based policy allows the cloudtrail:%s action",
			c.Trail.Account, who, c.Name, c.Trail.ARN, c.Name)
	}
	raw, err := json.Marshal(record)
	if err != nil {
		return Event{}, fmt.Errorf("write a record: %w", err)
	}
	id, _ := record["eventID"].(string)
	return Event{id, raw, o.envelope("aws.cloudtrail", raw)}, nil
}

// Other is an event that no detection looks at.
func (o *Organization) Other() (Event, error) {
	if len(o.spare) == 0 {
		o.seed++
		for rec, err := range event.NewReader(event.Options{}).Records("made", bytes.NewReader(o.shapes.File(o.seed, 500))) {
			if err != nil {
				return Event{}, fmt.Errorf("make records: %w", err)
			}
			if string(rec.EventSource()) != "cloudtrail.amazonaws.com" {
				o.spare = append(o.spare, bytes.Clone(rec.Raw))
			}
		}
	}
	raw := o.spare[0]
	o.spare = o.spare[1:]
	return Event{"", raw, o.envelope("aws.ec2", raw)}, nil
}

func (o *Organization) envelope(source string, record []byte) string {
	return fmt.Sprintf(`{"version":"0","id":%q,"detail-type":"AWS API Call via CloudTrail","source":%q,"account":"111122223333","time":"2026-11-22T10:00:00Z","region":"eu-west-1","resources":[],"detail":%s}`,
		o.uuid(), source, record)
}

func (o *Organization) uuid() string {
	a, b := o.random.Uint64(), o.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a>>32), uint16(a>>16), a&0xfff, b>>52, b&0xffffffffffff)
}
