package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cairn.example/internal/app"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
)

// printFix writes a plan, or what takes it back: to the standard output, or each document to its file.
func (p *program) printFix(plan remediate.Plan, o fixing) error {
	lacking := o.from.Snapshot != "" && plan.Unasked(o.form)
	if o.undo {
		if len(plan.Refused) == 0 && len(plan.NoUndo) > 0 {
			return fmt.Errorf("the fix for %s cannot be taken back in full: %s", plan.Rule.ID, strings.Join(plan.NoUndo, "; "))
		}
		plan = remediate.Undo(plan)
	}
	files, err := remediate.Files(plan, o.form.Form)
	switch {
	case err != nil && lacking:
		return fmt.Errorf("%w; %s", err, collectAgain(o.from.Snapshot))
	case err != nil:
		return err
	}
	if o.form.Language == "" { // prose, written for pages: here nobody renders what is bold
		for i := range files {
			files[i].Body = bytes.ReplaceAll(files[i].Body, []byte("**"), nil)
		}
	}
	if o.folder != "" {
		return p.writeFix(files, o.folder)
	}
	for _, f := range files {
		if _, err := p.stdout.Write(f.Body); err != nil {
			return fmt.Errorf("write the fix for %s: %w", plan.Rule.ID, err)
		}
	}
	if len(files) > 1 {
		p.note("%d templates, one after the other: --output DIR writes each to its file and prints the commands to run", len(files))
	}
	return nil
}

// unasked is a fact that nobody asked AWS for.
func unasked(e model.Evidence) bool { return e.Value == nil && e.Origin.Unasked() }

// collectAgain says how a snapshot comes to hold all that a fix needs.
func collectAgain(snapshot string) string {
	if snapshot == app.Stdin {
		snapshot = "snapshot.json"
	}
	return "the snapshot was collected without it: collect it again, with the same --profile or --role:\n  cairn collect --for-fix -o " +
		remediate.Quote(snapshot)
}

// checkFolder refuses a folder that cannot be written to before anything is read.
func (o fixing) checkFolder() error {
	if o.folder == "" {
		return nil
	}
	switch info, err := os.Stat(o.folder); {
	case err != nil:
		return writable(filepath.Clean(o.folder)) // it is made
	case !info.IsDir():
		return &app.UsageError{Err: fmt.Errorf("--output %s is no folder: cairn fix writes files of its own into one", o.folder)}
	}
	return nil
}

// writeFix writes the documents and prints the commands that run them where they are.
func (p *program) writeFix(files []remediate.File, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a fix holds no secret
		return fmt.Errorf("write the fix: %w", err)
	}
	var names, runs []string
	for _, f := range files {
		name := filepath.Join(folder, f.Name)
		write := func(w io.Writer) error {
			_, err := w.Write(f.Body)
			return err
		}
		if err := p.writeTo(name, write); err != nil {
			return err
		}
		names, runs = append(names, name), append(runs, f.Run...)
	}
	p.note("written to %s", strings.Join(names, ", "))
	if len(runs) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(p.stdout, "cd %s\n%s\n", remediate.Quote(folder), strings.Join(runs, "\n"))
	return err
}
