package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"cairn.example/internal/awsfake"
)

// scriptCommands are the words that the scripts know besides testscript's own.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"awsfake":   awsFake,
	"trap":      trap,
	"untouched": untouched,
	"mute":      mute,
	"exits":     exits,
	"interrupt": interrupt,
	"same":      same,
	"closed":    closed,
	"gz":        gz,
	"hook":      hook,
}

// stage is what a script has set up; it is its own key among the script's values.
type stage struct {
	aws     *awsfake.Server
	touched *atomic.Int64 // by who falls into the trap
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stage{}).(*stage) }

// awsFake serves a fixture and points AWS's settings at it: awsfake FIXTURE [LATENCY]. The word RECENTLY in the
// fixture is a time some minutes ago.
func awsFake(ts *testscript.TestScript, _ bool, args []string) {
	recently := time.Now().Add(-5 * time.Minute).UTC().Format(time.RFC3339)
	told, err := awsfake.Parse([]byte(strings.ReplaceAll(ts.ReadFile(args[0]), "RECENTLY", recently)))
	ts.Check(err)
	server := awsfake.New(told)
	if len(args) > 1 {
		server.Latency, err = time.ParseDuration(args[1])
		ts.Check(err)
	}
	url, stop, err := server.Start()
	ts.Check(err)
	ts.Defer(stop)
	stageOf(ts).aws = server
	ts.Setenv("AWS_ENDPOINT_URL", url)
	ts.Setenv("AWS_ACCESS_KEY_ID", "test")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "test")
}

// listen counts the connections to a free port and hands each on.
func listen(ts *testscript.TestScript, then func(net.Conn)) (url string, count *atomic.Int64) {
	count = new(atomic.Int64)
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	done := make(chan struct{})
	ts.Defer(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			then(conn)
		}
	}()
	return "http://" + l.Addr().String(), count
}

// trap sets everything that could lead to a developer's own account, and counts who comes. It is tried first: a
// trap that catches nobody proves nothing.
func trap(ts *testscript.TestScript, _ bool, _ []string) {
	url, count := listen(ts, func(c net.Conn) { _ = c.Close() })
	config := ts.MkAbs("trap.config")
	ts.Check(os.WriteFile(config, []byte("[profile hostile]\nregion = eu-west-1\naws_access_key_id = A\naws_secret_access_key = B\nendpoint_url = "+url+"\n"), 0o600))
	for _, name := range []string{
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDTRAIL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ACCOUNT", "AWS_ENDPOINT_URL_EC2",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
	} {
		ts.Setenv(name, url)
	}
	ts.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	ts.Setenv("AWS_PROFILE", "hostile")
	ts.Setenv("AWS_CONFIG_FILE", config)
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", strings.TrimPrefix(url, "http://"))
	ts.Check(err)
	_, _ = conn.Read(make([]byte, 1)) // until the trap closes it
	ts.Check(conn.Close())
	if count.Swap(0) != 1 {
		ts.Fatalf("the trap does not count")
	}
	stageOf(ts).touched = count
}

// untouched: nobody came to the trap.
func untouched(ts *testscript.TestScript, _ bool, _ []string) {
	if n := stageOf(ts).touched.Load(); n > 0 {
		ts.Fatalf("%d connections to an account that is not ours", n)
	}
}

// mute is a metadata service that takes connections and never answers, as where a firewall swallows everything.
func mute(ts *testscript.TestScript, _ bool, _ []string) {
	var (
		mu   sync.Mutex
		open []net.Conn
	)
	url, _ := listen(ts, func(c net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		open = append(open, c)
	})
	ts.Defer(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	})
	ts.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	ts.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
}

// exits runs a command that has to end with an exit code: exits CODE COMMAND...
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, args := args[0], args[1:]
	err := ts.Exec(args[0], args[1:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != want {
		ts.Fatalf("exit %d, want %s", code, want)
	}
}

// start runs cairn with what the script set, on outputs of the caller's.
func start(ts *testscript.TestScript, args []string) *exec.Cmd {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		program := filepath.Join(dir, args[0])
		if _, err := os.Stat(program); err != nil {
			continue
		}
		cmd := exec.Command(program, args[1:]...)
		cmd.Dir = ts.MkAbs(".")
		for _, name := range []string{"PATH", "HOME", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"} {
			cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
		}
		return cmd
	}
	ts.Fatalf("no program %s", args[0])
	return nil
}

