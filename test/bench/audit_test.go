package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn.example/internal/coverage"
	"cairn.example/rules/all"
)

// The promises for one account of 17 Regions and four trails. Requests: identity, the list of Regions, the
// trails of each Region, status and selectors of each trail; where delivery is looked at, one status more for
// each further Region of each multi-Region trail.
const (
	most          = 30 // requests, but for CT-011
	requests      = 2 + 17 + 2*4
	further       = 2 * 16
	mostLatencies = 4
	mostPeak      = 30 << 20 // bytes
)

// BenchmarkAudit runs ./cairn as a user does.
func BenchmarkAudit(b *testing.B) {
	cairn, url := build(b), start(b)
	for _, c := range []struct {
		name, rules string
		requests    int
	}{
		{"but-CT-011", rulesBut("CT-011"), requests},
		{"every-rule", rulesBut(""), requests + further},
	} {
		b.Run(c.name, func(b *testing.B) {
			var runs []usage
			for b.Loop() {
				u, made := run(b, cairn, url, c.rules)
				if made != c.requests {
					b.Fatalf("%d requests, want %d", made, c.requests)
				}
				runs = append(runs, u)
			}
			report(b, runs)
			b.ReportMetric(float64(c.requests), "requests")
		})
	}
	if requests > most || len(coverage.DefaultRegions("aws")) != 17 {
		b.Errorf("the account is not the one of the promise: %d requests", requests)
	}
}

// report gives the medians. The best run is held to the promise, since others share the machine.
func report(b *testing.B, runs []usage) {
	b.Helper()
	by := func(of func(usage) float64) []float64 {
		var out []float64
		for _, u := range runs {
			out = append(out, of(u))
		}
		slices.Sort(out)
		return out
	}
	waits := by(func(u usage) float64 { return float64(u.Wall) / float64(latency) })
	cpu := by(func(u usage) float64 { return u.CPU.Seconds() })
	peak := by(func(u usage) float64 { return float64(u.Peak) })
	b.ReportMetric(waits[len(waits)/2], "latencies")
	b.ReportMetric(cpu[len(cpu)/2]*1000, "cpu-ms")
	b.ReportMetric(peak[len(peak)/2]/(1<<20), "peak-MB")
	if waits[0] > mostLatencies {
		b.Errorf("%.1f latencies at best, want at most %d", waits[0], mostLatencies)
	}
	if peak[0] > mostPeak {
		b.Errorf("%.0f MB at best, want at most %d", peak[0]/(1<<20), mostPeak>>20)
	}
}

// build makes ./cairn as `make build` does, or takes the one that CAIRN_BIN names.
func build(b *testing.B) string {
	b.Helper()
	if bin := os.Getenv("CAIRN_BIN"); bin != "" {
		return bin
	}
	bin := filepath.Join(b.TempDir(), "cairn")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "../../cmd/cairn")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build cairn: %v\n%s", err, out)
	}
	return bin
}

// start starts AWS in another process.
func start(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0]) // not of the context, which ends before Cleanup
	cmd.Env = append(os.Environ(), role+"=serve")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	url, err := lines.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		said, _ := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil || !strings.Contains(string(said), ", 0 of them not told") {
			b.Errorf("the AWS of the benchmark: %s %v", said, err)
		}
	})
	return strings.TrimSpace(url)
}

func run(b *testing.B, cairn, url, rules string) (usage, int) {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	cmd := exec.CommandContext(b.Context(), os.Args[0], cairn, "audit", "--format", "json", "--rules", rules)
	cmd.Env = []string{
		role + "=measure", "AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	}
	cmd.ExtraFiles = []*os.File{w}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	_ = w.Close()
	if err != nil {
		b.Fatalf("%v\n%s", err, said.String())
	}
	var u usage
	var doc struct {
		Summary struct {
			Calls struct {
				Requests int `json:"requests"`
			} `json:"calls"`
		} `json:"summary"`
	}
	if err := json.NewDecoder(r).Decode(&u); err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || u.Code != 3 {
		b.Fatalf("exit %d: %v\n%s", u.Code, err, said.String())
	}
	return u, doc.Summary.Calls.Requests
}

func rulesBut(id string) string {
	var out []string
	for _, r := range all.Rules() {
		if r.ID != id {
			out = append(out, r.ID)
		}
	}
	return strings.Join(out, ",")
}
