package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/config"
)

func (p *program) config() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check and show the settings (cairn.yaml)"}
	var sel app.Selection
	check := &cobra.Command{
		Use: "check [FILE]", Short: "Read the settings and print what is in force", Args: cobra.MaximumNArgs(1),
		Example: `  cairn config check
  cairn config check prod.yaml --set CT-001.require=any`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				sel.Config = args[0]
			}
			if sel.Config == "" && config.Find(".") == "" {
				fmt.Fprintln(p.stderr, "no cairn.yaml here: these are the defaults")
			}
			cfg, err := p.app().Config(sel)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(p.stdout, cfg.String())
			return err
		},
	}
	settingsFlags(check, &sel)
	c.AddCommand(check)
	return c
}
