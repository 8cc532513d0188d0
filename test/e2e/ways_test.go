//go:build e2e

package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn.example/test/fidelity"
)

// way is how records come to the program: the flags of cairn watch that name a source, and what AWS does when records are
// made.
type way struct {
	name  string
	args  []string
	feed  func(t *testing.T, records []string)
	ready func(t *testing.T)
	looks bool // it looks every few minutes, and at the start
}

// ways are all sources.
func ways(t *testing.T, snapshot string, roles []string) []way {
	t.Helper()
	files := t.TempDir()
	bus, s3, sns := seedQueue(t, "bus"), seedQueue(t, "direct"), seedQueue(t, "topic")
	world.cli.run(t, "events", "put-rule", "--name", "calls", "--event-pattern", `{"detail-type": ["AWS API Call via CloudTrail"]}`)
	world.cli.run(t, "events", "put-targets", "--rule", "calls", "--targets", "Id=q,Arn="+bus.arn)
	topic := printedField(t, "TopicArn", "sns", "create-topic", "--name", "seeds")
	world.cli.run(t, "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", sns.arn)
	bucket(t, "by-queue", map[string]any{"QueueConfigurations": []any{map[string]any{"QueueArn": s3.arn, "Events": []string{"s3:ObjectCreated:*"}}}})
	bucket(t, "by-topic", map[string]any{"TopicConfigurations": []any{map[string]any{"TopicArn": topic, "Events": []string{"s3:ObjectCreated:*"}}}})
	bucket(t, "listed", map[string]any{})
	known := []string{"--snapshot", snapshot}
	return []way{
		{name: "EventBridge to SQS", args: append([]string{"--queue", bus.url}, known...), feed: putEvents},
		{name: "S3 to SQS", args: append([]string{"--queue", s3.url}, known...), feed: inBucket("by-queue")},
		{name: "S3 to SNS to SQS", args: append([]string{"--queue", sns.url}, known...), feed: inBucket("by-topic")},
		{name: "S3 listing", args: append([]string{"--bucket", "s3://listed"}, known...), feed: inBucket("listed"), looks: true},
		{name: "Event history", args: append([]string{"--detections", "CT-013", "--poll", "1s"}, roles...), feed: remember, ready: readAndLookedUp},
		{name: "files", args: append([]string{"--files", files, "--poll", "1s"}, known...), feed: inFolder(files)},
	}
}

type aQueue struct{ url, arn string }

func seedQueue(t *testing.T, name string) aQueue {
	t.Helper()
	return aQueue{printedField(t, "QueueUrl", sqs("create-queue", "--queue-name", name)...), "arn:aws:sqs:us-east-1:" + mainAccount + ":" + name}
}

func bucket(t *testing.T, name string, tells map[string]any) {
	t.Helper()
	world.cli.run(t, "s3", "mb", "s3://"+name)
	world.cli.run(t, "s3api", "put-bucket-notification-configuration", "--bucket", name, "--notification-configuration", quoted(t, tells))
}

// putEvents puts records on the default bus, as CloudTrail does.
func putEvents(t *testing.T, records []string) {
	t.Helper()
	var entries []any
	for i, r := range records {
		entries = append(entries, map[string]any{"Source": "aws.cloudtrail", "DetailType": "AWS API Call via CloudTrail", "Detail": r})
		if len(entries) == 10 || i == len(records)-1 { // a call takes ten
			world.cli.run(t, "events", "put-events", "--entries", quoted(t, entries))
			entries = nil
		}
	}
}

// remember puts records into Event history.
func remember(t *testing.T, records []string) {
	t.Helper()
	if err := world.proxy.Remember(records...); err != nil {
		t.Fatal(err)
	}
}

