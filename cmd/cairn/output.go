package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/audit"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
)

// outputs are --format and --output: an output takes the first format that its extension names, else the
// first one left; a format without an output goes to the standard output.
type outputs struct{ formats, files []string }

func (o *outputs) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.formats, "format", nil, "`format` of the report: "+strings.Join(report.Names(), ", ")+"; repeatable (default text)")
	c.Flags().StringArrayVar(&o.files, "output", nil, "write a report to a `file`, in the format that its extension or --format names; repeatable")
}

// sink is one report on its way to one place.
type sink struct {
	format report.Format
	file   string // "" is the standard output
}

func (o *outputs) sinks() ([]sink, error) {
	left := append([]string{}, o.formats...)
	var out []sink
	for _, file := range o.files {
		name := strings.TrimPrefix(filepath.Ext(file), ".")
		i := 0
		for j, f := range left {
			if f == name {
				i = j
				break
			}
		}
		if len(left) > 0 {
			name = left[i]
			left = append(left[:i], left[i+1:]...)
		} else if name == "txt" {
			name = "text"
		}
		f, err := report.FormatNamed(name)
		if err != nil {
			return nil, fmt.Errorf("--output %s: %w: name it with --format", file, err)
		}
		out = append(out, sink{f, file})
	}
	if len(left) == 0 && len(o.formats) == 0 {
		left = []string{report.Formats[0].Name}
	}
	if len(left) > 1 {
		return nil, fmt.Errorf("formats %s would all go to the standard output: give each an --output", strings.Join(left, ", "))
	}
	for _, name := range left {
		f, err := report.FormatNamed(name)
		if err != nil {
			return nil, err
		}
		out = append(out, sink{format: f})
	}
	return out, nil
}

type writers struct {
	p     *program
	sinks []sink
}

func (p *program) writers(o *outputs) (*writers, error) {
	sinks, err := o.sinks()
	if err != nil {
		return nil, &app.UsageError{Err: err}
	}
	return &writers{p, sinks}, nil
}

// write writes every report; one that fails does not keep the others from being written.
func (w *writers) write(r audit.Result, shown func(model.Finding) bool) error {
	var errs []error
	for _, s := range w.sinks {
		if s.file == "" {
			errs = append(errs, writeResult(s.format.New(w.p.stdout, w.p.style(w.p.stdout)), r, shown))
			continue
		}
		errs = append(errs, replaceFile(s.file, func(out io.Writer) error {
			return writeResult(s.format.New(out, report.Style{Verbose: w.p.verbose}), r, shown)
		}))
	}
	return errors.Join(errs...)
}

// replaceFile writes beside the file and renames, so that nobody ever reads half a report.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	out := bufio.NewWriter(f)
	if err := errors.Join(write(out), out.Flush(), f.Chmod(0o644), f.Close()); err != nil { //nolint:gosec // a report is for sharing
		return err
	}
	return os.Rename(f.Name(), path)
}
