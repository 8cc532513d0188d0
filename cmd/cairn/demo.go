package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"cairn.example/internal/model"
	"cairn.example/internal/report"
)

func (p *program) demo() *cobra.Command {
	var (
		out   outputs
		watch bool
	)
	c := &cobra.Command{
		Use: "demo", Short: "Audit an example organization, without credentials or network", Args: noArgs,
		Long: `An AWS in this very process answers for five accounts of an example organization: its trail leaves out KMS,
one member has a trail of its own, one splits reads and writes, one has stopped its trail, one refuses to be
read. Everything else is real: the AWS SDK, the collector, the rules. Nothing leaves this machine.`,
		Example: `  cairn demo           what an audit says of it
  cairn demo --watch   what happened there on a day, and what it cost`,
		RunE: func(c *cobra.Command, _ []string) error {
			if watch {
				return p.demoWatch(c.Context())
			}
			w, err := p.writers(&out)
			if err != nil {
				return err
			}
			result, err := p.app().Demo(c.Context())
			if err != nil {
				return err
			}
			return w.write(result, func(model.Finding) bool { return true })
		},
	}
	out.flags(c)
	c.Flags().BoolVar(&watch, "watch", false, "tell what a day's records of it mean")
	return c
}

func (p *program) demoWatch(ctx context.Context) error {
	out := report.WatchFormats[0].New(p.stdout, p.style(p.stdout))
	counts, err := p.app().DemoWatch(ctx, out.Finding)
	return errors.Join(err, out.Close(summary(counts, 0)))
}
