// Command cairn tells whether an AWS audit trail is on, complete and untouched.
//
// Exit codes: 0 nothing failing or unknown at the threshold, 1 it could not run or write, 2 usage,
// 3 something fails, 4 nothing fails but something is unknown, 130 interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv,
		now: time.Now, //nolint:forbidigo // the edge: everything below is given a clock
	}
	os.Exit(p.run(ctx, os.Args[1:]))
}
