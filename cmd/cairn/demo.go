package main

import (
	"github.com/spf13/cobra"

	"cairn.example/internal/model"
)

func (p *program) demo() *cobra.Command {
	var out outputs
	c := &cobra.Command{
		Use: "demo", Short: "Audit an example organization, without credentials or network", Args: cobra.NoArgs,
		Long: `An AWS in this very process answers for five accounts of an example organization: its trail leaves out KMS,
one member has a trail of its own, one splits reads and writes, one has stopped its trail, one refuses to be
read. Everything else is real: the AWS SDK, the collector, the rules. Nothing leaves this machine.`,
		RunE: func(c *cobra.Command, _ []string) error {
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
	return c
}
