package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cairn.example/internal/app"
	"cairn.example/internal/audit"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/report"
	"cairn.example/rules/all"
)

// outputs are --format and --output: an output takes the format that its extension names, else the first one left; a
// format without an output goes to the standard output, and so does text where neither is given.
type outputs struct{ formats, files []string }

func (o *outputs) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.formats, "format", nil, "`format` of the report; repeatable (default text):"+formatHelp())
	c.Flags().StringArrayVarP(&o.files, "output", "o", nil, "write a report to a `file`, in the format that its extension names, else in that of --format; repeatable")
}

func formatHelp() string {
	var names, helps []string
	for _, f := range report.Formats {
		names, helps = append(names, f.Name), append(helps, f.Help)
	}
	return choices(names, helps)
}

// choices lists what a flag may be, one a line, with what each is.
func choices(names, helps []string) string {
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "\n  %-*s  %s", width, name, helps[i])
	}
	return b.String()
}

// sink is one report on its way to one place.
type sink struct {
	format report.Format
	file   string // "" is the standard output
}

func (s sink) stdout() bool { return s.file == "" }

func (o *outputs) sinks() ([]sink, error) {
	left := slices.Clone(o.formats)
	var out []sink
	for _, file := range o.files {
		f, err := report.FormatNamed(take(&left, file))
		if err != nil {
			return nil, fmt.Errorf("--output %s: %w: name it with --format", file, err)
		}
		if isStdout(file) {
			file = ""
		}
		out = append(out, sink{f, file})
	}
	if len(o.formats)+len(o.files) == 0 {
		left = []string{report.Formats[0].Name}
	}
	for _, name := range left {
		f, err := report.FormatNamed(name)
		if err != nil {
			return nil, err
		}
		out = append(out, sink{format: f})
	}
	return out, distinct(out)
}

// take is the format of a file: what its extension names, else the first of those left. Either is left no more.
func take(left *[]string, file string) string {
	named := strings.TrimPrefix(filepath.Ext(file), ".")
	if named == "txt" {
		named = report.Formats[0].Name
	}
	_, err := report.FormatNamed(named)
	i := slices.Index(*left, named)
	switch {
	case err != nil && len(*left) > 0:
		i, named = 0, (*left)[0]
	case isStdout(file):
		named = report.Formats[0].Name
	}
	if i >= 0 {
		*left = slices.Delete(*left, i, i+1)
	}
	return named
}

// distinct refuses two reports in one place.
func distinct(sinks []sink) error {
	places := map[string][]string{}
	for _, s := range sinks {
		places[s.file] = append(places[s.file], s.format.Name)
	}
	for file, formats := range places {
		if len(formats) > 1 {
			return fmt.Errorf("formats %s would all go to %s: give each an --output of its own",
				strings.Join(formats, ", "), cmp.Or(file, "the standard output"))
		}
	}
	return nil
}

func isStdout(file string) bool { return file == "-" || file == "/dev/stdout" }

type writers struct {
	p     *program
	sinks []sink
}

// writers refuses what cannot be written before anything is read.
func (p *program) writers(o *outputs) (*writers, error) {
	sinks, err := o.sinks()
	if err != nil {
		return nil, &app.UsageError{Err: err}
	}
	for _, s := range sinks {
		if err := writable(s.file); err != nil {
			return nil, err
		}
	}
	return &writers{p, sinks}, nil
}

// writable tells whether there is room for a file, so that nothing is read for nothing.
func writable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("write %s: that is a folder: name a file in it", file)
	}
	folder := filepath.Dir(file)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write %s: there is no folder %s: make it first (mkdir -p %s)", file, folder, remediate.Quote(folder))
	case err != nil:
		return fmt.Errorf("write %s: %w", file, err)
	case !info.IsDir():
		return fmt.Errorf("write %s: %s is no folder", file, folder)
	}
	return nil
}

// write writes every report; one that fails does not keep the others from being written.
func (w *writers) write(r audit.Result, shown func(model.Finding) bool) error {
	var errs []error
	for _, s := range w.sinks {
		errs = append(errs, w.p.writeTo(cmp.Or(s.file, "-"), func(out io.Writer) error {
			style := report.Style{Verbose: w.p.verbose}
			if s.stdout() {
				style = w.p.style(out)
			}
			style.Page = page
			return writeResult(s.format.New(out, style), r, shown)
		}))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	w.tell(r)
	return nil
}

// tell says what became of a run of which nothing was printed.
func (w *writers) tell(r audit.Result) {
	var files []string
	for _, s := range w.sinks {
		switch {
		case s.stdout():
			return
		case !special(s.file):
			files = append(files, s.file)
		}
	}
	if len(files) > 0 {
		w.p.note("%s: written to %s", report.Verdicts(r.Summary), strings.Join(files, ", "))
	}
}

// page is a rule's page as it stands in its folder.
func page(id string) string {
	r := all.Rules().Find(id)
	if r == nil {
		return ""
	}
	text, err := fs.ReadFile(r.Files, "page.md")
	if err != nil { // Validate sees to it in the tests: every rule has a page
		return ""
	}
	return string(text)
}

// writeTo writes to a place by its name: an output of the program's own, a file, or what is no file and is
// written directly, such as a pipe with a name.
func (p *program) writeTo(path string, write func(io.Writer) error) error {
	switch {
	case isStdout(path):
		return write(p.stdout)
	case path == "/dev/stderr":
		return write(p.stderr)
	case special(path):
		f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		return errors.Join(write(outlet{f}), f.Close())
	}
	return replaceFile(path, write)
}

// special tells what must not be renamed over: devices, pipes, and names of what is open already.
func special(path string) bool {
	if strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/") {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

// replaceFile writes beside the file and renames, so that nobody ever reads half a report. A file that is
// there keeps its mode, a link stays one.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	mode := os.FileMode(0o644)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
	}
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
	if err := errors.Join(write(out), out.Flush(), f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
