package collect_test

import (
	"context"
	"crypto/md5" // of a message, as SQS tells it
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/collect"
)

const queueURL = "https://sqs.eu-west-1.amazonaws.com/111122223333/trail"

// wire stands for AWS: it answers what the SDK sends, and keeps where it was sent.
type wire struct {
	answer func(http.ResponseWriter, *http.Request, string)

	mu   sync.Mutex
	sent []string // "Region operation URL"
}

var signedFor = regexp.MustCompile(`Credential=[^/]+/\d+/([^/]+)/`)

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(raw)
	}
	region := "unsigned"
	if m := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		region = m[1]
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	u := *r.URL
	u.RawQuery = ""
	w.mu.Lock()
	w.sent = append(w.sent, strings.Join(strings.Fields(region+" "+op+" "+u.String()), " "))
	w.mu.Unlock()
	rec := httptest.NewRecorder()
	w.answer(rec, r, body)
	return rec.Result(), nil
}

func (w *wire) target(endpoint string) collect.Target {
	cfg := aws.Config{Region: "us-east-1", HTTPClient: &http.Client{Transport: w}, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
		})}
	if endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	return collect.Target{Config: cfg}
}

func refuse(status int, code, message string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("X-Amz-Target") != "" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"__type":"com.amazonaws.sqs#%s","message":%q}`, code, message)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	}
}

func TestQueueIsAskedWhereItIs(t *testing.T) {
	for url, c := range map[string]struct{ endpoint, want string }{
		queueURL: {"", "eu-west-1 ReceiveMessage https://sqs.eu-west-1.amazonaws.com/"},
		"https://sqs.cn-north-1.amazonaws.com.cn/1/q":                         {"", "cn-north-1 ReceiveMessage https://sqs.cn-north-1.amazonaws.com.cn/"},
		"https://sqs-fips.us-gov-west-1.amazonaws.com/1/q":                    {"", "us-gov-west-1 ReceiveMessage https://sqs-fips.us-gov-west-1.amazonaws.com/"},
		"https://eu-central-1.queue.amazonaws.com/1/q":                        {"", "eu-central-1 ReceiveMessage https://sqs.eu-central-1.amazonaws.com/"},
		"https://queue.amazonaws.com/1/q":                                     {"", "us-east-1 ReceiveMessage https://sqs.us-east-1.amazonaws.com/"},
		"https://vpce-0a1-2b3.sqs.eu-west-1.vpce.amazonaws.com/1/q":           {"", "eu-west-1 ReceiveMessage https://vpce-0a1-2b3.sqs.eu-west-1.vpce.amazonaws.com/"},
		"http://127.0.0.1:4566/000000000000/q":                                {"", "us-east-1 ReceiveMessage http://127.0.0.1:4566/"},
		"http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/q": {"http://localhost:4566", "eu-west-1 ReceiveMessage http://localhost:4566/"},
	} {
		w := &wire{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, "{}") }}
		q, err := collect.NewQueue(w.target(c.endpoint), url, options(quick))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := q.Receive(t.Context(), 20*time.Second, time.Minute); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", url, got, err)
		}
		if diff := cmp.Diff([]string{c.want}, w.sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
	for _, url := range []string{"", "trail", "sqs.eu-west-1.amazonaws.com/1/q", "https://sqs.eu-west-1.amazonaws.com", "https://sqs.eu-west-1.amazonaws.com/", "arn:aws:sqs:eu-west-1:1:q"} {
		if _, err := collect.NewQueue((&wire{}).target(""), url, options(quick)); err == nil || !strings.Contains(err.Error(), "get-queue-url") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestQueueGivesMessages(t *testing.T) {
	var asked string
	w := &wire{answer: func(w http.ResponseWriter, _ *http.Request, body string) {
		asked = body
		sum := md5.Sum([]byte("hello"))
		fmt.Fprintf(w, `{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"hello","MD5OfBody":%q,
			"Attributes":{"ApproximateReceiveCount":"3","SentTimestamp":"1795341900123"}}]}`, hex.EncodeToString(sum[:]))
	}}
	q, err := collect.NewQueue(w.target(""), queueURL, options(quick))
	if err != nil {
		t.Fatal(err)
	}
	got, err := q.Receive(t.Context(), 20*time.Second, 2*time.Minute)
	want := []collect.Message{{ID: "m", Receipt: "r", Body: "hello", Receives: 3, Sent: time.UnixMilli(1795341900123).UTC()}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	var in map[string]any
	if err := json.Unmarshal([]byte(asked), &in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{
		"QueueUrl": queueURL, "MaxNumberOfMessages": 10.0, "WaitTimeSeconds": 20.0, "VisibilityTimeout": 120.0,
		"MessageSystemAttributeNames": []any{"ApproximateReceiveCount", "SentTimestamp"},
	}, in); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// Of a call for several messages each has its own outcome.
func TestQueueTellsWhichMessagesFailed(t *testing.T) {
	var bodies []string
	w := &wire{answer: func(w http.ResponseWriter, _ *http.Request, body string) {
		bodies = append(bodies, body)
		fmt.Fprint(w, `{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false},{"Id":"2","Code":"ReceiptHandleIsInvalid","SenderFault":true,"Message":"old"}]}`)
	}}
	q, err := collect.NewQueue(w.target(""), queueURL, options(quick))
	if err != nil {
		t.Fatal(err)
	}
	for call, errs := range map[string][]error{
		"DeleteMessageBatch":           q.Delete(t.Context(), []string{"a", "b", "c"}),
		"ChangeMessageVisibilityBatch": q.Extend(t.Context(), []string{"a", "b", "c"}, 90*time.Second),
	} {
		var got []string
		for _, err := range errs {
			if e, ok := errors.AsType[*collect.CallError](err); ok {
				got = append(got, e.Call()+" "+e.Code())
			} else {
				got = append(got, fmt.Sprint(err))
			}
		}
		if diff := cmp.Diff([]string{"<nil>", call + " InternalError", call + " ReceiptHandleIsInvalid"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for i, want := range []string{`{"Id":"2","ReceiptHandle":"c"}`, `{"Id":"2","ReceiptHandle":"c","VisibilityTimeout":90}`} {
		if !slices.ContainsFunc(bodies, func(b string) bool { return strings.Contains(b, want) }) {
			t.Errorf("call %d: %s is not in %v", i, want, bodies)
		}
	}
}

// said is what an error tells of itself.
type said struct {
	Call, Region, Code, Permission string
	Denied, Temporary              bool
}

func saying(t *testing.T, err error) said {
	t.Helper()
	e, ok := errors.AsType[*collect.CallError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	return said{e.Call(), e.Region(), e.Code(), e.Permission(), e.Denied(), e.Temporary()}
}

func TestRefusalsAreTold(t *testing.T) {
	const noKMS = "User: arn:aws:sts::111122223333:assumed-role/cairn/cairn is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext"
	for name, c := range map[string]struct {
		status        int
		code, message string
		permission    string // other than the call's own; -: none would help
		denied        bool
		temporary     bool
	}{
		"denied":       {403, "AccessDenied", "", "", true, false},
		"no key":       {403, "AccessDenied", noKMS, "kms:Decrypt", true, false},
		"disabled key": {400, "KMS.DisabledException", "", "", true, false},
		"bad secret":   {403, "SignatureDoesNotMatch", "", "", true, false},
		"archived":     {403, "InvalidObjectState", "", "", false, false},
		"gone":         {404, "NoSuchKey", "", "", false, false},
		"no bucket":    {404, "NoSuchBucket", "", "-", false, false},
		"throttled":    {503, "SlowDown", "", "", false, true},
		"broken":       {500, "InternalError", "", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wire{answer: refuse(c.status, c.code, c.message)}
			b := collect.NewBuckets(w.target(""), options(quick))
			_, _, err := b.Get(t.Context(), "logs", "a.json.gz")
			permission := strings.TrimPrefix(c.permission, "-")
			if c.permission == "" {
				permission = "s3:GetObject"
			}
			if diff := cmp.Diff(said{"GetObject", "us-east-1", c.code, permission, c.denied, c.temporary}, saying(t, err)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if want := map[bool]int{false: 1, true: quick.Attempts}[c.temporary]; len(w.sent) != want {
				t.Errorf("%d attempts", len(w.sent))
			}
		})
	}
	for code, want := range map[string]said{
		"AccessDeniedException": {Code: "AccessDeniedException", Denied: true},
		"QueueDoesNotExist":     {Code: "QueueDoesNotExist"},
		"KmsDisabled":           {Code: "KmsDisabled", Denied: true},
		"ThrottlingException":   {Code: "ThrottlingException", Temporary: true},
	} {
		w := &wire{answer: refuse(400, code, "")}
		q, err := collect.NewQueue(w.target(""), queueURL, options(quick))
		if err != nil {
			t.Fatal(err)
		}
		_, err = q.Receive(t.Context(), time.Second, time.Minute)
		want.Call, want.Region = "ReceiveMessage", "eu-west-1"
		if code != "QueueDoesNotExist" { // which no permission would help
			want.Permission = "sqs:ReceiveMessage"
		}
		if diff := cmp.Diff(want, saying(t, err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

// The Region of a bucket is learned from S3, once; and what names no Region is not followed.
func TestBucketsAreFoundInTheirRegion(t *testing.T) {
	named := "eu-north-1"
	w := &wire{}
	w.answer = func(rw http.ResponseWriter, r *http.Request, _ string) {
		if !strings.Contains(r.URL.Host, "eu-north-1") {
			rw.Header().Set("X-Amz-Bucket-Region", named)
			refuse(301, "PermanentRedirect", "")(rw, r, "")
			return
		}
		rw.Header().Set("Content-Length", "4")
		fmt.Fprint(rw, "text")
	}
	b := collect.NewBuckets(w.target(""), options(quick))
	for range 2 {
		body, size, err := b.Get(t.Context(), "logs", "AWSLogs/a b+c.json")
		if err != nil || size != 4 {
			t.Fatalf("%d, %v", size, err)
		}
		if text, err := io.ReadAll(body); string(text) != "text" || err != nil || body.Close() != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
	key := "/AWSLogs/a%20b%2Bc.json"
	want := []string{
		"us-east-1 https://logs.s3.us-east-1.amazonaws.com" + key,
		"eu-north-1 https://logs.s3.eu-north-1.amazonaws.com" + key, "eu-north-1 https://logs.s3.eu-north-1.amazonaws.com" + key,
	}
	if diff := cmp.Diff(want, w.sent); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, named = range []string{"", "eu-north-1.evil.example/x?", "us-east-1"} {
		w.sent = nil
		b := collect.NewBuckets(w.target(""), options(quick))
		_, _, err := b.Get(t.Context(), "logs", "a.json")
		if got := saying(t, err); got.Code != "PermanentRedirect" || !got.Denied || len(w.sent) != 1 {
			t.Errorf("%q: %v, sent %v", named, got, w.sent)
		}
	}
}

func TestEndpointsOfBuckets(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://localhost:4566":      "us-east-1 http://localhost:4566/logs/a.json",
		"http://localhost":           "us-east-1 http://localhost/logs/a.json",
		"http://127.0.0.1:9000":      "us-east-1 http://127.0.0.1:9000/logs/a.json",
		"https://store.example:9000": "us-east-1 https://store.example:9000/logs/a.json",
		"https://store.example":      "us-east-1 https://logs.store.example/a.json",
		"http://store.example:9000":  "",
		"http://192.0.2.1":           "",
	} {
		w := &wire{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, "text") }}
		body, _, err := collect.NewBuckets(w.target(endpoint), options(quick)).Get(t.Context(), "logs", "a.json")
		if want == "" {
			if got := saying(t, err); len(w.sent) != 0 || !got.Denied || !strings.Contains(err.Error(), "--insecure-endpoint") {
				t.Errorf("%s: %v, sent %v", endpoint, err, w.sent)
			}
			continue
		}
		if err != nil || body.Close() != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, w.sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", endpoint, diff)
		}
	}
	w := &wire{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, "{}") }}
	q, err := collect.NewQueue(w.target(""), "http://sqs.example:9324/queue/trail", options(quick))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Receive(t.Context(), time.Second, time.Minute); err == nil || !strings.Contains(err.Error(), "--insecure-endpoint") || len(w.sent) != 0 {
		t.Errorf("%v, sent %v", err, w.sent)
	}
}

func TestBucketsAreListed(t *testing.T) {
	var asked []string
	w := &wire{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		asked = append(asked, r.URL.RawQuery)
		w.Header().Set("Content-Type", "application/xml")
		next := `<IsTruncated>true</IsTruncated><NextContinuationToken>t/1</NextContinuationToken>`
		if r.URL.Query().Get("continuation-token") != "" {
			next = `<IsTruncated>false</IsTruncated>`
		}
		fmt.Fprint(w, `<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>AWSLogs/a+b%2Bc%01.json</Key></Contents><CommonPrefixes><Prefix>AWSLogs/1%C3%A9/</Prefix></CommonPrefixes>`+next+`</ListBucketResult>`)
	}}
	b := collect.NewBuckets(w.target(""), options(quick))
	want := collect.Page{Keys: []string{"AWSLogs/a b+c\x01.json"}, Folders: []string{"AWSLogs/1é/"}, Next: "t/1"}
	got, err := b.List(t.Context(), "logs", collect.Listing{Prefix: "AWSLogs/", StartAfter: "AWSLogs/0", Delimiter: "/"})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	want.Next = ""
	got, err = b.List(t.Context(), "logs", collect.Listing{Prefix: "AWSLogs/", StartAfter: "AWSLogs/0", Token: "t/1"})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{
		"delimiter=%2F&encoding-type=url&list-type=2&prefix=AWSLogs%2F&start-after=AWSLogs%2F0",
		"continuation-token=t%2F1&encoding-type=url&list-type=2&prefix=AWSLogs%2F",
	}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	w.answer = refuse(403, "AccessDenied", "")
	_, err = b.List(t.Context(), "logs", collect.Listing{})
	if diff := cmp.Diff(said{"ListObjectsV2", "us-east-1", "AccessDenied", "s3:ListBucket", true, false}, saying(t, err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// dribble serves objects whose content comes bit by bit, is cut off, or stops coming.
func dribble(t *testing.T, every time.Duration) collect.Target {
	t.Helper()
	stopped := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		for i := range 10 {
			_, _ = io.WriteString(w, fmt.Sprint(i))
			w.(http.Flusher).Flush()
			switch {
			case i == 4 && strings.HasSuffix(r.URL.Path, "stop"):
				<-stopped
				return
			case i == 4 && strings.HasSuffix(r.URL.Path, "cut"):
				panic(http.ErrAbortHandler)
			}
			time.Sleep(every)
		}
	}))
	t.Cleanup(func() {
		close(stopped)
		server.Close()
	})
	return collect.Target{Config: config(t, server.URL)}
}

// An object may take longer than a call, but not without anything coming; and what breaks off says so.
func TestContentOfObjects(t *testing.T) {
	settings := quick
	settings.Timeout = 300 * time.Millisecond
	b := collect.NewBuckets(dribble(t, 60*time.Millisecond), options(settings))
	for key, want := range map[string]string{"whole": "", "cut": "ConnectionError|Failed", "stop": "Timeout"} {
		body, size, err := b.Get(t.Context(), "logs", key)
		if err != nil || size != 10 {
			t.Fatalf("%s: %d, %v", key, size, err)
		}
		time.Sleep(2 * settings.Timeout) // what its reader takes is nobody's fault
		text, err := io.ReadAll(body)
		if want == "" {
			if string(text) != "0123456789" || err != nil {
				t.Errorf("%s: %q, %v", key, text, err)
			}
		} else if got := saying(t, err); !regexp.MustCompile(want).MatchString(got.Code) || !got.Temporary || got.Denied || got.Call != "GetObject" || string(text) != "01234" {
			t.Errorf("%s: %q, %v: %v", key, text, err, got)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	body, _, err := b.Get(ctx, "logs", "stop")
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	time.AfterFunc(50*time.Millisecond, func() { cancel(enough) })
	if _, err := io.ReadAll(body); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// A role that cannot be assumed is what is told, and not what was asked for.
func TestStoresBehindARole(t *testing.T) {
	w := &wire{answer: func(w http.ResponseWriter, r *http.Request, body string) {
		if !strings.Contains(body, "AssumeRole") {
			t.Errorf("asked %s", r.URL)
		}
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
	}}
	target := w.target("")
	target.Role = "arn:aws:iam::111122223333:role/cairn"
	q, err := collect.NewQueue(target, queueURL, options(quick))
	if err != nil {
		t.Fatal(err)
	}
	b := collect.NewBuckets(target, options(quick))
	_, receive := q.Receive(t.Context(), time.Second, time.Minute)
	_, _, get := b.Get(t.Context(), "logs", "a.json")
	_, list := b.List(t.Context(), "logs", collect.Listing{})
	for _, err := range []error{receive, get, list} {
		if diff := cmp.Diff(said{"AssumeRole", "", "AccessDenied", "sts:AssumeRole", true, false}, saying(t, err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}
