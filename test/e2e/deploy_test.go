//go:build e2e

package e2e_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/golden"
	"cairn.example/test/fidelity"
)

// Where the stacks of these tests stand: cairn's home, and another Region.
const (
	home  = "eu-central-1"
	other = "eu-west-1"
)

// deploy makes a stack of deploy/ and returns its outputs. moto's CloudFormation leaves out what it does not know, which
// are all policies, subscriptions among them, and says CREATE_COMPLETE all the same: what is asserted is what came of it.
func deploy(t *testing.T, region, name string, parameters ...string) map[string]string {
	t.Helper()
	args := []string{"cloudformation", "create-stack", "--region", region, "--stack-name", name, "--template-body", string(template(t, name)), "--capabilities", "CAPABILITY_NAMED_IAM"}
	if len(parameters) > 0 {
		args = append(args, "--parameters")
	}
	for _, p := range parameters {
		parameter, value, _ := strings.Cut(p, "=")
		args = append(args, "ParameterKey="+parameter+",ParameterValue="+strings.ReplaceAll(value, ",", `\,`))
	}
	world.cli.run(t, args...)
	var made struct {
		Stacks []struct {
			StackStatus string
			Outputs     []struct{ OutputKey, OutputValue string }
		}
	}
	ask(t, &made, "cloudformation", "describe-stacks", "--region", region, "--stack-name", name)
	out := map[string]string{}
	for _, o := range made.Stacks[0].Outputs {
		out[o.OutputKey] = o.OutputValue
	}
	return out
}

