package collect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
)

// buffer is a writer for several goroutines.
type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// Whatever fails, neither the log, nor the error, nor the snapshot tells a secret: those of the configuration, those
// that STS answers with, and what a request is signed with.
func TestSecretsAreToldToNobody(t *testing.T) {
	const key, secret, token, external = "AKIAPLANTEDKEY", "planted-secret", "planted-session-token", "planted-external-id"
	secrets := []string{key, secret, token, external, "awsfake-secret", "awsfake-token", "AWS4-HMAC-SHA256", "Signature=", "SecretAccessKey", "SessionToken"}
	role := "arn:aws:iam::" + number + ":role/cairn"
	for _, fault := range []awsfake.Action{
		awsfake.Delay(0), awsfake.Deny(), awsfake.Expired(), awsfake.Throttle(), awsfake.Truncate(), awsfake.Drop(), awsfake.EmptyObject(),
		awsfake.Null(), awsfake.UnrecognizedClient(),
		awsfake.Error("ValidationError", "1 validation error"), awsfake.Status(500),
	} {
		for _, op := range []string{"AssumeRole", "GetCallerIdentity", "DescribeTrails", "GetEventSelectors"} {
			_, url := serve(t, small(), awsfake.Fault{Match: awsfake.Call{Op: op}, Action: fault})
			cfg := config(t, url)
			cfg.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
			var log buffer
			o := options(quick, judged...)
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s, err := collect.Collect(t.Context(), []collect.Target{{Config: cfg, Role: role, ExternalID: external}}, o)
			raw, _ := json.Marshal(s) //nolint:errchkjson // null where there is an error
			said := log.String() + fmt.Sprint(err) + string(raw)
			if !strings.Contains(log.String(), "op=AssumeRole") {
				t.Fatalf("nothing was logged:\n%s", log.String())
			}
			for _, word := range secrets {
				if strings.Contains(said, word) {
					t.Errorf("%s under %q: %q was told:\n%s", op, fault, word, said)
				}
			}
		}
	}
}
