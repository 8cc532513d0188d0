package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"cairn.example/internal/model"
)

// Build builds the program into a folder and gives where it is.
func Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "cairn")
	c := exec.CommandContext(ctx, "go", "build", "-o", path, "cairn.example/cmd/cairn")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cairn: %w: %s", err, out)
	}
	return path, nil
}

// Program is how cairn watch is run.
type Program struct {
	Path  string // of the program
	Dir   string // where its settings, its snapshot and its log are
	Store string
	Queue *Queue
	Args  []string // more of them
	Env   []string // more of it

	runs  int
	slack string // its address
}

// Set writes what the program needs to know: the accounts, and the far ends. Slack is told of some accounts, since it
// takes a message a second; with none, the webhook is the only channel.
func (p *Program) Set(far *FarEnds, s *model.Snapshot, slackAccounts []string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	settings := fmt.Sprintf(hookSettings, far.URL()+"/hook")
	if len(slackAccounts) > 0 {
		settings += fmt.Sprintf(otherSettings, far.URL(), strings.Join(slackAccounts, `", "`))
	}
	p.slack = far.URL() + slackPath
	return errors.Join(os.WriteFile(filepath.Join(p.Dir, "snapshot.json"), text, 0o600), os.WriteFile(filepath.Join(p.Dir, "cairn.yaml"), []byte(settings), 0o600))
}

const (
	hookSettings = `notify:
  channels:
    hook: {type: webhook, url: %q, secret: {env: HOOK_SECRET}, insecure: "true", allowPrivate: "true"}
`
	otherSettings = `    oncall: {type: pagerduty, routingKey: {env: ROUTING_KEY}, url: %q}
    team: {type: slack, webhook: {env: SLACK_WEBHOOK}}
  routes:
    - {channels: [hook, oncall], rules: [CT-013]}
    - {channels: [hook], statuses: [fail, unknown]}
    - {channels: [team], rules: [CT-013], accounts: ["%s"]}
`
)

// Run is the program under way.
type Run struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
	err     error
}

// Start starts the program.
func (p *Program) Start(ctx context.Context) (*Run, error) {
	p.runs++
	r := &Run{log: filepath.Join(p.Dir, fmt.Sprintf("run%d.log", p.runs)), ended: make(chan struct{})}
	log, err := os.Create(r.log)
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the program has it
	args := append([]string{"watch", "--queue", p.Queue.URL(), "--store", p.Store, "--snapshot", "snapshot.json", "--format", "jsonl"}, p.Args...)
	r.command = exec.CommandContext(ctx, p.Path, args...)
	r.command.Dir, r.command.Stdout, r.command.Stderr = p.Dir, log, log
	r.command.Env = []string{
		"HOME=" + p.Dir, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + p.Queue.Endpoint(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=none",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "ROUTING_KEY=" + routingKey, "HOOK_SECRET=" + secret, "SLACK_WEBHOOK=" + p.slack,
	}
	r.command.Env = append(r.command.Env, p.Env...)
	if err := r.command.Start(); err != nil {
		return nil, fmt.Errorf("start cairn: %w", err)
	}
	go func() {
		r.err = r.command.Wait()
		close(r.ended)
	}()
	return r, nil
}

// Ended tells whether the program ended by itself.
func (r *Run) Ended() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// PID is the process.
func (r *Run) PID() int { return r.command.Process.Pid }

// Kill kills it at once, and fails where it had ended by itself.
func (r *Run) Kill() error {
	if r.Ended() {
		return fmt.Errorf("cairn ended by itself: %w\n%s", r.err, r.Log())
	}
	if err := r.command.Process.Kill(); err != nil {
		return fmt.Errorf("kill cairn: %w", err)
	}
	<-r.ended
	return nil
}

// Stall stops it for a time, as a machine does that is moved, and lets it go on.
func (r *Run) Stall(d time.Duration) error {
	if err := r.command.Process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stall cairn: %w", err)
	}
	time.Sleep(d)
	if err := r.command.Process.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("let cairn go on: %w", err)
	}
	return nil
}

// Stop asks it to end, which it must do well and in time.
func (r *Run) Stop(within time.Duration) error {
	if err := r.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop cairn: %w", err)
	}
	select {
	case <-r.ended:
	case <-time.After(within):
		_ = r.command.Process.Signal(syscall.SIGQUIT) // it says where it stands
		<-r.ended
		return fmt.Errorf("cairn does not end\n%s", r.Log())
	}
	if r.err != nil {
		return fmt.Errorf("cairn ended badly: %w\n%s", r.err, r.Log())
	}
	return nil
}

// Log is the end of what it wrote.
func (r *Run) Log() string {
	text, err := os.ReadFile(r.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-6000):])
}
