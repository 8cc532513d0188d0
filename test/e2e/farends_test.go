//go:build e2e

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cairn.example/internal/channeltest"
	channels "cairn.example/internal/notify"
	"cairn.example/internal/notify/all"
)

// lender is the test binary of a package of channels, which lends the doubles of their far ends: those hold what they are
// sent to schema, limits, order and signature, and show what a person would see.
type lender struct {
	mu   sync.Mutex
	in   *json.Encoder
	out  *json.Decoder
	left io.Reader // what comes after the last answer
}

// lenders starts who lends the far ends of each kind. When the test ends, so do they, and what they did not like fails it.
func lenders(t *testing.T) map[string]*lender {
	t.Helper()
	packages := map[string][]string{
		"slack": {"slack", "slack-bot"}, "email": {"email"}, "pagerduty": {"pagerduty"}, "servicenow": {"servicenow", "servicenow-events"},
		"zendesk": {"zendesk"}, "webhook": {"webhook"},
	}
	dir := t.TempDir()
	build := []string{"test", "-c", "-o", dir + "/"}
	for name := range packages {
		build = append(build, "cairn.example/internal/notify/"+name)
	}
	if out, err := exec.CommandContext(t.Context(), "go", build...).CombinedOutput(); err != nil {
		t.Fatalf("go %q: %v\n%s", build, err, out)
	}
	lend := map[string]*lender{}
	for name, kinds := range packages {
		l := lends(t, filepath.Join(dir, name+".test"), filepath.Join("../../internal/notify", name))
		for _, kind := range kinds {
			lend[kind] = l
		}
	}
	return lend
}

func lends(t *testing.T, binary, dir string) *lender {
	t.Helper()
	cmd := exec.Command(binary, "-test.run=^TestLend$")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(base(), channeltest.Lending+"=1"), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &lender{in: json.NewEncoder(in), out: json.NewDecoder(out), left: out}
	t.Cleanup(func() {
		_ = in.Close()
		said, _ := io.ReadAll(io.MultiReader(l.out.Buffered(), l.left))
		if err := cmd.Wait(); err != nil {
			t.Errorf("the far end of %s: %v\n%s", path.Base(dir), err, said)
		}
	})
	return l
}

func (l *lender) ask(t *testing.T, asked channeltest.Asked) channeltest.Lent {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var lent channeltest.Lent
	if err := l.in.Encode(asked); err != nil {
		t.Fatal(err)
	}
	if err := l.out.Decode(&lent); err != nil {
		t.Fatalf("who lends far ends said no more: %v", err)
	}
	return lent
}

// borrow opens a far end of a kind.
func (l *lender) borrow(t *testing.T, kind string) (channels.Settings, func(*testing.T) []channeltest.Shown) {
	t.Helper()
	lent := l.ask(t, channeltest.Asked{Open: kind})
	return lent.Settings, func(t *testing.T) []channeltest.Shown {
		t.Helper()
		return l.ask(t, channeltest.Asked{Show: lent.Number}).Shown
	}
}

// ends are far ends of every kind, for one run of the program.
type ends struct {
	kinds []channels.Kind
	shown map[string]func(*testing.T) []channeltest.Shown
	yaml  []byte
	env   []string // the secrets
}

// everyKind opens a far end of each kind of channel. The phones are those of moto's SNS, one number for a run.
func everyKind(t *testing.T, lend map[string]*lender, number string) *ends {
	t.Helper()
	e := &ends{kinds: all.Kinds(), shown: map[string]func(*testing.T) []channeltest.Shown{}}
	var b bytes.Buffer
	b.WriteString("notify:\n  channels:\n")
	for _, kind := range e.kinds {
		settings := channels.Settings{"to": {number}}
		if kind.Name == "sms" {
			e.shown[kind.Name] = func(t *testing.T) []channeltest.Shown {
				t.Helper()
				return ringing(t, number)
			}
		} else {
			settings, e.shown[kind.Name] = lend[kind.Name].borrow(t, kind.Name)
		}
		fmt.Fprintf(&b, "    to-%s:\n      type: %[1]s\n", kind.Name)
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			if i := slices.IndexFunc(kind.Settings, func(s channels.Setting) bool { return s.Name == name }); i >= 0 { // else it is of another kind that has the same double
				b.WriteString("      " + name + ": " + e.written(t, kind, kind.Settings[i], settings[name]) + "\n")
			}
		}
	}
	b.WriteString("  routes:\n    - {rules: [CT-013], channels: [")
	for _, kind := range e.kinds {
		b.WriteString("to-" + kind.Name + ", ")
	}
	b.WriteString("]}\n")
	e.yaml = b.Bytes()
	return e
}

// written is a setting as cairn.yaml has it: a secret is in the environment. JSON is YAML.
func (e *ends) written(t *testing.T, kind channels.Kind, setting channels.Setting, values []string) string {
	t.Helper()
	switch {
	case setting.Secret:
		variable := strings.ToUpper(strings.ReplaceAll(kind.Name, "-", "_") + "_" + setting.Name)
		e.env = append(e.env, variable+"="+values[0])
		return "{env: " + variable + "}"
	case setting.List:
		return quoted(t, values)
	}
	return quoted(t, values[0])
}

// ringing is what a phone got. A message of an end says so.
func ringing(t *testing.T, number string) []channeltest.Shown {
	t.Helper()
	var out []channeltest.Shown
	for _, m := range phones(t) {
		if m.Number == number {
			out = append(out, channeltest.Shown{Text: m.Text, Open: !strings.HasPrefix(m.Text, "RESOLVED")})
		}
	}
	return out
}

// await waits until every far end shows what it should. Slack, which is the slowest, is asked first.
func (e *ends) await(t *testing.T, what string, good func([]channeltest.Shown) bool) {
	t.Helper()
	eventually(t, what, func() bool {
		return !slices.ContainsFunc(e.kinds, func(kind channels.Kind) bool { return !good(e.shown[kind.Name](t)) })
	})
}

// all is what all far ends show.
func (e *ends) all(t *testing.T) map[string][]channeltest.Shown {
	t.Helper()
	out := map[string][]channeltest.Shown{}
	for kind, shown := range e.shown {
		out[kind] = shown(t)
	}
	return out
}