// readAndLookedUp waits until Event history is asked and the accounts were read, by the program that reads them itself: what
// happens from then on is later than what is known.
func readAndLookedUp(t *testing.T) {
	t.Helper()
	reads, since := 0, time.Now()
	eventually(t, "read the accounts and look into Event history", func() bool {
		calls := slices.DeleteFunc(world.proxy.Calls(), func(c fidelity.Call) bool { return c.Service != "cloudtrail" })
		n := len(slices.DeleteFunc(slices.Clone(calls), func(c fidelity.Call) bool { return c.Op == "LookupEvents" }))
		if n != reads {
			reads, since = n, time.Now()
		}
		return n < len(calls) && time.Since(since) > 3*time.Second
	})
}

// logFiles are the records as CloudTrail delivers them: a file for each account, by its key.
func logFiles(t *testing.T, records []string) map[string][]byte {
	t.Helper()
	of := map[string][]json.RawMessage{}
	for _, r := range records {
		var told struct {
			Account string `json:"recipientAccountId"`
		}
		if err := json.Unmarshal([]byte(r), &told); err != nil {
			t.Fatal(err)
		}
		of[told.Account] = append(of[told.Account], json.RawMessage(r))
	}
	now := time.Now().UTC()
	out := map[string][]byte{}
	for account, all := range of {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := json.NewEncoder(z).Encode(map[string]any{"Records": all}); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("AWSLogs/%s/CloudTrail/us-east-1/%s/%[1]s_CloudTrail_us-east-1_%s_%s.json.gz", account, now.Format("2006/01/02"), now.Format("20060102T1504Z"), <-eventIDs)
		out[key] = b.Bytes()
	}
	return out
}

func inBucket(name string) func(*testing.T, []string) {
	return func(t *testing.T, records []string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "log")
		for key, body := range logFiles(t, records) {
			if err := os.WriteFile(path, body, 0o600); err != nil {
				t.Fatal(err)
			}
			world.cli.run(t, "s3api", "put-object", "--bucket", name, "--key", key, "--body", path)
		}
	}
}

func inFolder(dir string) func(*testing.T, []string) {
	return func(t *testing.T, records []string) {
		t.Helper()
		for key, body := range logFiles(t, records) {
			path := filepath.Join(dir, key)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+".part", body, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".part", path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// watching is the program as it runs: cairn watch in a folder with its cairn.yaml.
type watching struct {
	way
	dir  string
	argv []string
	env  []string
	cmd  *exec.Cmd
	said *bytes.Buffer
	over chan error // how it ended
}

// start starts the program, which goes on for good.
func (w way) start(t *testing.T, far *ends) *watching {
	t.Helper()
	p := &watching{
		way: w,
		dir: t.TempDir(), argv: append([]string{"watch", "--store", "cairn.db", "--every", "0"}, w.args...),
		env: append(append(base(), credentials()...), far.env...),
	}
	if err := os.WriteFile(filepath.Join(p.dir, "cairn.yaml"), far.yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	p.begin(t)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.over
		if t.Failed() {
			list := exec.Command(world.cairn, "notify", "list", "--store", "cairn.db")
			list.Dir, list.Env = p.dir, p.env
			owed, _ := list.CombinedOutput()
			t.Logf("cairn %s:\n%s\ncairn notify list:\n%s", strings.Join(p.argv, " "), p.said, owed)
		}
	})
	if w.ready != nil {
		w.ready(t)
	}
	return p
}

func (p *watching) begin(t *testing.T) {
	t.Helper()
	p.cmd, p.said, p.over = exec.Command(world.cairn, p.argv...), &bytes.Buffer{}, make(chan error, 1)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.env, p.said, p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func(cmd *exec.Cmd, over chan<- error) {
		over <- cmd.Wait()
		close(over)
	}(p.cmd, p.over)
}

// stop ends the program as systemd does.
func (p *watching) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-p.over; err != nil {
		t.Fatalf("cairn watch ended with %v", err)
	}
}

// take lets records come by the program's source.
func (p *watching) take(t *testing.T, records []string) {
	t.Helper()
	p.feed(t, records)
	if p.looks {
		p.stop(t)
		p.begin(t)
	}
}

func eventually(t *testing.T, what string, good func() bool) {
	t.Helper()
	for deadline := time.Now().Add(45 * time.Second); !good(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("nobody came to %s within 45 s", what)
			return
		}
	}
}
