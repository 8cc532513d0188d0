package collect_test

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// detour sends every request to the fake, whatever host it names, and counts.
type detour struct {
	to   *awsfake.Server
	sent atomic.Int32
}

func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	d.sent.Add(1)
	rec := &answer{header: http.Header{}}
	d.to.ServeHTTP(rec, r)
	return rec.response(r), nil
}

func TestClearTextGoesToThisMachineOnly(t *testing.T) {
	for _, c := range []struct {
		endpoint string
		insecure bool
		refused  bool
	}{
		{endpoint: "http://127.0.0.1:1"},
		{endpoint: "http://127.8.8.8:1"},
		{endpoint: "http://localhost:1"},
		{endpoint: "http://[::1]:1"},
		{endpoint: "https://aws.example"},
		{endpoint: "http://aws.example", refused: true},
		{endpoint: "http://192.0.2.1:4566", refused: true},
		{endpoint: "http://localhost.example", refused: true},
		{endpoint: "http://127.0.0.1.example", refused: true},
		{endpoint: "http://[::ffff:192.0.2.1]:1", refused: true},
		{endpoint: "http://0.0.0.0:1", refused: true},
		{endpoint: "http://aws.example", insecure: true},
	} {
		for _, role := range []string{"", "arn:aws:iam::" + number + ":role/cairn"} {
			server, _ := serve(t, small())
			d := &detour{to: server}
			cfg := config(t, c.endpoint)
			cfg.HTTPClient = &http.Client{Transport: d}
			settings := quick
			settings.Insecure = c.insecure
			_, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg, Role: role}}, options(settings, judged...))
			if (err != nil) != c.refused {
				t.Errorf("%s, role %q, insecure %t: %v", c.endpoint, role, c.insecure, err)
			}
			if sent := d.sent.Load(); (sent == 0) != c.refused {
				t.Errorf("%s, role %q, insecure %t: %d requests were sent", c.endpoint, role, c.insecure, sent)
			}
			if c.refused && !strings.Contains(err.Error(), "--insecure-endpoint") {
				t.Errorf("the error does not say what to do: %v", err)
			}
		}
	}
}

// A certificate that nobody trusts is as little trusted a moment later: each call is tried once, none counts as answered,
// and an object that was asked for so is not at fault.
func TestUntrustedCertificatesAreNotTriedAgain(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	o := options(quick)
	o.Progress = func(n int) { t.Errorf("%d requests count as answered", n) }
	at := collect.Target{Config: config(t, server.URL)}
	_, _, err := collect.NewBuckets(at, o).Get(t.Context(), "logs", "AWSLogs/1.json.gz")
	failed, ok := errors.AsType[*collect.CallError](err)
	if !ok || failed.Code() != "ConnectionError" || !failed.Temporary() || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an object of an untrusted endpoint: %v", err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for one call", n)
	}
	if _, err := collect.Collect(t.Context(), []collect.Target{at}, o); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an account behind an untrusted endpoint: %v", err)
	}
}

// environment is the configuration that the SDK makes of environment variables alone.
func environment(t *testing.T, vars map[string]string) aws.Config {
	t.Helper()
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, "/dev/null")
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for name, v := range vars {
		t.Setenv(name, v)
	}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestEndpointOfOneService(t *testing.T) {
	server, url := serve(t, small())
	d := &detour{to: server}
	cfg := environment(t, map[string]string{"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_CLOUDTRAIL": "http://192.0.2.1:4566"})
	cfg.HTTPClient = &http.Client{Transport: d}
	_, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(quick))
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("got %v", err)
	}
	for _, c := range server.Calls() {
		if c.Service == "cloudtrail" {
			t.Fatalf("%s was sent in the clear", c)
		}
	}
	other, second := serve(t, small())
	t.Setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", second)
	cfg, err = awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(quick)); err != nil {
		t.Error(err)
	}
	if got := ops(other.Calls()); got["DescribeTrails"] == 0 || got["GetCallerIdentity"] != 0 {
		t.Errorf("the service's own endpoint got %v", got)
	}
}

// Neither the mode nor the attempts of the SDK's environment reach a run.
func TestRetryEnvironmentIsIgnored(t *testing.T) {
	for _, vars := range []map[string]string{
		{"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "1"},
		{"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "9"},
		{"AWS_NEW_RETRIES_2026": "true"},
	} {
		server, url := serve(t, small(), awsfake.Fault{Match: awsfake.Call{Op: "GetEventSelectors", Trail: "b"}, Action: awsfake.Throttle()},
			awsfake.Fault{Match: awsfake.Call{Op: "GetTrailStatus", Trail: "b"}, Action: awsfake.Truncate()})
		cfg := environment(t, vars)
		cfg.BaseEndpoint = aws.String(url)
		s, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(quick, judged...))
		if err != nil {
			t.Fatal(err)
		}
		got := ops(server.Calls())
		if want := quick.Attempts + 1; got["GetEventSelectors"] != want || got["GetTrailStatus"] != want {
			t.Errorf("%v: %v, want %d of each", vars, got, want)
		}
		if diff := cmp.Diff([]string{"GetEventSelectors us-east-1 ThrottlingException", "GetTrailStatus us-east-1 BadAnswer"}, gapsOf(s.Accounts[0])); diff != "" {
			t.Errorf("%v: gaps (-want +got):\n%s", vars, diff)
		}
	}
}

func TestPartitions(t *testing.T) {
	for _, c := range []struct{ configured, asked, partition string }{
		{"", "us-east-1", "aws"},
		{"ap-south-1", "ap-south-1", "aws"},
		{"us-gov-west-1", "us-gov-west-1", "aws-us-gov"},
		{"cn-northwest-1", "cn-northwest-1", "aws-cn"},
	} {
		t.Run(c.configured, func(t *testing.T) {
			t.Parallel()
			server, url := serve(t, account(number, c.partition, coverage.DefaultRegions(c.partition)))
			cfg := config(t, url)
			cfg.Region = c.configured
			s, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(quick, judged...))
			if err != nil {
				t.Fatal(err)
			}
			a := s.Accounts[0]
			if a.Partition != c.partition || len(a.Gaps) > 0 || !slices.Equal(a.Regions.Items, slices.Sorted(slices.Values(coverage.DefaultRegions(c.partition)))) {
				t.Errorf("got partition %s, Regions %v, gaps %v", a.Partition, a.Regions.Items, a.Gaps)
			}
			for _, call := range server.Calls() {
				if coverage.PartitionOf(call.Region) != c.partition || call.Service == "sts" && call.Region != c.asked {
					t.Errorf("asked %s", call)
				}
			}
		})
	}
}

func TestPartitionComesFromTheCaller(t *testing.T) {
	arn := "arn:aws-us-gov:cloudtrail:us-gov-west-1:" + number + ":trail/a"
	_, url := serve(t, account(number, "aws-us-gov", []string{"us-gov-east-1", "us-gov-west-1"}).and(trails(trail(arn, true))))
	cfg := config(t, url)
	cfg.Region = "us-gov-east-1"
	s, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg}}, options(quick, judged...))
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Accounts[0]; a.Trail(arn) == nil || model.ARNPartition(a.Caller) != "aws-us-gov" {
		t.Errorf("got %+v", a)
	}
}
