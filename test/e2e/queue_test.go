//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/event"
	"cairn.example/internal/source"
)

// awkward is a key that a notification of S3's has to encode.
const awkward = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22/a b+c&é.json"

// inbox handles what sources bring.
type inbox struct {
	mu     sync.Mutex
	ids    []string
	lag    time.Duration // the longest since a message was sent
	poison []source.Poisoned
	told   []string
}

func (i *inbox) handle(_ context.Context, b source.Batch) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !b.Sent.IsZero() {
		i.lag = max(i.lag, time.Since(b.Sent))
	}
	r := event.NewReader(event.Options{})
	for rec, err := range r.Records(b.Name, b.Body) {
		if err != nil {
			return err
		}
		i.ids = append(i.ids, string(rec.EventID()))
	}
	return nil
}

func (i *inbox) take(_ context.Context, p source.Poisoned) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.poison = append(i.poison, p)
	return nil
}

func (i *inbox) problem(p source.Problem) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.told = append(i.told, p.String())
}

// got are the ids so far, sorted, each once.
func (i *inbox) got() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	ids := slices.Clone(i.ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func stores() (collect.Target, collect.Options) {
	return collect.Target{Config: awsfake.Config(world.url, "us-east-1")}, collect.Options{Now: time.Now}
}

// queue is a reader of the queue with this URL.
func queue(t *testing.T, url string, in *inbox) source.Queue {
	t.Helper()
	target, o := stores()
	q, err := collect.NewQueue(target, url, o)
	if err != nil {
		t.Fatal(err)
	}
	return source.Queue{
		Name: url, Receiver: q, Objects: collect.NewBuckets(target, o), Workers: 2, Stats: &source.Stats{},
		Poison: in.take, Problem: in.problem, Now: time.Now,
	}
}

// until runs queues until a condition holds, and a little longer for the deletions.
func until(t *testing.T, done func() bool, in *inbox, queues ...source.Queue) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var wg sync.WaitGroup
	for _, q := range queues {
		wg.Go(func() {
			if err := q.Run(ctx, in.handle); !errors.Is(err, context.Canceled) {
				t.Errorf("the queue ended with %v; got %v, told %v", err, in.got(), in.told)
			}
		})
	}
	for !done() && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	wg.Wait()
}

// printedField is a member of what the AWS CLI prints.
func printedField(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(world.cli.run(t, args...)), &out); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(out[name])
}

// sqs are the words of a command to the queue: for SQS the AWS CLI does not look at AWS_ENDPOINT_URL.
func sqs(words ...string) []string {
	return append([]string{"sqs", "--endpoint-url", world.url}, words...)
}

func newQueue(t *testing.T) (url, arn string) {
	t.Helper()
	url = printedField(t, "QueueUrl", sqs("create-queue", "--queue-name", "trail")...)
	return url, "arn:aws:sqs:us-east-1:123456789012:trail"
}

