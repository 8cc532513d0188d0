//go:build e2e

package e2e_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cairn.example/test/fidelity"
)

// world is what all tests of this package share; each test empties it first.
var world struct {
	cairn string // the program under test
	venv  string // where the judges are installed
	moto  string // moto's address
	url   string // the proxy's address, where everybody thinks AWS is
	proxy *fidelity.Proxy
	cli   *awsCLI
}

func TestMain(m *testing.M) {
	stop, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// start brings up moto's server, the proxy before it and the AWS CLI, and builds the program. What was brought up before
// an error is ended again.
func start() (stop func(), err error) {
	var stops []func()
	end := func() { // not by the name of the result, which a return of an error clears
		for _, f := range stops {
			f()
		}
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	venv := os.Getenv("CAIRN_VENV")
	if venv == "" {
		venv, err = filepath.Abs("../../.test/venv")
	}
	if err != nil {
		return nil, err
	}
	world.venv = venv
	if _, err := os.Stat(filepath.Join(venv, "bin/moto_server")); err != nil {
		return nil, fmt.Errorf("moto's server is missing (make test-e2e installs it): %w", err)
	}
	home, err := os.MkdirTemp("", "cairn-e2e-")
	if err != nil {
		return nil, err
	}
	stops = append(stops, func() { os.RemoveAll(home) })
	if world.cairn, err = program(home); err != nil {
		return nil, err
	}
	kill, err := startMoto(venv)
	if err != nil {
		return nil, err
	}
	stops = append(stops, kill)
	if world.proxy, err = fidelity.New(world.moto); err != nil {
		return nil, err
	}
	server := httptest.NewServer(world.proxy)
	stops = append(stops, server.Close)
	world.url = server.URL
	world.cli, err = startCLI(venv, home)
	if err == nil {
		stops = append(stops, world.cli.stop)
	}
	return end, err
}

func program(dir string) (string, error) {
	if bin := os.Getenv("CAIRN_BIN"); bin != "" {
		return bin, nil
	}
	bin := filepath.Join(dir, "cairn")
	out, err := exec.Command("go", "build", "-o", bin, "cairn.example/cmd/cairn").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return bin, nil
}

var listening = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)

// startMoto runs moto's server on a port that the system picks, and waits until it listens.
func startMoto(venv string) (kill func(), err error) {
	cmd := exec.Command(filepath.Join(venv, "bin/moto_server"), "-H", "127.0.0.1", "-p", "0")
	cmd.Env = append(base(), "PYTHONUNBUFFERED=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = cmd.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	found := make(chan string, 1)
	var said strings.Builder
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if at := listening.FindStringSubmatch(lines.Text()); at != nil {
				found <- at[1]
				break
			}
			said.WriteString(lines.Text() + "\n")
		}
		// What moto says later is read and dropped: a full pipe would stop it.
		_, _ = io.Copy(io.Discard, stderr)
		close(found)
	}()
	select {
	case url, ok := <-found:
		if !ok {
			kill()
			return nil, fmt.Errorf("moto's server ended:\n%s", said.String())
		}
		world.moto = url
		return kill, nil
	case <-time.After(time.Minute):
		kill()
		return nil, errors.New("moto's server does not listen after a minute")
	}
}

// base is the environment of every program started here: nothing of the developer's own.
func base() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "LANG=C.UTF-8",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// credentials are the static keys of moto's own account.
func credentials() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=nobody",
		"AWS_ENDPOINT_URL=" + world.url, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
	}
}
