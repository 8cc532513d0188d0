//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	busRule = "arn:aws:events:us-east-1:" + mainAccount + ":rule/cairn/to-queue"
	busARN  = "arn:aws:events:us-east-1:" + mainAccount + ":event-bus/cairn"
	topic   = "arn:aws:sns:us-east-1:" + mainAccount + ":deliveries"
	logKey  = "AWSLogs/" + mainAccount + "/CloudTrail/us-east-1/2026/11/22/" + mainAccount + "_CloudTrail_us-east-1_20261122T0945Z_a.json.gz"
)

// aPath makes all that feeds a queue, as deploy/ does.
func aPath(t *testing.T) (queue, dead string) {
	t.Helper()
	reset(t, parseWorld(t, twoRegions()))
	queue, arn := newQueue(t)
	dead = printedField(t, "QueueUrl", sqs("create-queue", "--queue-name", "dead")...)
	send := func(service, source string) any {
		return map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": service}, "Action": "sqs:SendMessage", "Resource": arn, "Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": source}}}
	}
	policy := quoted(t, map[string]any{"Version": "2012-10-17", "Statement": []any{
		send("events.amazonaws.com", busRule), send("s3.amazonaws.com", "arn:aws:s3:::logs"), send("sns.amazonaws.com", topic),
	}})
	redrive := quoted(t, map[string]any{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:" + mainAccount + ":dead", "maxReceiveCount": 100})
	world.cli.run(t, sqs("set-queue-attributes", "--queue-url", queue, "--attributes", quoted(t, map[string]string{"Policy": policy, "RedrivePolicy": redrive}))...)
	setup(t, `
aws events create-event-bus --name cairn
aws events put-rule --name to-queue --event-bus-name cairn --event-pattern '{"source": ["aws.cloudtrail"]}'
aws events put-targets --rule to-queue --event-bus-name cairn --targets Id=q,Arn=`+arn+`
aws events put-rule --name to-cairn --event-pattern '{"source": ["aws.cloudtrail"]}'
aws events put-targets --rule to-cairn --targets Id=b,Arn=`+busARN+`
aws events put-rule --region eu-west-1 --name to-cairn --event-pattern '{"source": ["aws.cloudtrail"]}'
aws events put-targets --region eu-west-1 --rule to-cairn --targets Id=b,Arn=`+busARN+`
aws s3 mb s3://logs
aws sns create-topic --name deliveries
aws sns subscribe --topic-arn `+topic+` --protocol sqs --notification-endpoint `+arn+`
`)
	put(t, "logs", logKey, "before") // which the bucket tells nobody of
	bucketTells(t, arn)
	drainHome(t, queue)
	return queue, dead
}

func bucketTells(t *testing.T, queue string) {
	t.Helper()
	world.cli.run(t, "s3api", "put-bucket-notification-configuration", "--bucket", "logs", "--notification-configuration",
		quoted(t, map[string]any{"QueueConfigurations": []any{map[string]any{"QueueArn": queue, "Events": []string{"s3:ObjectCreated:*"}}}}))
}

// drainHome empties a queue of what S3 says when it is told of it.
func drainHome(t *testing.T, queue string) {
	t.Helper()
	world.cli.run(t, sqs("purge-queue", "--queue-url", queue)...)
}

// ailment is something that is not in order on the path.
type ailment struct {
	name         string
	broken, mend string // by the AWS CLI
	world        string // or by AWS itself
	env          []string
	args         []string
	code         int
	says         string
}

const queueARN = "arn:aws:sqs:us-east-1:" + mainAccount + ":trail"

func ailments(queue, dead string) []ailment {
	return []ailment{
		{name: "in order", code: 0, says: `
ok       queue trail: 1 waiting, 0 being read; kept for 4 d
ok       queue trail: messages can be received
ok       dead-letter queue dead is empty
ok       rule to-queue on bus cairn in us-east-1 sends to the queue
ok       rules forward to cairn from eu-west-1, us-east-1
ok       bucket logs tells the queue of its objects
ok       bucket logs: log files can be read
ok       topic deliveries sends to the queue
ok       channel hook: Webhook is set up
unknown  store: none at cairn.db yet`},
		{
			name: "the rule of the queue is disabled", code: 4, broken: "aws events disable-rule --name to-queue --event-bus-name cairn", mend: "aws events enable-rule --name to-queue --event-bus-name cairn",
			says: "not ok   rule to-queue on bus cairn in us-east-1 is disabled\naws events enable-rule --region us-east-1 --event-bus-name cairn --name to-queue",
		},
		{
			name: "a rule that forwards is disabled", code: 4, broken: "aws events disable-rule --name to-cairn --region eu-west-1", mend: "aws events enable-rule --name to-cairn --region eu-west-1",
			says: "not ok   rule to-cairn on bus default in eu-west-1 is disabled\nok       rules forward to cairn from us-east-1",
		},
		{
			name: "nothing forwards from us-east-1", code: 4, broken: "aws events remove-targets --rule to-cairn --ids b", mend: "aws events put-targets --rule to-cairn --targets Id=b,Arn=" + busARN,
			says: "not ok   no rule in us-east-1 forwards to cairn",
		},
		{
			name: "the rule has another target", code: 4, broken: "aws events remove-targets --rule to-queue --event-bus-name cairn --ids q", mend: "aws events put-targets --rule to-queue --event-bus-name cairn --targets Id=q,Arn=" + queueARN,
			says: "not ok   rule to-queue on bus cairn in us-east-1 does not send to the queue",
		},
		{
			name: "the bucket tells nobody", code: 4, broken: "aws s3api put-bucket-notification-configuration --bucket logs --notification-configuration '{}'", mend: "notify",
			says: "not ok   bucket logs does not tell the queue of its objects\ndeploy/notify-bucket.sh logs " + queueARN,
		},
		{
			name: "log files are not for us", code: 4, broken: `aws s3api put-bucket-policy --bucket logs --policy '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}]}'`,
			mend: "aws s3api delete-bucket-policy --bucket logs", says: "not ok   bucket logs: GetObject in us-east-1: \nallow s3:GetObject",
		},
		{
			name: "messages were set aside", code: 4, broken: "aws sqs --endpoint-url " + world.url + " send-message --queue-url " + dead + " --message-body x", mend: "aws sqs --endpoint-url " + world.url + " purge-queue --queue-url " + dead,
			says: "not ok   dead-letter queue dead: 1 message was never dealt with\nstart-message-move-task --source-arn arn:aws:sqs:us-east-1:" + mainAccount + ":dead",
		},
		{name: "a queue that is not there", code: 4, args: []string{"--queue", strings.TrimSuffix(queue, "trail") + "trial"}, says: "not ok   queue trial: GetQueueAttributes in us-east-1: "},
		{name: "it may not receive", code: 4, world: "deny sqs ReceiveMessage", says: "not ok   queue trail: ReceiveMessage in us-east-1: AccessDenied\nallow sqs:ReceiveMessage"},
		{name: "it may not ask for rules", code: 0, world: "deny events DescribeRule", says: "unknown  rule to-queue on bus cairn in us-east-1: DescribeRule in us-east-1: AccessDenied\nto know it, allow events:DescribeRule"},
		{name: "it may not ask for the queue", code: 0, world: "deny sqs GetQueueAttributes", says: "unknown  queue trail: GetQueueAttributes in us-east-1: AccessDenied\nto know it, allow sqs:GetQueueAttributes"},
		{name: "a secret is missing", code: 4, env: []string{"HOOK_SECRET="}, says: "not ok   notify.channels.hook.secret: "},
	}
}

// TestDoctorLooksAtThePath: with everything in order each part is said to be; and whatever is broken is named, with what
// to do, or with why it is not known.
func TestDoctorLooksAtThePath(t *testing.T) {
	const secret = "HOOK_SECRET=5f0c7d1ab94e4b0f8f8f8d5b0a2c3e4f"
	queue, dead := aPath(t)
	send(t, queue, "left alone")
	for _, c := range ailments(queue, dead) {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			settings := `notify: {channels: {hook: {type: webhook, url: "https://hooks.example.com/x", secret: {env: HOOK_SECRET}}}}`
			if err := os.WriteFile(filepath.Join(dir, "cairn.yaml"), []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			setup(t, c.broken)
			before := messagesLeft(t, queue)
			world.proxy.Become(parseWorld(t, twoRegions()+c.world))
			args := c.args
			if args == nil {
				args = []string{"--queue", queue}
			}
			got := run(t, append(append(append(base(), credentials()...), secret), c.env...), append([]string{"doctor", "--rules", "CT-007"}, args...)...)
			world.proxy.Become(parseWorld(t, twoRegions()))
			if left := messagesLeft(t, queue); left != before {
				t.Errorf("%s messages are left of %s: somebody who only looks took one", left, before)
			}
			if c.mend == "notify" {
				bucketTells(t, queueARN)
			} else {
				setup(t, c.mend)
			}
			if got.code != c.code {
				t.Errorf("exit %d, want %d", got.code, c.code)
			}
			for line := range strings.Lines(c.says) {
				if !strings.Contains(got.stdout, strings.TrimSpace(line)) {
					t.Errorf("it does not say %q:\n%s%s", strings.TrimSpace(line), got.stdout, got.stderr)
				}
			}
		})
	}
}