func template(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../deploy/cloudformation/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ask decodes what the AWS CLI prints.
func ask(t *testing.T, into any, args ...string) {
	t.Helper()
	if args[0] == "sqs" { // for which the AWS CLI knows better than AWS_ENDPOINT_URL
		args = append(args, "--endpoint-url", world.url)
	}
	text := world.cli.run(t, args...)
	if strings.TrimSpace(text) == "" {
		return // as a queue answers in which nothing is
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
}

// drain receives what is in a queue: the bodies of its messages.
func drain(t *testing.T, queue string) []string {
	t.Helper()
	var out []string
	for {
		var got struct {
			Messages []struct{ Body string }
		}
		ask(t, &got, "sqs", "receive-message", "--region", home, "--queue-url", queue, "--max-number-of-messages", "10", "--wait-time-seconds", "0")
		if len(got.Messages) == 0 {
			return out
		}
		for _, m := range got.Messages {
			out = append(out, m.Body)
		}
	}
}

// record is one of CloudTrail's, with what is said of it beside.
func record(t *testing.T, more map[string]any) string {
	t.Helper()
	said := map[string]any{
		"eventVersion": "1.11", "eventTime": "2026-11-22T09:41:07Z", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "awsRegion": other,
		"sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.31.4", "eventID": "4a705624-0000-4000-8000-000000000001", "readOnly": false, "eventType": "AwsApiCall",
		"managementEvent": true, "eventCategory": "Management", "recipientAccountId": "123456789012",
		"userIdentity":      map[string]any{"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/mallory", "accountId": "123456789012", "userName": "mallory"},
		"requestParameters": map[string]any{"name": "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main"},
	}
	maps.Copy(said, more)
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEventsOfAnotherRegionReachTheQueue deploys queue.yaml at home and region.yaml in another Region, puts events on that
// Region's default bus as CloudTrail would, and lets cairn read what arrives. moto asks no policy, so that the policies
// allow this is proved by nobody here; nor does it know arrays in patterns, which the log bucket's data events need.
func TestEventsOfAnotherRegionReachTheQueue(t *testing.T) {
	reset(t, fidelity.World{})
	queue := deploy(t, home, "queue", "OrganizationId=o-exampleorg1", "TopicArns=arn:aws:sns:eu-west-1:123456789012:one,arn:aws:sns:eu-west-1:123456789012:two")
	// Of a default moto makes no list, so what the template says is said again.
	sources := regexp.MustCompile(`Default: >-\s+(\S+)`).FindSubmatch(template(t, "region"))
	deploy(t, other, "region", "BusArn="+queue["BusArn"], "EventSources="+string(sources[1]))
	for _, e := range []struct{ source, kind, detail string }{
		{"aws.cloudtrail", "AWS API Call via CloudTrail", record(t, nil)},
		{"aws.dynamodb", "AWS API Call via CloudTrail", record(t, map[string]any{"eventSource": "dynamodb.amazonaws.com"})},
		{"aws.s3", "AWS API Call via CloudTrail", record(t, map[string]any{"eventSource": "s3.amazonaws.com", "eventName": "PutObject", "managementEvent": false})},
		{"aws.ec2", "EC2 Instance State-change Notification", `{"state": "running"}`},
		{"nobody", "AWS API Call via CloudTrail", record(t, nil)}, // AWS refuses to put what calls itself aws.
	} {
		entry, err := json.Marshal([]map[string]string{{"Source": e.source, "DetailType": e.kind, "Detail": e.detail}})
		if err != nil {
			t.Fatal(err)
		}
		world.cli.run(t, "events", "put-events", "--region", other, "--entries", string(entry))
	}
	bodies := drain(t, queue["QueueUrl"])
	if len(bodies) != 1 {
		t.Fatalf("%d events arrived, want the StopLogging alone: %q", len(bodies), bodies)
	}
	file := filepath.Join(t.TempDir(), "message.json")
	if err := os.WriteFile(file, []byte(bodies[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	got := cairn(t, nil, "watch", "--files", file, "--once")
	if got.code != 3 || !strings.Contains(got.stdout, "StopLogging on trail/main (eu-west-1)") {
		t.Errorf("cairn watch: exit %d, want the finding and 3\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// TestQueueIsMadeAsItIsWritten reads the queue back through SQS itself.
func TestQueueIsMadeAsItIsWritten(t *testing.T) {
	reset(t, fidelity.World{})
	queue := deploy(t, home, "queue")
	var got struct{ Attributes map[string]string }
	ask(t, &got, "sqs", "get-queue-attributes", "--region", home, "--queue-url", queue["QueueUrl"], "--attribute-names", "All")
	var redrive struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
		MaxReceiveCount     any    `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(got.Attributes["RedrivePolicy"]), &redrive); err != nil {
		t.Fatal(err)
	}
	if redrive.DeadLetterTargetArn != queue["QueueArn"]+"-dead-letters" || redrive.MaxReceiveCount != float64(100) {
		t.Errorf("redrive policy %+v", redrive)
	}
	for name, want := range map[string]string{"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "120", "ReceiveMessageWaitTimeSeconds": "20"} {
		if got.Attributes[name] != want {
			t.Errorf("%s is %s, want %s", name, got.Attributes[name], want)
		}
	}
}

// TestNotificationsOfTheBucketAreKept runs notify-bucket.sh on a bucket that tells somebody else of other files already.
func TestNotificationsOfTheBucketAreKept(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("jq is not there, which notify-bucket.sh needs")
	}
	reset(t, fidelity.World{})
	queue := deploy(t, home, "queue")
	topic := deploy(t, other, "notifications", "LogBucket=logs", "QueueArn="+queue["QueueArn"])
	setup(t, topic["Subscribe"]) // moto's CloudFormation knows no subscription
	setup(t, `
aws s3api create-bucket --bucket logs --region eu-west-1 --create-bucket-configuration LocationConstraint=eu-west-1
aws sqs create-queue --queue-name others --region eu-west-1 --endpoint-url `+world.url+`
aws s3api put-bucket-notification-configuration --bucket logs --notification-configuration '{"QueueConfigurations": [{"Id": "others", "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:others", "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "reports/"}]}}}]}'
`)
	before := notifications(t)
	for range 2 { // the second run changes nothing
		notify(t, "logs", topic["TopicArn"], "trail/")
		after := notifications(t)
		if diff := cmp.Diff(before["QueueConfigurations"], after["QueueConfigurations"]); diff != "" {
			t.Errorf("what the bucket told others was changed (-before +after):\n%s", diff)
		}
		if got, _ := after["TopicConfigurations"].([]any); len(got) != 1 {
			t.Errorf("want one topic, got %v", after["TopicConfigurations"])
		}
	}
	drain(t, queue["QueueUrl"]) // S3 says that it can
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	const log = "trail/AWSLogs/123456789012/CloudTrail/eu-west-1/2026/11/22/123456789012_CloudTrail_eu-west-1_20261122T0945Z_a.json.gz"
	for _, key := range []string{log, "trail/AWSLogs/123456789012/readme.txt", "elsewhere/AWSLogs/x.json.gz"} {
		world.cli.run(t, "s3api", "put-object", "--region", other, "--bucket", "logs", "--key", key, "--body", file)
	}
	var keys []string
	for _, body := range drain(t, queue["QueueUrl"]) {
		var told struct {
			Records []struct {
				S3 struct {
					Object struct {
						Key string `json:"key"`
					} `json:"object"`
				} `json:"s3"`
			} `json:"Records"`
		}
		if err := json.Unmarshal([]byte(body), &told); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		for _, r := range told.Records {
			key, err := url.QueryUnescape(r.S3.Object.Key)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
	}
	if !slices.Equal(keys, []string{log}) {
		t.Errorf("the queue was told of %q, want the log file alone", keys)
	}
	notify(t, "--remove", "logs")
	if diff := cmp.Diff(before, notifications(t)); diff != "" {
		t.Errorf("--remove does not leave what was there before (-before +after):\n%s", diff)
	}
}

// notifications are what the bucket tells, and whom.
func notifications(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	ask(t, &out, "s3api", "get-bucket-notification-configuration", "--region", other, "--bucket", "logs")
	return out
}

// notify runs notify-bucket.sh with the AWS CLI of these tests.
func notify(t *testing.T, args ...string) {
	t.Helper()
	script, err := filepath.Abs("../../deploy/notify-bucket.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), script, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(append(base(), credentials()...), "PATH="+filepath.Join(world.venv, "bin")+":"+os.Getenv("PATH"), "AWS_REGION="+other, "AWS_DEFAULT_REGION="+other)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("notify-bucket.sh %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	if kept := golden.Glob(t, filepath.Join(cmd.Dir, "notifications-of-logs.*.json")); len(kept) != 1 {
		t.Errorf("want one way back, got %q", kept)
	}
}

// TestTerraformValidates asks Terraform itself, where it and its provider for AWS are: CAIRN_TERRAFORM_PLUGINS names the
// folder of the provider, in the layout of terraform providers mirror.
func TestTerraformValidates(t *testing.T) {
	plugins := os.Getenv("CAIRN_TERRAFORM_PLUGINS")
	if _, err := exec.LookPath("terraform"); err != nil || plugins == "" {
		t.Skip("no terraform, or CAIRN_TERRAFORM_PLUGINS names no provider")
	}
	for _, module := range golden.Glob(t, "../../deploy/terraform/*") {
		t.Run(filepath.Base(module), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(module)); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"init", "-plugin-dir=" + plugins, "-input=false"}, {"validate"}, {"fmt", "-check", "-diff"}} {
				cmd := exec.CommandContext(t.Context(), "terraform", append(args, "-no-color")...)
				if args[0] == "fmt" {
					cmd = exec.CommandContext(t.Context(), "terraform", args...)
				}
				cmd.Dir, cmd.Env = dir, append(base(), "TF_CLI_CONFIG_FILE="+os.DevNull, "HOME="+dir)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
		})
	}
}
