package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const anEvent = `{"version":"0","source":"aws.cloudtrail","detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"StopLogging"}}`

const aLog = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22/111122223333_CloudTrail_eu-west-1_20261122T1005Z_aB3.json.gz"

// enveloped is a message as SNS hands it on.
func enveloped(body string) string {
	text, _ := json.Marshal(body)
	return `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:111122223333:t","Subject":null,"Message":` + string(text) + `,"Timestamp":"2026-11-22T10:05:00.000Z"}`
}

func s3Event(name, bucket, key string) string {
	b, _ := json.Marshal(bucket)
	k, _ := json.Marshal(key)
	return fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":%q,"s3":{"bucket":{"name":%s},"object":{"key":%s,"size":1}}}`, name, b, k)
}

func s3Notification(events ...string) string {
	return `{"Records":[` + strings.Join(events, ",") + `]}`
}

func TestMessagesAreRecognised(t *testing.T) {
	log := func(bucket, key string) message { return message{objects: []object{{bucket, key}}} }
	for name, c := range map[string]struct {
		body string
		want message
	}{
		"an event":                     {anEvent, message{records: []byte(anEvent)}},
		"a sign-in":                    {strings.ReplaceAll(anEvent, "API Call", "Console Signin"), message{records: []byte(strings.ReplaceAll(anEvent, "API Call", "Console Signin"))}},
		"a record":                     {`{"eventVersion":"1.11","eventID":"1","eventSource":"iam.amazonaws.com"}`, message{records: []byte(`{"eventVersion":"1.11","eventID":"1","eventSource":"iam.amazonaws.com"}`)}},
		"S3":                           {s3Notification(s3Event("ObjectCreated:Put", "b", "p+q/"+aLog)), log("b", "p q/"+aLog)},
		"S3, an encoded plus":          {s3Notification(s3Event("ObjectCreated:Put", "b", "a%2Bb%C3%A9.json")), log("b", "a+bé.json")},
		"S3, several":                  {s3Notification(s3Event("ObjectCreated:Put", "b", "1.json"), s3Event("ObjectRemoved:Delete", "b", "2.json"), s3Event("s3:ObjectCreated:Copy", "c", "3.json.gz")), message{objects: []object{{"b", "1.json"}, {"c", "3.json.gz"}}}},
		"S3, removed":                  {s3Notification(s3Event("ObjectRemoved:DeleteMarkerCreated", "b", aLog)), message{}},
		"S3, expired":                  {s3Notification(s3Event("LifecycleExpiration:Delete", "b", aLog)), message{}},
		"S3, a digest":                 {s3Notification(s3Event("ObjectCreated:Put", "b", "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22/x.json.gz")), message{skipped: 1}},
		"S3, AWS Config":               {s3Notification(s3Event("ObjectCreated:Put", "b", "AWSLogs/111122223333/Config/eu-west-1/2026/11/22/x.json.gz")), message{skipped: 1}},
		"S3, an organization's Config": {s3Notification(s3Event("ObjectCreated:Put", "b", "p/AWSLogs/o-abcdefghij/111122223333/Config/x.json.gz")), message{skipped: 1}},
		"S3, an organization's log":    {s3Notification(s3Event("ObjectCreated:Put", "b", "p/AWSLogs/o-abcdefghij/111122223333/CloudTrail-Insight/x.json.gz")), log("b", "p/AWSLogs/o-abcdefghij/111122223333/CloudTrail-Insight/x.json.gz")},
		"S3, a folder":                 {s3Notification(s3Event("ObjectCreated:Put", "b", "AWSLogs/111122223333/")), message{skipped: 1}},
		"S3, a copy elsewhere":         {s3Notification(s3Event("ObjectCreated:Put", "b", "copies/x.json")), log("b", "copies/x.json")},
		"S3's test":                    {`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-22T10:05:00Z","Bucket":"b","RequestId":"r","HostId":"h"}`, message{}},
		"EventBridge of S3":            {`{"detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"a+b%20c.json"}}}`, log("b", "a+b%20c.json")},
		"EventBridge of S3, deleted":   {`{"detail-type":"Object Deleted","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"a.json"}}}`, message{}},
		"CloudTrail":                   {`{"s3Bucket":"b","s3ObjectKey":["a+b.json","c.json.gz","AWSLogs/111122223333/CloudTrail-Digest/d.json.gz"]}`, message{objects: []object{{"b", "a+b.json"}, {"b", "c.json.gz"}}, skipped: 1}},
		"CloudTrail's test":            {"CloudTrail validation message.", message{}},
	} {
		for _, body := range []string{c.body, enveloped(c.body), enveloped(enveloped(c.body))} {
			got, err := parseMessage([]byte(body))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(message{}, object{})); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s\n%s", name, err, diff, body)
			}
		}
	}
}

