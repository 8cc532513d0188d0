package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/config"
)

func (p *program) config() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check and show the settings (cairn.yaml)"}
	var sel app.Selection
	check := &cobra.Command{
		Use: "check [FILE]", Short: "Read the settings, and the exceptions that they name, and print what is in force", Args: upTo("file"),
		Example: `  cairn config check
  cairn config check prod.yaml --set CT-001.require=any`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				sel.Config = args[0]
			}
			cfg, err := p.app().Config(sel)
			if err == nil {
				err = p.app().CheckChannels(cfg)
			}
			if err != nil {
				return err
			}
			excepted, err := cfg.LoadExceptions()
			if err != nil {
				return &app.UsageError{Err: err}
			}
			for _, old := range excepted.Expired(p.now()) {
				p.note("%s: this exception has expired on %s and counts as none", old.Where, old.Until())
			}
			about := "no " + config.FileName + " here. In force are the defaults:"
			if file := cmp.Or(sel.Config, config.Find(".")); file != "" {
				about = "ok: " + file + ". In force:"
			}
			ours, err := app.Detections()
			if err != nil {
				return err
			}
			for _, note := range app.Idle(cfg.Watch, ours) {
				p.note("%s (a Sigma rule of your own may)", note)
			}
			for _, note := range unknownRegions(cfg) {
				p.note("%s", note)
			}
			_, err = fmt.Fprintf(p.stdout, "# %s\n%s", about, cfg.InForce())
			return err
		},
	}
	settingsFlags(check, &sel)
	c.AddCommand(check)
	return c
}
