//go:build e2e

package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// awsCLI is the AWS CLI, kept running.
type awsCLI struct {
	mu     sync.Mutex
	in     io.WriteCloser
	out    *bufio.Reader
	config string // its shared configuration file
	cmd    *exec.Cmd
}

func startCLI(venv, home string) (*awsCLI, error) {
	cli := &awsCLI{config: filepath.Join(home, "config")}
	if err := os.WriteFile(cli.config, nil, 0o600); err != nil {
		return nil, err
	}
	cli.cmd = exec.Command(filepath.Join(venv, "bin/python"), "commandline.py")
	cli.cmd.Env = append(append(base(), credentials()...), "AWS_CONFIG_FILE="+cli.config, "HOME="+home, "AWS_MAX_ATTEMPTS=1")
	cli.cmd.Stderr = os.Stderr
	out, err := cli.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if cli.in, err = cli.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	cli.out = bufio.NewReader(out)
	return cli, cli.cmd.Start()
}

func (a *awsCLI) stop() {
	_ = a.in.Close()
	_ = a.cmd.Wait()
}

// A profile named by an account's number is a role in that account.
var profile = regexp.MustCompile(`^\d{12}$`)

// forget drops the keys that the AWS CLI keeps of roles it assumed: a new AWS does not know them.
func (a *awsCLI) forget(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(filepath.Dir(a.config), ".aws/cli/cache")); err != nil {
		t.Fatal(err)
	}
}

// printed is what one command of the AWS CLI printed.
type printed struct {
	Code int    `json:"code"`
	Out  string `json:"out"`
	Err  string `json:"err"`
}

// run runs one command, given without its leading `aws`; it has to succeed.
func (a *awsCLI) run(t *testing.T, args ...string) string {
	t.Helper()
	got := a.try(t, args...)
	if got.Code != 0 {
		t.Fatalf("aws %s: exit %d\n%s", strings.Join(args, " "), got.Code, got.Err)
	}
	return got.Out
}

// try runs one command.
func (a *awsCLI) try(t *testing.T, args ...string) printed {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	var profiles strings.Builder
	for _, arg := range args {
		if profile.MatchString(arg) {
			fmt.Fprintf(&profiles, "[profile %s]\nrole_arn = arn:aws:iam::%[1]s:role/setup\ncredential_source = Environment\n", arg)
		}
	}
	if err := os.WriteFile(a.config, []byte(profiles.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.in.Write(append(sent, '\n')); err != nil {
		t.Fatalf("the AWS CLI has gone: %v", err)
	}
	line, err := a.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the AWS CLI has gone: %v", err)
	}
	var got printed
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("the AWS CLI said %q: %v", line, err)
	}
	return got
}