func TestUnknownMessages(t *testing.T) {
	for body, want := range map[string]string{
		"":                                       "no JSON object",
		"null":                                   "no JSON object",
		`"text"`:                                 "no JSON object",
		"{}":                                     "neither",
		`{"Type":"Notification"}`:                "without a message",
		`{"Type":"Notification","Message":"hi"}`: "no JSON object",
		`{"Type":"SubscriptionConfirmation","Message":"You have chosen to subscribe","SubscribeURL":"https://sns.example"}`: "confirm it",
		`{"Records":[]}`: "empty",
		`{"Records":[{"eventVersion":"1.11","eventSource":"iam.amazonaws.com"}]}`:                                     "not of S3",
		s3Notification(s3Event("ObjectCreated:Put", "b", "a%zz.json")):                                                "a%zz.json",
		s3Notification(s3Event("ObjectCreated:Put", "", "a.json")):                                                    "without its bucket",
		`{"s3Bucket":"b","s3ObjectKey":"a.json"}`:                                                                     "delivery notification",
		`{"detail-type":"Object Created","source":"aws.s3","detail":{}}`:                                              "without its bucket",
		`{"detail-type":"Object Created","source":"mine","detail":{"bucket":{"name":"b"},"object":{"key":"a.json"}}}`: `"mine"`,
		`{"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","detail":{}}`:                     "no records",
		strings.ReplaceAll(anEvent, "aws.cloudtrail", "evil.cloudtrail"):                                              "evil.cloudtrail",
		strings.ReplaceAll(anEvent, "aws.cloudtrail", "aws.partner/example.com/x"):                                    "aws.partner",
		strings.ReplaceAll(anEvent, `"source":"aws.cloudtrail",`, ""):                                                 `source ""`,
	} {
		got, err := parseMessage([]byte(body))
		if err == nil || !strings.Contains(err.Error(), want) || got.records != nil || got.objects != nil {
			t.Errorf("%s: want %q, got %v with %v", body, want, err, got)
		}
	}
}

// An envelope changes nothing, and what a message is excludes everything else that it could be.
func FuzzParseMessage(f *testing.F) {
	f.Add(anEvent)
	f.Add(enveloped(anEvent))
	f.Add(s3Notification(s3Event("ObjectCreated:Put", "b", "a+b%2B.json"), s3Event("ObjectRemoved:Delete", "b", "c.json")))
	f.Add(`{"s3Bucket":"b","s3ObjectKey":["a.json","x"]}`)
	f.Add(`{"detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"a.json"}}}`)
	f.Add(`{"Type":"Notification","Message":"CloudTrail validation message."}`)
	f.Add(`{"Records":[],"records":1,"s3ObjectKey":null,"eventVersion":{},"eventID":0}`)
	f.Fuzz(func(t *testing.T, body string) {
		plain, err := parseMessage([]byte(body))
		if err != nil && (plain.records != nil || plain.objects != nil) || plain.records != nil && plain.objects != nil {
			t.Fatalf("%v beside %v", plain, err)
		}
		if plain.records != nil && !json.Valid(plain.records) {
			t.Errorf("what is joined with other events is no JSON: %s", plain.records)
		}
		for _, o := range plain.objects {
			if o.bucket == "" || !holdsRecords(o.key) {
				t.Errorf("object %q", o)
			}
		}
		if !utf8.ValidString(body) {
			return // which an envelope cannot hold
		}
		wrapped, wrong := parseMessage([]byte(enveloped(body)))
		if fmt.Sprint(err) != fmt.Sprint(wrong) || !cmp.Equal(plain, wrapped, cmp.AllowUnexported(message{}, object{})) {
			t.Errorf("%v (%v), in an envelope %v (%v)", plain, err, wrapped, wrong)
		}
	})
}

// However an object is told of, it is the same one.
func FuzzKeyOfObject(f *testing.F) {
	f.Add("bucket", aLog)
	f.Add("b", "a b+c%2B&é/\".json")
	f.Add("b", "AWSLogs/111122223333/CloudTrail-Digest/x.json.gz")
	f.Fuzz(func(t *testing.T, bucket, key string) {
		if !utf8.ValidString(bucket) || !utf8.ValidString(key) || bucket == "" || key == "" {
			return
		}
		b, _ := json.Marshal(bucket)
		k, _ := json.Marshal(key)
		want := message{skipped: 1}
		if holdsRecords(key) {
			want = message{objects: []object{{bucket, key}}}
		}
		for _, body := range []string{
			s3Notification(s3Event("ObjectCreated:Put", bucket, url.QueryEscape(key))),
			s3Notification(s3Event("ObjectCreated:Put", bucket, strings.ReplaceAll(url.QueryEscape(key), "%2F", "/"))),
			fmt.Sprintf(`{"detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":%s},"object":{"key":%s}}}`, b, k),
			fmt.Sprintf(`{"s3Bucket":%s,"s3ObjectKey":[%s]}`, b, k),
		} {
			got, err := parseMessage([]byte(body))
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(message{}, object{})); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s\n%s", err, diff, body)
			}
		}
	})
}

// A file is never before the key of its own minute, and at or after the one of the minute before.
func FuzzTimeOfKey(f *testing.F) {
	f.Add(int64(1795341900), "aB3")
	f.Add(int64(0), "")
	f.Fuzz(func(t *testing.T, second int64, random string) {
		if second < 0 || second > 4102444800 || strings.ContainsAny(random, "/_") {
			return
		}
		folder := logFolder{"AWSLogs/111122223333/CloudTrail/eu-west-1/", "111122223333", "CloudTrail", "eu-west-1"}
		at := time.Unix(second, 0).UTC()
		key := folder.at(at) + "_" + random + ".json.gz"
		if got, ok := folder.timeOf(key); !ok || !got.Equal(at.Truncate(time.Minute)) {
			t.Errorf("%s is of %v", key, got)
		}
		if got, ok := folder.timeOf(folder.at(at)); !ok || !got.Equal(at.Truncate(time.Minute)) {
			t.Errorf("%s is of %v", folder.at(at), got)
		}
		if before, after := folder.at(at.Add(-time.Minute)), folder.at(at.Add(time.Minute)); before >= key || after <= key || folder.at(at) >= key || folder.day(at) >= key {
			t.Errorf("%s is not between %s and %s", key, before, after)
		}
	})
}
