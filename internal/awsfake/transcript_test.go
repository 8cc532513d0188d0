package awsfake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/golden"
)

// A transcript is a fixture and a dialogue with it: each line after "> " is asked
// as a command of the AWS CLI, what follows is the answer on the wire.
func TestTranscripts(t *testing.T) {
	for c := range golden.Cases(t, "testdata/*.txtar") {
		t.Run(c.Name, func(t *testing.T) {
			got := replay(t, c.Archive)
			c.Files[1].Data = []byte(got)
			c.Keep(t)
		})
	}
}

func replay(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	if len(a.Files) != 2 || a.Files[0].Name != "aws.json" || a.Files[1].Name != "transcript" {
		t.Fatal("want the files aws.json and transcript")
	}
	s := serve(t, string(a.Files[0].Data))
	var got strings.Builder
	for line := range strings.Lines(string(a.Files[1].Data)) {
		command, asked := strings.CutPrefix(line, "> ")
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			got.WriteString(line)
		}
		if asked {
			fmt.Fprintf(&got, "> %s%s\n", command, ask(t, s, strings.TrimSpace(command)))
		}
	}
	return got.String()
}

func serve(t *testing.T, doc string) *awsfake.Server {
	t.Helper()
	f, err := awsfake.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return awsfake.New(f)
}

// ask sends a command's request to the handler and returns the answer: the body,
// or status and body of an error.
func ask(t *testing.T, h http.Handler, command string) string {
	t.Helper()
	k, err := awsfake.ParseKey(command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	key := "AKIAEXAMPLE"
	if k.Account != "" {
		m := regexp.MustCompile(`<AccessKeyId>(\w+)<`).FindStringSubmatch(ask(t, h,
			"sts assume-role --role-session-name s --role-arn arn:aws:iam::"+k.Account+":role/audit"))
		if m == nil {
			return "no role in " + k.Account
		}
		key = m[1]
	}
	if k.Region == "" {
		k.Region = "us-east-1"
	}
	r := wire(t, k)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/"+k.Region+"/"+k.Service+"/aws4_request, Signature=0")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body := strings.TrimPrefix(w.Body.String(), `<?xml version="1.0" encoding="UTF-8"?>`+"\n")
	if w.Code != http.StatusOK {
		return fmt.Sprintf("%d %s", w.Code, body)
	}
	return body
}

// shorthand reads lists of Key=Value,Key=Value.
func shorthand(values []string) []map[string]string {
	var out []map[string]string
	for _, v := range values {
		members := map[string]string{}
		for pair := range strings.SplitSeq(v, ",") {
			name, value, _ := strings.Cut(pair, "=")
			members[name] = value
		}
		out = append(out, members)
	}
	return out
}

func wire(t *testing.T, k awsfake.Key) *http.Request {
	t.Helper()
	input, form := map[string]any{}, url.Values{"Action": {k.Op}}
	for name, values := range k.Flags {
		member := regexp.MustCompile(`(^|-)[a-z]`).ReplaceAllStringFunc(strings.TrimPrefix(name, "no-"), func(s string) string {
			return strings.ToUpper(strings.TrimPrefix(s, "-"))
		})
		switch {
		case len(values) == 0:
			input[member] = !strings.HasPrefix(name, "no-")
			form.Set(member, fmt.Sprint(input[member]))
		case strings.HasSuffix(name, "-list") || strings.HasSuffix(name, "-contains"):
			input[member] = values
		case name == "lookup-attributes":
			input[member] = shorthand(values)
		default:
			input[member] = values[0]
			form.Set(member, values[0])
		}
	}
	if k.Service == "sts" || k.Service == "ec2" {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	path := "/"
	if k.Service == "account" {
		path += strings.ToLower(k.Op[:1]) + k.Op[1:]
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	if k.Service == "cloudtrail" {
		r.Header.Set("X-Amz-Target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."+k.Op)
	}
	return r
}
