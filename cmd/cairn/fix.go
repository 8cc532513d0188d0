package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) fix() *cobra.Command {
	return &cobra.Command{
		Use: "fix FINDING|RULE", Short: "Print what would put a finding right", Args: cobra.ExactArgs(1),
		RunE: func(*cobra.Command, []string) error {
			return errors.New("not built yet")
		},
	}
}
