package app

import (
	"errors"
	"fmt"
	"slices"

	"cairn.example/internal/collect"
	"cairn.example/internal/config"
)

// check refuses flags that mean nothing or contradict each other or the settings, before anything is opened or said.
func (w *Watch) check(cfg *config.Config) error {
	for _, check := range []func() error{w.checkTimes, w.checkStored, w.checkSnapshot, w.Source.check} {
		if err := check(); err != nil {
			return err
		}
	}
	return w.checkKept(w.keeps(cfg))
}

func (w *Watch) checkTimes() error {
	switch {
	case w.Audit < 0:
		return &UsageError{fmt.Errorf("--every %s: want a time such as 1h, or 0 for once", w.Audit)}
	case w.Poll < 0:
		return &UsageError{fmt.Errorf("--poll %s: want a time such as 1m", w.Poll)}
	}
	return nil
}

func (w *Watch) checkStored() error {
	for _, url := range w.Queues {
		if err := collect.CheckQueue(url); err != nil {
			return &UsageError{fmt.Errorf("--queue %w", err)}
		}
	}
	for _, address := range w.Buckets {
		if _, _, err := bucketOf(address); err != nil {
			return err
		}
	}
	return nil
}

func (w *Watch) checkSnapshot() error {
	switch {
	case w.Snapshot == "":
		return nil
	case w.Snapshot == Stdin && slices.Contains(w.Files, Stdin):
		return &UsageError{errors.New("--files - and --snapshot - would both read the standard input: give one of them a file")}
	case len(w.Files)+len(w.Queues)+len(w.Buckets) == 0 || w.History:
		return &UsageError{errors.New("--snapshot goes with --files, --queue and --bucket: Event history is read with credentials, and so are the accounts")}
	}
	return nil
}

// checkKept refuses what only goes with a store, or only without one.
func (w *Watch) checkKept(keeps bool) error {
	switch {
	case w.Listen != "" && !keeps:
		return &UsageError{errors.New("--listen goes with --store, --queue, --bucket or channels in cairn.yaml: it tells how a watch fares that keeps what it finds")}
	case w.State != "" && keeps:
		return &UsageError{errors.New("--state is for a watch without a store: the store knows where sources are")}
	case w.State != "" && w.Once && len(w.Files) > 0:
		return &UsageError{errors.New("--state goes with Event history, or with --files without --once: once means all that is there")}
	case w.Listen != "":
		_, err := listenOn(w.Listen)
		return err
	}
	return nil
}