// interrupt sends SIGINT once the command has called AWS, or has opened a pipe that nobody writes to; the command has
// to end, although what it waits for never comes: with 130, or 0 where it is -lasting:
// interrupt [-reading PIPE] [-lasting] COMMAND...
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	waiting := func() bool { return len(stageOf(ts).aws.Calls()) > 0 }
	if args[0] == "-reading" {
		pipe := ts.MkAbs(args[1])
		waiting, args = func() bool {
			f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			if err != nil {
				return false // nobody reads it yet
			}
			ts.Defer(func() { _ = f.Close() })
			return true
		}, args[2:]
	}
	want := exitInterrupted
	if args[0] == "-lasting" {
		want, args = exitOK, args[1:]
	}
	cmd := start(ts, args)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	for !waiting() {
		select {
		case <-ended:
			ts.Fatalf("it did not wait: %s", stderr.String())
		case <-time.After(time.Millisecond):
		}
	}
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Process.Signal(syscall.SIGINT) // as timeout(1) sends it, to the process and to its group; it may have ended
	<-ended
	if code, said := cmd.ProcessState.ExitCode(), stderr.String(); code != want || want != exitOK && said != "cairn: interrupted\n" {
		ts.Fatalf("exit %d, and said %q", code, said)
	}
}

// gz compresses files, each as a member of its own, as log files that were put together: gz RESULT FILE...
func gz(ts *testscript.TestScript, _ bool, args []string) {
	var out bytes.Buffer
	for _, name := range args[1:] {
		w := gzip.NewWriter(&out)
		_, err := w.Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
		ts.Check(w.Close())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// closed runs a command whose reader takes one line and leaves: it ends with the code, and says nothing.
func closed(ts *testscript.TestScript, _ bool, args []string) {
	cmd := start(ts, args[1:])
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &stderr
	_ = cmd.Run()
	ts.Check(w.Close())
	if code := cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[0] || stderr.Len() > 0 {
		ts.Fatalf("exit %d, want %s: %s", code, args[0], stderr.String())
	}
}

// same compares two JSON reports without what may differ: when it was read, by how many calls, and from where.
func same(ts *testscript.TestScript, _ bool, args []string) {
	if diff := cmp.Diff(timeless(ts, args[0]), timeless(ts, args[1])); diff != "" {
		ts.Fatalf("%s and %s differ (-first +second):\n%s", args[0], args[1], diff)
	}
}

func timeless(ts *testscript.TestScript, file string) map[string]any {
	var doc map[string]any
	text := strings.NewReplacer(" --snapshot snapshot.json", "", " --snapshot -", "").Replace(ts.ReadFile(file))
	ts.Check(json.Unmarshal([]byte(text), &doc))
	summary, _ := doc["summary"].(map[string]any)
	if findings, _ := doc["findings"].([]any); summary == nil || len(findings) == 0 {
		ts.Fatalf("%s holds no findings or no summary", file)
	}
	delete(summary, "collectedAt")
	delete(summary, "calls")
	return doc
}

// hook is a far end of a webhook: it takes what comes into hook.jsonl, a message a line, from then on anew, and answers
// with a status: hook [STATUS]. Its address is in SLACK_WEBHOOK.
func hook(ts *testscript.TestScript, _ bool, args []string) {
	status := http.StatusOK
	if len(args) > 0 {
		var err error
		status, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	file, err := os.Create(ts.MkAbs("hook.jsonl"))
	ts.Check(err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		_, _ = file.Write(append(body, '\n'))
		_, _ = io.WriteString(w, "ok")
	}))
	ts.Defer(func() {
		server.Close()
		_ = file.Close()
	})
	ts.Setenv("SLACK_WEBHOOK", server.URL+"/services/T0/B0/secret-part")
}
