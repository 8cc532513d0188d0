package app_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/app"
	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
)

const profiles = `
[profile base]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = planted-secret
region = us-east-1

[profile role]
role_arn = arn:aws:iam::222222222222:role/audit
source_profile = base
external_id = planted-external-id

[profile guarded]
role_arn = arn:aws:iam::222222222222:role/audit
source_profile = base
mfa_serial = arn:aws:iam::111122223333:mfa/planted-serial
`

// sandbox is a machine with these profiles and nothing else of AWS's.
func sandbox(t *testing.T, config string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", path)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func serve(t *testing.T) (*awsfake.Server, string) {
	t.Helper()
	told, err := awsfake.Parse([]byte(`{
		"sts get-caller-identity": {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/audit", "UserId": "AIDA"},
		"account list-regions --profile 222222222222": {"Regions": [{"RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]},
		"cloudtrail describe-trails --profile 222222222222": {"trailList": []}}`))
	if err != nil {
		t.Fatal(err)
	}
	server := awsfake.New(told)
	url, stop, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return server, url
}

func build(log *bytes.Buffer) *app.App {
	return &app.App{
		Now: time.Now, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Settings: collect.Settings{Attempts: 2, MaxBackoff: time.Millisecond, Timeout: 5 * time.Second, Rate: 1e6},
	}
}

// The SDK fetches a profile's credentials by itself, before anything of ours runs: a role's with a signed request.
func TestProfilesRoleIsNotAskedForInTheClear(t *testing.T) {
	server, url := serve(t)
	url = strings.Replace(url, "127.0.0.1", "0.0.0.0", 1) // gets there too, and is no loopback address
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"} {
		sandbox(t, profiles)
		t.Setenv(name, url)
		_, err := build(&bytes.Buffer{}).Collect(t.Context(), app.AWS{Profile: "role"}, nil)
		if err == nil || !strings.Contains(err.Error(), url) || !strings.Contains(err.Error(), "--insecure-endpoint") {
			t.Errorf("%s: got %v", name, err)
		}
		if calls := server.Calls(); len(calls) > 0 {
			t.Errorf("%s: sent %v", name, calls)
		}
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ENDPOINT_URL", url)
	if _, err := build(&bytes.Buffer{}).Collect(t.Context(), app.AWS{Profile: "role", Insecure: true}, nil); err != nil || len(server.Calls()) == 0 {
		t.Errorf("allowed, but %d calls, %v", len(server.Calls()), err)
	}
}

func TestProfilesRole(t *testing.T) {
	server, url := serve(t)
	sandbox(t, profiles)
	t.Setenv("AWS_ENDPOINT_URL", url)
	var log bytes.Buffer
	s, err := build(&log).Collect(t.Context(), app.AWS{Profile: "role"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Accounts[0]; a.ID != "222222222222" || len(a.Gaps) > 0 {
		t.Errorf("got account %s, gaps %v", a.ID, a.Gaps)
	}
	if calls := server.Calls(); len(calls) == 0 || calls[0].Op != "AssumeRole" {
		t.Errorf("AssumeRole was asked elsewhere: %v", calls)
	}
	for _, word := range []string{"planted", "AKIAEXAMPLE", "awsfake-token", "AWS4-HMAC"} {
		if strings.Contains(log.String(), word) {
			t.Errorf("%q is in the log:\n%s", word, log.String())
		}
	}
}

// Without a terminal nobody is asked for a code, and the serial number stays where it is.
func TestMFAWithoutTerminal(t *testing.T) {
	server, url := serve(t)
	sandbox(t, profiles)
	t.Setenv("AWS_ENDPOINT_URL", url)
	var log bytes.Buffer
	_, err := build(&log).Collect(t.Context(), app.AWS{Profile: "guarded"}, nil)
	if err == nil || !strings.Contains(err.Error(), "MFA code") {
		t.Fatalf("got %v", err)
	}
	if said := log.String() + err.Error(); strings.Contains(said, "planted") || len(server.Calls()) > 0 {
		t.Errorf("%d calls, and it says %s", len(server.Calls()), said)
	}
}

// Off AWS nobody answers at the instance's address, and it is not waited for until somebody does.
func TestNoCredentialsIsSaid(t *testing.T) {
	hang := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer silent.Close()
	defer close(hang)
	for name, vars := range map[string]map[string]string{
		"silent instance": {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": silent.URL},
		"no instance":     {},
		"nobody listens":  {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox(t, "[profile one]\n[sso-session two]\n[ profile three ]\n")
			for k, v := range vars {
				t.Setenv(k, v)
			}
			_, err := build(&bytes.Buffer{}).Collect(t.Context(), app.AWS{}, nil)
			if _, ok := errors.AsType[*app.NoCredentialsError](err); !ok {
				t.Fatalf("got %v", err)
			}
			for _, want := range []string{"aws sso login --profile one", "profiles found: one, three", "cairn policy", "cairn demo"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing from\n%v", want, err)
				}
			}
		})
	}
}
