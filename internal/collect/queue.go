package collect

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"cairn.example/internal/model"
)

// Message is a message of a queue as it was received. It is an alias, so that what reads queues can say the same and
// need not know this package.
type Message = struct {
	ID, Receipt string
	Body        string
	Receives    int       // how often it was received, this time included
	Sent        time.Time // when it was put into the queue
}

// Queue is an SQS queue. It is safe for concurrent use.
type Queue struct {
	account *account
	client  *sqs.Client
	region  string
	url     string
}

// storeRate is how many requests of a kind are made in a second where nothing else is asked for. S3 takes 5,500 reads a
// second for each prefix, SQS any number unless the queue keeps an order: this is a brake for a mistake.
const storeRate = 1000

// batchSize is how many messages one call can name.
const batchSize = 10

// NewQueue is the queue with a URL, whose Region is the queue's own. The options' facts are not looked at.
func NewQueue(t Target, address string, o Options) (*Queue, error) {
	u, err := queueURL(address)
	if err != nil {
		return nil, err
	}
	o.Rate = cmp.Or(o.Rate, storeRate)
	a := newRun(o).account(t)
	region := cmp.Or(regionOfQueue(u.Hostname()), a.target.Config.Region)
	client := sqs.NewFromConfig(a.in(region).config, func(o *sqs.Options) {
		if o.BaseEndpoint == nil && !ordinaryQueue.MatchString(u.Hostname()) {
			o.BaseEndpoint = aws.String(u.Scheme + "://" + u.Host) // a VPC's endpoint, an emulator
		}
	})
	return &Queue{a, client, region, address}, nil
}

// CheckQueue tells whether an address is one of a queue, as far as it tells by itself.
func CheckQueue(address string) error {
	_, err := queueURL(address)
	return err
}

func queueURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("%q: want a queue's URL, as aws sqs get-queue-url --queue-name NAME prints it", address)
	}
	return u, nil
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$`)
	// ordinaryQueue are hosts that the SDK knows by their Region, and those that queues had earlier.
	ordinaryQueue = regexp.MustCompile(`^(sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue|queue)\.amazonaws\.com(\.cn)?$`)
)

// regionOfQueue is the Region in a queue's host: sqs.REGION.amazonaws.com, vpce-….sqs.REGION.vpce.amazonaws.com, or as it
// was earlier, REGION.queue.amazonaws.com.
func regionOfQueue(host string) string {
	if host == "queue.amazonaws.com" {
		return "us-east-1"
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		before, after := "", ""
		if i > 0 {
			before = labels[i-1]
		}
		if i+1 < len(labels) {
			after = labels[i+1]
		}
		if regionName.MatchString(label) && (before == "sqs" || before == "sqs-fips" || after == "queue") {
			return label
		}
	}
	return ""
}

// Receive waits for messages, of which it returns up to 10, and hides them from others for a time. An error, as of the
// other methods, is a [*CallError], unless the context ended.
func (q *Queue) Receive(ctx context.Context, wait, hidden time.Duration) ([]Message, error) {
	if err := q.account.assume(ctx); err != nil {
		return nil, err
	}
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: batchSize,
		WaitTimeSeconds: seconds(min(wait, maxWait)), VisibilityTimeout: seconds(hidden),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, q.failed(ctx, err, "ReceiveMessage", "sqs:ReceiveMessage")
	}
	var all []Message
	for _, m := range out.Messages {
		all = append(all, messageOf(m))
	}
	return all, nil
}

func messageOf(m types.Message) Message {
	out := Message{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Receives: 1}
	if n, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)]); err == nil {
		out.Receives = max(n, 1)
	}
	if ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		out.Sent = time.UnixMilli(ms).UTC()
	}
	return out
}

// Delete deletes messages by their receipts, at most 10. It returns an error for each, in their order, or nil.
func (q *Queue) Delete(ctx context.Context, receipts []string) []error {
	var entries []types.DeleteMessageBatchRequestEntry
	for i, receipt := range receipts {
		entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipt})
	}
	out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	var failed []types.BatchResultErrorEntry
	if err == nil {
		failed = out.Failed
	}
	return q.outcome(ctx, err, failed, len(receipts), "DeleteMessageBatch", "sqs:DeleteMessage")
}

// Extend hides messages for a time from now on, at most 10. It returns an error for each, in their order, or nil.
func (q *Queue) Extend(ctx context.Context, receipts []string, hidden time.Duration) []error {
	var entries []types.ChangeMessageVisibilityBatchRequestEntry
	for i, receipt := range receipts {
		entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipt, VisibilityTimeout: seconds(hidden),
		})
	}
	out, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: entries})
	var failed []types.BatchResultErrorEntry
	if err == nil {
		failed = out.Failed
	}
	return q.outcome(ctx, err, failed, len(receipts), "ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility")
}

// outcome is what became of each entry of a call.
func (q *Queue) outcome(ctx context.Context, err error, failed []types.BatchResultErrorEntry, n int, call, permission string) []error {
	if err != nil {
		return slices.Repeat([]error{q.failed(ctx, err, call, permission)}, n)
	}
	if len(failed) == 0 {
		return nil
	}
	errs := make([]error, n)
	for _, entry := range failed {
		if i, err := strconv.Atoi(aws.ToString(entry.Id)); err == nil && i >= 0 && i < n {
			fault := smithy.FaultServer
			if entry.SenderFault {
				fault = smithy.FaultClient
			}
			errs[i] = q.failed(ctx, &smithy.GenericAPIError{Code: aws.ToString(entry.Code), Message: aws.ToString(entry.Message), Fault: fault}, call, permission)
		}
	}
	return errs
}

func (q *Queue) failed(ctx context.Context, err error, call, permission string) error {
	return q.account.callFailed(ctx, err, model.Gap{Call: call, Region: q.region, Resource: q.url, Permission: permission})
}

func seconds(d time.Duration) int32 {
	return int32(min(max(d, 0), 12*time.Hour) / time.Second)
}
