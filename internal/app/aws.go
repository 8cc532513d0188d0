// Package app builds cairn's parts and runs them: where the commands of cmd/cairn meet the packages.
package app

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"cairn.example/internal/collect"
	"cairn.example/internal/live"
	"cairn.example/internal/rule"
)

// AWS is whose accounts to read: the flags of every command that reads AWS.
type AWS struct {
	Profile    string
	Roles      []string
	ExternalID string
	Insecure   bool
	AskMFA     bool // a person is there to be asked for a code
}

// NoCredentialsError says that nothing on this machine can sign a request, and what to do.
type NoCredentialsError struct {
	Profiles []string // that the shared files hold
	Watching bool     // Event history was wanted
	Cause    error
}

// Error is some lines that can be pasted.
func (e *NoCredentialsError) Error() string {
	profile := "NAME"
	if len(e.Profiles) > 0 {
		profile = e.Profiles[0]
	}
	lines := [][2]string{
		{"aws sso login --profile " + profile, foundProfiles(e.Profiles)},
		{"cairn policy", "the read-only policy that cairn needs"},
		{"cairn demo", "see it on an example organization, without credentials"},
	}
	if e.Watching {
		lines[1][0] += " --watch"
		lines[2][0] += " --watch"
		lines = append(lines, [2]string{"cairn watch --files AWSLogs/ --once", "read log files instead, without credentials"})
	}
	var b strings.Builder
	b.WriteString("no AWS credentials found (environment, shared files, SSO, container, instance)")
	for _, l := range lines {
		fmt.Fprintf(&b, "\n  %-36s %s", l[0], l[1])
	}
	return b.String()
}

func foundProfiles(names []string) string {
	if len(names) == 0 {
		return "no profiles found: aws configure sso makes one"
	}
	return "profiles found: " + strings.Join(names, ", ")
}

// Unwrap gives the SDK's own error.
func (e *NoCredentialsError) Unwrap() error { return e.Cause }

// targets are the accounts to read, and where the credentials for that were found.
type targets struct {
	list   []collect.Target
	source string
}

// targets finds credentials and turns the flags into accounts to read.
func (a AWS) targets(ctx context.Context) (targets, error) {
	cfg, err := a.load(ctx)
	if err != nil {
		return targets{}, err
	}
	found, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return targets{}, ctx.Err()
		}
		return targets{}, a.explain(err)
	}
	one := collect.Target{Config: cfg, RegionGuessed: !configuresRegion(cfg)}
	if len(a.Roles) == 0 {
		return targets{[]collect.Target{one}, sourceOf(found)}, nil
	}
	out := targets{source: sourceOf(found)}
	for _, role := range a.Roles {
		one.Role, one.ExternalID = role, a.ExternalID
		out.list = append(out.list, one)
	}
	return out, nil
}

// configuresRegion tells a Region that somebody chose from the default of load.
func configuresRegion(cfg aws.Config) bool {
	return slices.ContainsFunc(cfg.ConfigSources, func(source any) bool {
		switch s := source.(type) {
		case awsconfig.EnvConfig:
			return s.Region != ""
		case awsconfig.SharedConfig:
			return s.Region != ""
		}
		return false
	})
}

// instanceTimeout bounds the question for an instance's credentials: off AWS nobody answers it.
const instanceTimeout = time.Second

func (a AWS) load(ctx context.Context) (aws.Config, error) {
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithAppID(live.AppID),                  // cairn's own calls are known by it in the records
		awsconfig.WithDefaultRegion(collect.FirstRegion), // or a profile's role could not be assumed without one
		awsconfig.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) {
			o.Client = imds.New(imds.Options{
				Retryer:    aws.NopRetryer{},
				HTTPClient: awshttp.NewBuildableClient().WithTimeout(instanceTimeout),
			})
		}),
		awsconfig.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			o.TokenProvider = noMFA
			if a.AskMFA {
				o.TokenProvider = stscreds.StdinTokenProvider
			}
		}),
	}
	var roles roleEndpoint
	requests := []func(*middleware.Stack) error{roles.option} // of the clients that fetch credentials
	if !a.Insecure {
		requests = append(requests, collect.RefuseInsecure)
	}
	// What the SDK logs by itself, past -q and --debug, is about connections: what fails in the end is an error all the same.
	options = append(options, awsconfig.WithAPIOptions(requests), awsconfig.WithLogger(logging.Nop{}))
	if a.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(a.Profile))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", withProfiles(err))
	}
	cfg.APIOptions = nil // collect has its own
	return cfg, roles.set(cfg.BaseEndpoint)
}

func noMFA() (string, error) {
	return "", errors.New("the profile asks for an MFA code, and there is no terminal to ask at: run aws sts get-session-token first, or use a profile without MFA")
}

// withProfiles names the profiles there are when the one asked for is not among them.
func withProfiles(err error) error {
	e, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err)
	if !ok {
		return err
	}
	found := profiles()
	if meant := rule.Suggest(e.Profile, found); meant != "" {
		return fmt.Errorf("no profile %q%s", e.Profile, meant)
	}
	return fmt.Errorf("no profile %q; %s", e.Profile, foundProfiles(found))
}

// explain tells a machine without credentials from credentials that no longer work.
func (a AWS) explain(err error) error {
	for _, sign := range []string{"SSO session has expired", "token has expired", "refresh cached SSO token", "failed to read cached SSO token", "InvalidGrantException"} {
		if strings.Contains(err.Error(), sign) {
			return fmt.Errorf("%w: sign in again: aws sso login --profile %s", err, cmp.Or(a.Profile, os.Getenv("AWS_PROFILE"), "default"))
		}
	}
	if strings.Contains(err.Error(), "no EC2 IMDS role found") {
		return &NoCredentialsError{Profiles: profiles(), Cause: err}
	}
	return fmt.Errorf("get AWS credentials: %w", err)
}

var profileHeader = regexp.MustCompile(`^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]`)

// profiles lists the profiles of the shared files, sorted.
func profiles() []string {
	home, _ := os.UserHomeDir()
	var out []string
	for _, file := range []string{
		cmp.Or(os.Getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config")),
		cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")),
	} {
		out = append(out, profilesIn(file)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func profilesIn(file string) []string {
	f, err := os.Open(filepath.Clean(file)) //nolint:gosec // the user's own file, where the AWS CLI reads it too
	if err != nil {
		return nil // no such file: no profiles in it
	}
	defer f.Close() //nolint:errcheck // read only
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		m := profileHeader.FindStringSubmatch(lines.Text())
		if m != nil && !strings.HasPrefix(m[1], "sso-session") && !strings.HasPrefix(m[1], "services") {
			out = append(out, m[1])
		}
	}
	return out
}
