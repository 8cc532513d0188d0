package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
	"cairn.example/internal/store"
)

// keepFlags are what a watch takes that goes on for good.
func (p *program) keepFlags(c *cobra.Command, w *app.Watch) {
	f := c.Flags()
	f.StringVar(&w.Store, "store", "", "keep findings and what channels are owed in a SQLite `file`, or at a postgres:// URL; cairn.db where something is to be kept")
	f.StringArrayVar(&w.Queues, "queue", nil, "read events, or the log files that messages tell of, from a queue of SQS, by its `URL`; repeatable")
	f.StringArrayVar(&w.Buckets, "bucket", nil, "read the log files of a trail's bucket, `s3://BUCKET[/PREFIX]`; repeatable")
	f.BoolVar(&w.History, "history", false, "read Event history too, beside other sources")
	f.DurationVar(&w.Audit, "every", time.Hour, "read and judge the accounts again after that `time`, where findings are kept; 0 is once")
	f.StringVar(&w.Listen, "listen", "", "serve Prometheus /metrics and /healthz at an `address`, where findings are kept: :9464 is this machine alone, 0.0.0.0:9464 everybody")
}

// told writes what became of findings.
func (p *program) told(out report.Watcher, show *watchFilter, worst *model.Severity) func(store.Told) {
	var mu sync.Mutex
	return func(one store.Told) {
		mu.Lock()
		defer mu.Unlock()
		f := one.Finding
		if one.State == store.StateOpen {
			*worst = max(*worst, f.Severity)
		}
		var err error
		if one.Step == "resolved" && f.RealTime != nil && len(f.Cause.Regained) > 0 {
			return // the event that ended it said so
		}
		if f.RealTime != nil && one.Step != "resolved" && one.Step != "excepted" {
			err = out.Finding(f, show.shows(f))
		} else if f.Severity >= show.least {
			err = out.Step(report.Step{At: p.now(), Step: one.Step, State: string(one.State), Finding: f})
		}
		if err != nil {
			p.note("write what was found: %v", err)
		}
	}
}

// footer is what a watch does at the moment, in one line of a terminal.
func (p *program) footer() func(app.Rates) {
	var shown time.Time
	return func(r app.Rates) {
		if now := p.now(); now.Sub(shown) >= time.Second {
			shown = now
			fmt.Fprintf(p.stderr, "\r\x1b[K%s", rates(r))
		}
	}
}

func rates(r app.Rates) string {
	parts := []string{short(float64(r.Records)) + " records", model.Count(int(r.Findings), "step of a finding", "steps of findings")}
	if r.PerSecond >= 1 {
		parts = append(parts, short(r.PerSecond)+" records/s")
	}
	if r.Lag > 0 {
		parts = append(parts, fmt.Sprintf("lag %.1f s", r.Lag.Seconds()))
	}
	return strings.Join(parts, ", ")
}

// short is a number in three digits or so: 1.2 M, 41 k.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f M", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0f k", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}
