package main

import (
	"fmt"
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
		Use: "collect", Short: "Read accounts into a file that cairn audit --snapshot judges offline", Args: cobra.NoArgs,
		Long: `Writes what cairn audit would judge, and the reasons for what could not be read, as one JSON file
(docs/schema/snapshot.v1.json). --redact replaces account ids, names and ARNs, each by the same stand-in
everywhere, so that the file can be shown to others; the verdicts stay.`,
		Example: `  cairn collect --profile prod -o snapshot.json
  cairn collect --redact | less`,
		RunE: func(c *cobra.Command, _ []string) error {
			a := p.app()
			o, err := a.Options(sel)
			if err != nil {
				return err
			}
			facts := append(app.Facts(o.Rules), model.TrailTags, model.TrailInsights)
			s, err := a.Collect(c.Context(), from, facts)
			if err != nil {
				return err
			}
			if redact {
				if s, err = s.Redact(); err != nil {
					return err
				}
			}
			if output == "" || output == "-" {
				return s.Write(p.stdout)
			}
			if err := replaceFile(output, func(w io.Writer) error { return s.Write(w) }); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stderr, "%d accounts, %d requests, written to %s\n", len(s.Accounts), s.Calls.Requests, output)
			return err
		},
	}
	p.awsFlags(c, &from)
	selectionFlags(c, &sel)
	c.Flags().StringVarP(&output, "output", "o", "", "write to a `file` (default the standard output)")
	c.Flags().BoolVar(&redact, "redact", false, "replace account ids, names and ARNs")
	return c
}
