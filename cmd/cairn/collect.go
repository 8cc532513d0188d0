package main

import (
	"io"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/model"
)

func (p *program) collect() *cobra.Command {
	var (
		from   app.AWS
		sel    app.Selection
		output string
		redact bool
	)
	c := &cobra.Command{
		Use: "collect", Short: "Read accounts into a file that cairn audit --snapshot judges offline", Args: noArgs,
		Long: `Writes what cairn audit would judge, and the reasons for what could not be read, as one JSON file
(docs/schema/snapshot.v1.json). --redact replaces account ids, names and ARNs, each by the same stand-in
everywhere, so that the file can be shown to others; the verdicts stay.`,
		Example: `  cairn collect --profile prod -o snapshot.json
  cairn collect --redact | less`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := writable(output); err != nil {
				return err
			}
			a := p.app()
			facts, err := a.Facts(sel)
			if err != nil {
				return err
			}
			s, err := a.Collect(c.Context(), from, facts)
			if err != nil {
				return err
			}
			if redact {
				if s, err = s.Redact(); err != nil {
					return err
				}
			}
			if err := p.writeTo(output, func(w io.Writer) error { return s.Write(w) }); err != nil || isStdout(output) {
				return err
			}
			p.note("%s, %s: written to %s",
				model.Count(len(s.Accounts), "account", "accounts"), model.Count(s.Calls.Requests, "request", "requests"), output)
			return nil
		},
	}
	p.awsFlags(c, &from)
	selectionFlags(c, &sel)
	c.Flags().StringVarP(&output, "output", "o", "-", "write to a `file`; - is the standard output")
	forFixFlag(c, &sel)
	c.Flags().BoolVar(&redact, "redact", false, "replace account ids, names and ARNs")
	return c
}
