// Command newrule starts a rule: its folder with a judgement to edit, a page and a case, and its place in the registry.
//
//	go run ./internal/newrule ct120-my-rule "What it promises, as a title"
//	go run ./internal/newrule -registry     only write rules/all/all.go again (go generate ./rules/all)
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	today := time.Now() //nolint:forbidigo // the edge: the day that goes on the new rule's card
	if err := run(os.Args[1:], today); err != nil {
		fmt.Fprintf(os.Stderr, "newrule: %v\n", err)
		os.Exit(1)
	}
}

var errUsage = errors.New(`want: go run ./internal/newrule ct120-my-rule "Title"`)

func run(args []string, today time.Time) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "-registry":
		return writeRegistry(root)
	case len(args) != 2:
		return errUsage
	}
	c, err := parse(args[0], args[1], today)
	if err != nil {
		return err
	}
	if err := c.write(root); err != nil {
		return err
	}
	if err := writeRegistry(root); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "wrote rules/%s and rules/all/all.go; adding what %s says to the states, tables and counts that hold every rule\n", c.Folder, c.ID)
	return update(root)
}

// moduleRoot is the folder of go.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above: run it in the repository")
		}
	}
}

// update has the tests write what they hold of every rule; those that hold nothing, such as the fault matrix, are left
// out. make update does the same for all tests there are.
func update(root string) error {
	cmd := exec.Command("go", "test", "./rules/all", "./cmd/cairn", "-run", "Cases|States|Page|Readme", "-update") //nolint:noctx // a tool at a terminal
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("update what the tests hold of every rule (make update): %w", err)
	}
	return nil
}
