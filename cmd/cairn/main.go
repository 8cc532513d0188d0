// Command cairn tells whether an AWS audit trail is on, complete and untouched.
//
// Exit codes: 0 nothing failing or unknown at the threshold, 1 it could not run or write, or found nothing in records
// that it could not all read, 2 usage, 3 something fails, 4 nothing fails but something is unknown, 130 interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long an interrupted run may take to end by itself: not everything it may wait for, such as
// a code that is to be typed, hears of an interruption. A watch that keeps what it finds finishes what it began.
const (
	patience       = 700 * time.Millisecond
	watchsPatience = 50 * time.Second
)

// twice is for how long a second interruption is the same one: timeout(1), and shells that hand one on, send it to the
// process and to its group.
const twice = 200 * time.Millisecond

func main() {
	p := &program{
		stdin: os.Stdin, stdout: outlet{os.Stdout}, stderr: os.Stderr, env: os.Getenv,
		now: time.Now, //nolint:forbidigo // the edge: everything below is given a clock
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		ends := time.After(p.patience())
		time.Sleep(twice)
		stop() // a second interruption kills at once
		<-ends
		os.Exit(p.interrupted())
	})
	// Caught, so that writing to a closed pipe is an error, which outlet hears, and not the end.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(p.run(ctx, os.Args[1:]))
}
