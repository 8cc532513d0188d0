package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cairn": main})
}

// TestScripts runs cairn as a user does, in testdata/*.txtar. A script starts in an empty folder, with no
// setting of AWS's and none of this machine's; what it can do besides testscript's own commands is in
// scripts_internal_test.go. The accounts of testdata/accounts lie in every script's folder.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", Cmds: scriptCommands, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Values[stage{}] = &stage{}
			return os.CopyFS(env.WorkDir, os.DirFS("testdata/accounts"))
		},
	})
}

// TestLinkStaysALink: a report written through a link goes where the link points, with the mode that the file has.
func TestLinkStaysALink(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("report.json", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("report.json", "latest.json"); err != nil {
		t.Fatal(err)
	}
	p := &program{stdout: &strings.Builder{}, stderr: &strings.Builder{}, env: os.Getenv, now: time.Now}
	if code := p.run(t.Context(), []string{"demo", "--output", "latest.json"}); code != exitOK {
		t.Fatalf("exit %d: %s", code, p.stderr)
	}
	link, err := os.Readlink("latest.json")
	if err != nil {
		t.Errorf("the link was replaced: %v", err)
	}
	info, err := os.Stat(link)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() < 100 || info.Mode().Perm() != 0o600 {
		t.Errorf("%s has %d bytes and mode %s", link, info.Size(), info.Mode())
	}
}

// TestReadmeShowsTheDemo: what the first screen of the README shows is what the demo prints, but for what ... leaves out.
func TestReadmeShowsTheDemo(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(text), "$ make demo\n")
	shown, _, closed := strings.Cut(shown, "\n```\n")
	if !found || !closed {
		t.Fatal("the README shows no demo")
	}
	var out strings.Builder
	p := &program{stdout: &out, stderr: &strings.Builder{}, env: os.Getenv, now: time.Now}
	if code := p.run(t.Context(), []string{"demo"}); code != exitOK {
		t.Fatalf("exit %d: %s", code, p.stderr)
	}
	rest := "\n" + out.String()
	for i, part := range strings.Split(shown, "\n...\n") {
		before, after, ok := strings.Cut(rest, "\n"+part+"\n")
		if !ok || i == 0 && before != "" {
			t.Fatalf("the demo does not print, or not there:\n%s\nbut:\n%s", part, rest)
		}
		rest = "\n" + after
	}
}
