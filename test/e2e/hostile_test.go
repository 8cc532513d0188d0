//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// trap is a listener that nobody may call.
func trap(t *testing.T) (url string, calls func() []string) {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Second,
		Handler:           http.NotFoundHandler(),
		ConnState: func(conn net.Conn, state http.ConnState) {
			if state == http.StateNew {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, conn.RemoteAddr().String())
			}
		},
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), seen...)
	}
}

// hostile is a developer's machine with everything set that could lead a test to a real account. All
// of it points at the trap; the file touched says that a credential process ran.
func hostile(t *testing.T) (env []string, calls func() []string, touched string) {
	t.Helper()
	url, calls := trap(t)
	home := t.TempDir()
	touched = filepath.Join(home, "touched")
	config := filepath.Join(home, "config")
	text := fmt.Sprintf("[profile hostile]\nregion = eu-west-1\nendpoint_url = %s\ncredential_process = touch %s\n[default]\ncredential_process = touch %[2]s\n", url, touched)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"PATH", "HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOFLAGS"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "GOPROXY=off",
		"AWS_PROFILE=hostile", "AWS_CONFIG_FILE="+config, "AWS_SHARED_CREDENTIALS_FILE="+config,
		"AWS_ENDPOINT_URL="+url, "AWS_ENDPOINT_URL_CLOUDTRAIL="+url, "AWS_ENDPOINT_URL_STS="+url,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT="+url, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+url,
		"AWS_REGION=eu-west-1", "AWS_MAX_ATTEMPTS=1",
		"HTTP_PROXY="+url, "HTTPS_PROXY="+url, "ALL_PROXY="+url, "http_proxy="+url, "https_proxy="+url,
	), calls, touched
}

// TestNobodysAccountIsReached runs the demo, and what `make` runs everything with, on that machine.
func TestNobodysAccountIsReached(t *testing.T) {
	for name, command := range map[string][]string{
		"cairn demo": {world.cairn, "demo"},
		"make demo":  {"make", "-C", "../..", "demo"},
		"an audit under clean-env": {
			"../clean-env", "bash", "-c", `if "$0" audit; then exit 1; fi`, world.cairn,
		},
		"clean-env itself": {"../clean-env", "bash", "-c", `if [ -n "${AWS_PROFILE-}${AWS_ENDPOINT_URL-}${HTTPS_PROXY-}${http_proxy-}" ]; then exit 1; fi`},
	} {
		t.Run(name, func(t *testing.T) {
			env, calls, touched := hostile(t)
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if seen := calls(); len(seen) > 0 {
				t.Errorf("%d calls to an account that is not ours", len(seen))
			}
			if _, err := os.Stat(touched); err == nil {
				t.Error("the developer's credential process ran")
			}
		})
	}
}

// TestTheTrapWorks: without the precautions, the same machine does lead there.
func TestTheTrapWorks(t *testing.T) {
	env, calls, touched := hostile(t)
	got := run(t, env, "audit")
	_, err := os.Stat(touched)
	if len(calls()) == 0 && err != nil {
		t.Errorf("the trap was not reached: the test above proves nothing\nexit %d\n%s", got.code, got.stderr)
	}
}
