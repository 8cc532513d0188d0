package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The unit gives its process nothing that a watch does not need. systemd's own judgement is asked where systemd is.
func TestServiceIsHardened(t *testing.T) {
	unit := deployed(t, "systemd/cairn.service")
	for _, line := range []string{
		"DynamicUser=yes", "StateDirectory=cairn", "ProtectSystem=strict", "ProtectHome=yes", "NoNewPrivileges=yes", "CapabilityBoundingSet=",
		"Restart=on-failure", "TimeoutStopSec=60", "KillSignal=SIGTERM",
	} {
		if !slices.Contains(strings.Split(unit, "\n"), line) {
			t.Errorf("cairn.service does not say %s", line)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not there: the unit's syntax and exposure are not checked")
	}
	// The program is not installed where tests run, so another one stands in for it.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cairn.service")
	if err := os.WriteFile(file, []byte(strings.Replace(unit, "ExecStart=/usr/bin/cairn", "ExecStart="+self, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// A setting that systemd does not know is a warning to it, and a hole to us.
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", file).CombinedOutput(); err != nil || strings.Contains(string(out), file) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// It was 1.2 of 10 with systemd 252, most of it for the network that cairn needs.
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// The image's last stage is empty but for what is copied into it: no user but nobody, no shell that something could need.
func TestContainerHoldsTheProgramAlone(t *testing.T) {
	text := deployed(t, "container/Containerfile")
	stages := regexp.MustCompile(`(?m)^FROM `).Split(text, -1)
	last := stages[len(stages)-1]
	if !strings.HasPrefix(last, "scratch\n") {
		t.Errorf("the last stage is %.20q, want scratch", last)
	}
	for _, line := range []string{"USER 65532:65532", `ENTRYPOINT ["/usr/bin/cairn"]`} {
		if !slices.Contains(strings.Split(last, "\n"), line) {
			t.Errorf("the last stage does not say %s", line)
		}
	}
	if found := regexp.MustCompile(`(?m)^(RUN|SHELL|HEALTHCHECK|(CMD|ENTRYPOINT) [^\[]).*`).FindString(last); found != "" {
		t.Errorf("the last stage needs a shell: %s", found)
	}
	if !strings.Contains(text, "CGO_ENABLED=0 go build") {
		t.Error("the program is not built static")
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if version == nil || !strings.Contains(text, "FROM golang:"+string(version[1])+" ") {
		t.Errorf("the image is built with another Go than go.mod wants, %s", version)
	}
}

// What the texts call a file, a parameter or an output is one.
func TestPagesNameWhatIsThere(t *testing.T) {
	for _, page := range []string{"../../deploy/README.md", "../../docs/watch.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)[)#]`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: a link leads nowhere: %s", page, m[1])
			}
		}
		for _, command := range regexp.MustCompile(`--template-(?:body|file) (?:file://)?(\S+)((?:.*\\\n)*.*)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join("../..", command[1])); err != nil {
				t.Errorf("%s: there is no template %s", page, command[1])
				continue
			}
			known := members(t, readTemplate(t, filepath.Base(command[1]))["Parameters"])
			_, overrides, _ := strings.Cut(command[2], "--parameter-overrides")
			overrides, _, _ = strings.Cut(overrides, "#")
			chosen := slices.Concat(
				regexp.MustCompile(`\s(\w+)=`).FindAllStringSubmatch(overrides, -1),
				regexp.MustCompile(`ParameterKey=(\w+)`).FindAllStringSubmatch(command[2], -1),
			)
			for _, m := range chosen {
				if known[m[1]] == nil {
					t.Errorf("%s: %s has no parameter %s", page, command[1], m[1])
				}
			}
		}
	}
}