// messagesLeft counts those that wait and those that are hidden.
func messagesLeft(t *testing.T, url string) string {
	t.Helper()
	out := world.cli.run(t, sqs("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")...)
	var got struct {
		Attributes map[string]string `json:"Attributes"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	return got.Attributes["ApproximateNumberOfMessages"] + "+" + got.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// put puts a log file with one record into a bucket.
func put(t *testing.T, bucket, key, id string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	text := fmt.Sprintf(`{"Records":[{"eventVersion":"1.11","eventID":%q,"eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com"}]}`, id)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	world.cli.run(t, "s3api", "put-object", "--bucket", bucket, "--key", key, "--body", path)
}

func send(t *testing.T, url, body string) {
	t.Helper()
	world.cli.run(t, sqs("send-message", "--queue-url", url, "--message-body", body)...)
}

func quoted(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestQueueFollowsNotifications: by each way that a log file or an event can come, it comes.
func TestQueueFollowsNotifications(t *testing.T) {
	reset(t, parseWorld(t, ""))
	url, arn := newQueue(t)
	topic := printedField(t, "TopicArn", "sns", "create-topic", "--name", "logs")
	raw := printedField(t, "TopicArn", "sns", "create-topic", "--name", "raw")
	world.cli.run(t, "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", arn)
	world.cli.run(t, "sns", "subscribe", "--topic-arn", raw, "--protocol", "sqs", "--notification-endpoint", arn, "--attributes", "RawMessageDelivery=true")
	for bucket, to := range map[string]any{
		"direct":   map[string]any{"QueueConfigurations": []any{map[string]any{"QueueArn": arn, "Events": []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}}}},
		"bysns":    map[string]any{"TopicConfigurations": []any{map[string]any{"TopicArn": topic, "Events": []string{"s3:ObjectCreated:*"}}}},
		"byrawsns": map[string]any{"TopicConfigurations": []any{map[string]any{"TopicArn": raw, "Events": []string{"s3:ObjectCreated:*"}}}},
		"bybus":    map[string]any{"EventBridgeConfiguration": map[string]any{}},
		"bytrail":  map[string]any{},
	} {
		world.cli.run(t, "s3", "mb", "s3://"+bucket)
		world.cli.run(t, "s3api", "put-bucket-notification-configuration", "--bucket", bucket, "--notification-configuration", quoted(t, to))
	}
	for name, pattern := range map[string]any{
		"objects": map[string]any{"source": []string{"aws.s3"}},
		"calls":   map[string]any{"detail-type": []string{"AWS API Call via CloudTrail"}},
	} {
		world.cli.run(t, "events", "put-rule", "--name", name, "--event-pattern", quoted(t, pattern))
		world.cli.run(t, "events", "put-targets", "--rule", name, "--targets", "Id=q,Arn="+arn)
	}
	want := []string{"bybus", "byrawsns", "bysns", "bytrail", "called", "direct"}
	for _, bucket := range want {
		if bucket != "called" {
			put(t, bucket, awkward, bucket)
		}
	}
	put(t, "direct", "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22/d.json.gz", "digest")
	world.cli.run(t, "s3api", "delete-object", "--bucket", "direct", "--key", "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22/d.json.gz")
	world.cli.run(t, "sns", "publish", "--topic-arn", topic, "--message", quoted(t, map[string]any{"s3Bucket": "bytrail", "s3ObjectKey": []string{awkward}}))
	world.cli.run(t, "sns", "publish", "--topic-arn", topic, "--message", "CloudTrail validation message.")
	world.cli.run(t, "events", "put-events", "--entries", quoted(t, []any{map[string]any{
		"Source": "aws.cloudtrail", "DetailType": "AWS API Call via CloudTrail",
		"Detail": `{"eventVersion":"1.11","eventID":"called","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com"}`,
	}}))
	in := &inbox{}
	q := queue(t, url, in)
	until(t, func() bool {
		return len(in.got()) == len(want) && q.Stats.Skipped.Load() > 0 && messagesLeft(t, url) == "0+0"
	}, in, q)
	if got := in.got(); !slices.Equal(got, want) || len(in.poison) > 0 || len(in.told) > 0 {
		t.Errorf("got %v, want %v; poison %v, told %v", got, want, in.poison, in.told)
	}
	if in.lag <= 0 || in.lag > time.Minute {
		t.Errorf("the lag is %s", in.lag)
	}
	if left := messagesLeft(t, url); left != "0+0" {
		t.Errorf("%s messages are left", left)
	}
	for _, call := range world.proxy.Unimplemented() {
		t.Errorf("the emulator does not implement %s", call)
	}
}

// TestQueuePoison: what nobody can read is put aside, and what AWS refuses stays.
func TestQueuePoison(t *testing.T) {
	reset(t, parseWorld(t, ""))
	url, _ := newQueue(t)
	world.cli.run(t, "s3", "mb", "s3://closed")
	put(t, "closed", awkward, "1")
	world.cli.run(t, "s3api", "put-bucket-policy", "--bucket", "closed", "--policy", quoted(t, map[string]any{
		"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::closed/*"}},
	}))
	send(t, url, "what?")
	send(t, url, quoted(t, map[string]any{"s3Bucket": "closed", "s3ObjectKey": []string{awkward}}))
	in := &inbox{}
	q := queue(t, url, in)
	until(t, func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return len(in.poison) > 0 && len(in.told) > 0
	}, in, q)
	if len(in.poison) != 1 || in.poison[0].Body != "what?" || in.poison[0].Tries != 1 {
		t.Errorf("poison %v", in.poison)
	}
	if len(in.told) != 1 || !strings.HasPrefix(in.told[0], "read s3://closed/") || !strings.HasSuffix(in.told[0], "(needs s3:GetObject)") {
		t.Errorf("told %q", in.told)
	}
	if left := messagesLeft(t, url); left != "0+1" { // hidden until its next try
		t.Errorf("%s messages are left", left)
	}
}

// TestQueueTwoReaders: two readers of one queue lose nothing.
func TestQueueTwoReaders(t *testing.T) {
	reset(t, parseWorld(t, ""))
	url, _ := newQueue(t)
	var want []string
	for i := range 60 {
		id := fmt.Sprintf("%02d", i)
		want = append(want, id)
		send(t, url, `{"source":"aws.iam","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.11","eventID":"`+id+`","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com"}}`)
	}
	in := &inbox{}
	one, two := queue(t, url, in), queue(t, url, in)
	until(t, func() bool { return len(in.got()) == len(want) && messagesLeft(t, url) == "0+0" }, in, one, two)
	if got := in.got(); !slices.Equal(got, want) || len(in.poison) > 0 || len(in.told) > 0 {
		t.Errorf("got %v; poison %v, told %v", got, in.poison, in.told)
	}
	if one.Stats.Handled.Load() == 0 || two.Stats.Handled.Load() == 0 {
		t.Errorf("one handled %d, the other %d", one.Stats.Handled.Load(), two.Stats.Handled.Load())
	}
}

// kept are cursors in memory.
type kept map[string]string

func (k kept) Get(_ context.Context, name string) (string, error) { return k[name], nil }

func (k kept) Set(_ context.Context, name, value string) error {
	k[name] = value
	return nil
}

// TestQueueFillsFromTheBucket: what no notification told of is found by listing.
func TestQueueFillsFromTheBucket(t *testing.T) {
	reset(t, parseWorld(t, ""))
	world.cli.run(t, "s3", "mb", "s3://logs")
	at := time.Now().UTC().Add(-2 * time.Hour)
	for id, folder := range map[string]string{
		"a": "AWSLogs/111122223333/CloudTrail/eu-west-1/", "b": "AWSLogs/o-abcdefghij/444455556666/CloudTrail/us-east-1/", "c": "AWSLogs/o-abcdefghij/444455556666/CloudTrail-Insight/us-east-1/",
	} {
		parts := strings.Split(strings.TrimSuffix(folder, "/"), "/")
		name := strings.Join(parts[len(parts)-3:], "_") + at.Format("_20060102T1504Z_")
		put(t, "logs", folder+at.Format("2006/01/02/")+name+id+" +é.json", id)
		put(t, "logs", folder+at.Format("2006/01/02/")+name+id+".txt", "x"+id)
	}
	in, cursors := &inbox{}, kept{}
	target, o := stores()
	buckets := collect.NewBuckets(target, o)
	b := source.Bucket{
		Name: "logs", Objects: buckets, Lister: buckets, Cursors: cursors, Workers: 1, Once: true, Stats: &source.Stats{}, Problem: in.problem, Now: time.Now,
	}
	if err := b.Run(t.Context(), in.handle); err != nil {
		t.Fatal(err)
	}
	if got := in.got(); !slices.Equal(got, []string{"a", "b", "c"}) || len(cursors) != 1+3 || b.Stats.Skipped.Load() != 3 {
		t.Errorf("got %v, cursors %v", got, cursors)
	}
	for _, call := range world.proxy.Unimplemented() {
		t.Errorf("the emulator does not implement %s", call)
	}
}
