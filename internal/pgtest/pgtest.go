// Package pgtest starts a real PostgreSQL for tests: an unprivileged server of its own, in a folder of its own, on a free port of
// loopback, ended with the tests. CONTRIBUTING.md says where its programs are looked for.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Required is the environment variable that makes a missing PostgreSQL a failure; else its tests are skipped.
const Required = "CAIRN_POSTGRES"

var server struct {
	once sync.Once
	url  string // of its first database
	err  error
	stop func()
	next int
	mu   sync.Mutex
}

// Run runs the tests of a package, and ends the server if they started one.
func Run(m *testing.M) int {
	defer func() {
		if server.stop != nil {
			server.stop()
		}
	}()
	return m.Run()
}

// URL is the address of a new, empty database.
func URL(tb testing.TB) string {
	tb.Helper()
	server.once.Do(func() { server.url, server.stop, server.err = start() })
	if server.err != nil {
		if os.Getenv(Required) == "required" {
			tb.Fatal(server.err)
		}
		tb.Skip(server.err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	server.next++
	name := "test" + strconv.Itoa(server.next)
	db, err := sql.Open("pgx", server.url+"postgres")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the database lives on
	if _, err := db.ExecContext(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	return server.url + name
}

// start starts a server.
func start() (url string, stop func(), err error) {
	bin, err := programs()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "cairn-postgres-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	remove := func() { _ = os.RemoveAll(dir) }
	as, err := unprivileged(dir)
	if err != nil {
		remove()
		return "", nil, err
	}
	data := filepath.Join(dir, "data")
	init := command(as, filepath.Join(bin, "initdb"), "-D", data, "-U", "cairn", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	if out, err := init.CombinedOutput(); err != nil {
		remove()
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		remove()
		return "", nil, err
	}
	run := command(as, filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-k", dir)
	log, err := os.Create(filepath.Join(dir, "log")) //nolint:gosec // in a new folder
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("make a log for PostgreSQL: %w", err)
	}
	run.Stdout, run.Stderr = log, log
	if err := run.Start(); err != nil {
		remove()
		return "", nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	stop = func() {
		_ = run.Process.Signal(syscall.SIGQUIT) // at once
		_ = run.Wait()
		_ = log.Close()
		remove()
	}
	url = "postgres://cairn@127.0.0.1:" + port + "/"
	if err := answers(url + "postgres"); err != nil {
		said, _ := os.ReadFile(log.Name())
		stop()
		return "", nil, fmt.Errorf("PostgreSQL does not answer: %w: %s", err, said)
	}
	return url, stop, nil
}

func command(as *syscall.SysProcAttr, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(context.Background(), name, args...) //nolint:gosec // a program of PostgreSQL
	c.SysProcAttr, c.Env, c.Dir = as, []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}, os.TempDir()
	return c
}

// programs is the folder of PostgreSQL's programs: on the path, or where Debian has them.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(target), nil
		}
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	return "", errors.New("there is no PostgreSQL here: initdb is neither on the path nor in /usr/lib/postgresql (apt-get install postgresql)")
}

// unprivileged makes the folder belong to somebody who is not root, as whom PostgreSQL refuses to run.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nothing to change
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("find a user for PostgreSQL: %w", err)
	}
	uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("give PostgreSQL its folder: %w", err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a moment
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // it is free again
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err //nolint:wrapcheck // of an address that it made
}

func answers(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer db.Close() //nolint:errcheck // only asked
	for range 100 {
		if err = db.PingContext(context.Background()); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}
