package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/report"
)

func (p *program) demo() *cobra.Command {
	var (
		out   outputs
		watch bool
		save  string
	)
	c := &cobra.Command{
		Use: "demo", Short: "Audit an example organization, without credentials or network", Args: noArgs,
		Long: `An AWS in this very process answers for five accounts of an example organization: its trail leaves out KMS,
one member has a trail of its own, one splits reads and writes, one has stopped its trail, one refuses to be
read. Everything else is real: the AWS SDK, the collector, the rules. Nothing leaves this machine.`,
		Example: `  cairn demo                  what an audit says of it
  cairn demo --watch          what happened there on a day, and what it cost
  cairn demo --save example   its snapshot and its log file, to try audit, fix and watch on`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case save != "" && (watch || len(out.formats)+len(out.files) > 0):
				return usage(c, "", "--save writes files and reports nothing: leave out --watch, --format and --output")
			case save != "":
				return p.saveDemo(c.Context(), save)
			case watch && len(out.files) > 0:
				return usage(c, "", "--watch goes to the standard output: redirect it instead of --output")
			case watch:
				return p.demoWatch(c.Context(), out.formats)
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
	c.Flags().BoolVar(&watch, "watch", false, "tell what a day's records of it mean, as text or jsonl")
	c.Flags().StringVar(&save, "save", "", "write the organization's snapshot.json and day.json into a `folder`")
	return c
}

func (p *program) demoWatch(ctx context.Context, formats []string) error {
	form, err := watchFormat(append(formats, report.WatchFormats[0].Name)[0])
	if err != nil {
		return err
	}
	if len(formats) > 1 {
		return &app.UsageError{Err: errors.New("--watch prints one format: text or jsonl")}
	}
	out := form.New(p.stdout, p.style(p.stdout))
	counts, err := p.app().DemoWatch(ctx, func(f model.Finding) error { return out.Finding(f, true) })
	if closed := out.Close(summary(counts, 0)); err == nil {
		err = closed // else it says the same once more
	}
	return err
}

// saveDemo writes the example for the commands that read files, and prints some of these.
func (p *program) saveDemo(ctx context.Context, folder string) error {
	a := p.app()
	s, day, err := a.DemoFiles(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // an example holds no secret
		return fmt.Errorf("save the example: %w", err)
	}
	snapshot, log := filepath.Join(folder, "snapshot.json"), filepath.Join(folder, "day.json")
	err = errors.Join(
		p.writeTo(snapshot, func(w io.Writer) error { return s.Write(w) }),
		p.writeTo(log, func(w io.Writer) error {
			_, err := w.Write(day)
			return err
		}))
	if err != nil {
		return err
	}
	p.note("written to %s, %s. Try:", snapshot, log)
	kms := model.FindingID("111111111111", "CT-101", model.Ref{Kind: model.AccountKind, ID: "111111111111"})
	_, err = fmt.Fprintf(p.stdout, "cairn audit --snapshot %[1]s\ncairn fix %[2]s --snapshot %[1]s\ncairn watch --files %[3]s --snapshot %[1]s --once\n",
		remediate.Quote(snapshot), kms, remediate.Quote(log))
	return err
}
