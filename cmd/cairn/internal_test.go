package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cairn.example/internal/golden"
	"cairn.example/rules/all"
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

// TestReadmeIsTrue keeps the first screen of the README what the demo prints, but for what ... leaves out, and its counts.
func TestReadmeIsTrue(t *testing.T) {
	const readme = "../../README.md"
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text := replaced(t, string(page), "$ make demo\n", excerpt(t, demo(t)))
	text = replaced(t, text, "$ ./cairn demo --watch\n", watchExcerpt(t, demo(t, "--watch")))
	const id = "c3a06f75bbd8f756"
	text = replaced(t, text, "$ ./cairn fix "+id+" --snapshot example/snapshot.json\n", exampleFix(t, id))
	golden.Keep(t, readme, counted(t, text))
}

// replaced puts what a command prints behind it, to the end of its block.
func replaced(t *testing.T, page, command, output string) string {
	t.Helper()
	const end = "\n```\n"
	before, shown, found := strings.Cut(page, command)
	_, after, closed := strings.Cut(shown, end)
	if !found || !closed {
		t.Fatalf("the README shows no %s", command)
	}
	return before + command + output + end + after
}

// demo is what the demo prints in a terminal of UTF-8.
func demo(t *testing.T, flags ...string) string {
	t.Helper()
	var out strings.Builder
	env := func(name string) string { return map[string]string{"LC_ALL": "C.UTF-8"}[name] }
	p := &program{stdout: &out, stderr: &strings.Builder{}, env: env, now: time.Now}
	if code := p.run(t.Context(), append([]string{"demo"}, flags...)); code != exitOK {
		t.Fatalf("exit %d: %s", code, p.stderr)
	}
	return out.String()
}

// exampleFix is what cairn fix prints of the saved example.
func exampleFix(t *testing.T, id string) string {
	t.Helper()
	example := t.TempDir()
	demo(t, "--save", example)
	var out strings.Builder
	p := &program{stdout: &out, stderr: &strings.Builder{}, env: os.Getenv, now: time.Now}
	if code := p.run(t.Context(), []string{"fix", id, "--snapshot", filepath.Join(example, "snapshot.json")}); code != exitOK {
		t.Fatalf("exit %d: %s", code, p.stderr)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// watchExcerpt is the worst event: what it was, who did it, what is lost, what repairs it; and the bar of the first gap that ended.
func watchExcerpt(t *testing.T, demo string) string {
	t.Helper()
	worst := regexp.MustCompile(`(?m)^\S+ \S+ EXTREME .*\n(?:  .*\n)*`).FindString(demo)
	part := func(key string) string {
		return regexp.MustCompile(`(?m)^  ` + key + ` .*\n(?: {5}.*\n)*`).FindString(worst)
	}
	title, _, _ := strings.Cut(worst, "\n  who ")
	bar := ""
	for _, b := range regexp.MustCompile(`(?m)^\d\d:\d\d \S+ \d\d:\d\d  .*\n(?:  .*\n)*`).FindAllString(demo, -1) {
		if bar == "" && !strings.Contains(b, "since") {
			bar = b
		}
	}
	parts := []string{title + "\n", part("who"), part("lost"), "...\n", part("fix"), "...\n", bar}
	if slices.Contains(parts, "") {
		t.Fatalf("the demo prints no such part: %q\n%s", parts, demo)
	}
	return strings.TrimSuffix(strings.Join(parts, ""), "\n")
}

// counted puts the numbers right that a new rule or a new state changes.
func counted(t *testing.T, page string) string {
	t.Helper()
	for before, n := range map[string]int{
		"| CloudTrail rules today | **": len(all.Rules()), "(docs/verdicts.md) shows ": len(golden.Glob(t, "../../rules/all/testdata/states/*.txtar")),
	} {
		number := regexp.MustCompile(regexp.QuoteMeta(before) + `\d+`)
		if !number.MatchString(page) {
			t.Fatalf("the README has no number behind %q", before)
		}
		page = number.ReplaceAllLiteralString(page, before+strconv.Itoa(n))
	}
	return page
}

// excerpt is the demo's answer, the first account, a failure and an unknown. Of the rules that are unknown alike it
// names one, so that the next rule leaves the page as it is.
func excerpt(t *testing.T, demo string) string {
	t.Helper()
	parts := strings.Split(demo, "\n\n")
	first := func(pattern string) string {
		i := slices.IndexFunc(parts, regexp.MustCompile(pattern).MatchString)
		if i < 0 {
			t.Fatalf("the demo prints no %s:\n%s", pattern, demo)
		}
		return parts[i]
	}
	unknown := regexp.MustCompile(`^(UNKNOWN +\S+,).*`).ReplaceAllString(first("^UNKNOWN "), "$1 ...")
	return parts[0] + "\n\n" + strings.Join([]string{first("^Account "), first(`^\S+ +CT-110 `), unknown}, "\n...\n")
}
