package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"cairn.example/internal/model"
)

// Attributes are the queue's own, by the names that SQS has for them.
func (q *Queue) Attributes(ctx context.Context) (map[string]string, error) {
	if err := q.account.assume(ctx); err != nil {
		return nil, err
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return nil, q.failed(ctx, err, "GetQueueAttributes", "sqs:GetQueueAttributes")
	}
	return out.Attributes, nil
}

// Glance tries to receive, and gives back what it got. A receive that hides nothing cannot be asked for: the SDK leaves a
// time of 0 out, and the queue's own would hold.
func (q *Queue) Glance(ctx context.Context) error {
	got, err := q.Receive(ctx, 0, time.Second)
	if err != nil || len(got) == 0 {
		return err
	}
	var receipts []string
	for _, m := range got {
		receipts = append(receipts, m.Receipt)
	}
	for _, err := range q.Extend(ctx, receipts, 0) {
		if call, ok := errors.AsType[*CallError](err); ok && call.Denied() { // else the second is over
			return err
		}
	}
	return nil
}

// Tells are the ARNs of the queues and topics that a bucket tells of new objects, and whether it tells EventBridge.
func (b *Buckets) Tells(ctx context.Context, bucket string) (to []string, bus bool, err error) {
	var out *s3.GetBucketNotificationConfigurationOutput
	region, err := b.try(ctx, bucket, func(c *s3.Client) (err error) {
		out, err = c.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &bucket})
		return err
	})
	if err != nil {
		return nil, false, b.failed(ctx, err, model.Gap{Call: "GetBucketNotificationConfiguration", Region: region, Resource: "s3://" + bucket, Permission: "s3:GetBucketNotification"})
	}
	for _, one := range out.QueueConfigurations {
		to = append(to, aws.ToString(one.QueueArn))
	}
	for _, one := range out.TopicConfigurations {
		to = append(to, aws.ToString(one.TopicArn))
	}
	return to, out.EventBridgeConfiguration != nil, nil
}

// Feeds are the rules of EventBridge and the topics of SNS that an account may ask about, in whatever Region they are.
// They are safe for concurrent use.
type Feeds struct {
	account *account

	mu    sync.Mutex
	rules map[string]*eventbridge.Client // by Region
}

// NewFeeds are those that a target may ask about. The options' facts are not looked at.
func NewFeeds(t Target, o Options) *Feeds {
	o.Rate = cmp.Or(o.Rate, storeRate)
	return &Feeds{account: newRun(o).account(t), rules: map[string]*eventbridge.Client{}}
}

// in is the client of a Region, kept so that the calls of one keep to one rate.
func (f *Feeds) in(region string) *eventbridge.Client {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rules[region] == nil {
		f.rules[region] = eventbridge.NewFromConfig(f.account.in(region).config)
	}
	return f.rules[region]
}

// Rule is a rule of EventBridge.
type Rule struct {
	State   string
	Targets []string // ARNs
}

// Rule asks for a rule by its ARN.
func (f *Feeds) Rule(ctx context.Context, arn string) (Rule, error) {
	bus, name := RuleName(arn)
	region := model.ARNRegion(arn)
	if name == "" || region == "" {
		return Rule{}, fmt.Errorf("%q is no ARN of a rule", arn)
	}
	client := f.in(region)
	known, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &bus})
	if err != nil {
		return Rule{}, f.failed(ctx, err, "DescribeRule", region, arn, "events:DescribeRule")
	}
	out := Rule{State: string(known.State)}
	in := &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &bus}
	for {
		page, err := client.ListTargetsByRule(ctx, in)
		if err != nil {
			return Rule{}, f.failed(ctx, err, "ListTargetsByRule", region, arn, "events:ListTargetsByRule")
		}
		for _, one := range page.Targets {
			out.Targets = append(out.Targets, aws.ToString(one.Arn))
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return out, nil
		}
	}
}

// RuleName takes a rule's ARN apart: its bus, and what it is called there. The default bus is not in it.
func RuleName(arn string) (bus, name string) {
	parts := strings.Split(strings.TrimPrefix(model.ARNPart(arn, 5), "rule/"), "/")
	if len(parts) == 1 {
		return "default", parts[0]
	}
	return strings.Join(parts[:len(parts)-1], "/"), parts[len(parts)-1] // a partner's bus has slashes in its name
}

// Forwarding are the names of the rules on a Region's default bus that have a target.
func (f *Feeds) Forwarding(ctx context.Context, region, target string) ([]string, error) {
	var out []string
	in := &eventbridge.ListRuleNamesByTargetInput{TargetArn: &target}
	for {
		page, err := f.in(region).ListRuleNamesByTarget(ctx, in)
		if err != nil {
			return nil, f.failed(ctx, err, "ListRuleNamesByTarget", region, target, "events:ListRuleNamesByTarget")
		}
		out = append(out, page.RuleNames...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return slices.Compact(slices.Sorted(slices.Values(out))), nil
		}
	}
}

// Subscribers are the endpoints that a topic sends to.
func (f *Feeds) Subscribers(ctx context.Context, topic string) ([]string, error) {
	region := model.ARNRegion(topic)
	pages := sns.NewListSubscriptionsByTopicPaginator(sns.NewFromConfig(f.account.in(region).config), &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	var out []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, f.failed(ctx, err, "ListSubscriptionsByTopic", region, topic, "sns:ListSubscriptionsByTopic")
		}
		for _, one := range page.Subscriptions {
			if aws.ToString(one.SubscriptionArn) != "PendingConfirmation" { // which nothing is sent to
				out = append(out, aws.ToString(one.Endpoint))
			}
		}
	}
	return out, nil
}

func (f *Feeds) failed(ctx context.Context, err error, call, region, resource, permission string) error {
	return f.account.callFailed(ctx, err, model.Gap{Call: call, Region: region, Resource: resource, Permission: permission})
}
