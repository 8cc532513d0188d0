package bench_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/pgtest"
)

// role is the variable that makes this program one of the processes of a measurement: the AWS, or the one that
// starts cairn and measures it.
const role = "CAIRN_BENCH"

// latency is added by the AWS of the benchmark to each request.
const latency = 50 * time.Millisecond

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(role) {
	case "serve":
		err = serve()
	case "measure":
		err = measure(os.Args[1:])
	default:
		os.Exit(pgtest.Run(m))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is AWS until its standard input ends. It prints its address, and at the end the number of requests.
func serve() error {
	doc, err := fixture(time.Now(), fourTrails)
	if err != nil {
		return err
	}
	told, err := awsfake.Parse(doc)
	if err != nil {
		return err
	}
	server := awsfake.New(told)
	server.Latency = latency
	url, stop, err := server.Start()
	if err != nil {
		return err
	}
	fmt.Println(url)
	_, err = io.Copy(io.Discard, os.Stdin)
	stop()
	fmt.Println(len(server.Calls()), "requests,", len(server.NotTold()), "of them not told")
	return err
}

// usage is what one run took.
type usage struct {
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"`
	Peak int64         `json:"peak"` // bytes of memory
	Code int           `json:"code"`
}

// measure runs a command and tells file descriptor 3 what it took. It is a process of its own, and a small one:
// Linux counts as a child's peak at least the memory of the process that started it.
func measure(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	began := time.Now()
	err := cmd.Run()
	u := usage{Wall: time.Since(began)}
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return err
	}
	spent, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not tell what a process used")
	}
	u.Code, u.CPU, u.Peak = cmd.ProcessState.ExitCode(), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), spent.Maxrss
	if runtime.GOOS == "linux" {
		u.Peak *= 1024 // in kilobytes there
	}
	return json.NewEncoder(os.NewFile(3, "usage")).Encode(u)
}
