package config_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/config"
	"cairn.example/internal/notify"
)

// kinds are enough kinds of channels: secrets, defaults, a list, a list of secrets, a switch, and checks of both manners,
// those that repeat what they are given and those that do not.
var kinds = notify.Kinds{
	{Name: "slack", Settings: []notify.Setting{
		{Name: "webhook", Secret: true, Required: true, Help: "the incoming webhook's address", Check: prefixed("https://")},
	}},
	{Name: "pagerduty", Settings: []notify.Setting{
		{Name: "routingKey", Secret: true, Required: true, Check: func(key string) error {
			if len(key) != 32 {
				return fmt.Errorf("an integration key has 32 characters, this one has %d", len(key))
			}
			return nil
		}},
		{Name: "url", Default: "https://events.pagerduty.com", Check: prefixed("https://")},
	}},
	{Name: "servicenow", Settings: []notify.Setting{
		{Name: "instance", Required: true, Help: "acme of acme.service-now.com"},
		{Name: "user", Required: true},
		{Name: "password", Secret: true, Required: true},
		{Name: "impact", Values: []string{"1", "2", "3"}, Default: "2"},
		{Name: "close", Values: []string{"true", "false"}},
	}},
	{Name: "email", Settings: []notify.Setting{
		{Name: "to", List: true, Required: true, Check: func(address string) error {
			if !strings.Contains(address, "@") {
				return errors.New("want an address of mail")
			}
			return nil
		}},
		{Name: "keys", List: true, Secret: true},
	}},
}

// prefixed is a check whose error repeats the value, as url.Parse does.
func prefixed(with string) func(string) error {
	return func(text string) error {
		if !strings.HasPrefix(text, with) || strings.Contains(text, " ") {
			return fmt.Errorf("%q is no address: want one that begins with %s", text, with)
		}
		return nil
	}
}

// far is what sources name. Its secrets are only what a test may look for in what is said.
type far struct {
	env, files, secrets map[string]string
}

func (f far) Env(name string) (string, bool) {
	text, ok := f.env[name]
	return text, ok
}

func (f far) File(path string) ([]byte, error) {
	if text, ok := f.files[path]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func (f far) Secret(_ context.Context, name string) (string, error) {
	if text, ok := f.secrets[name]; ok {
		return text, nil
	}
	return "", errors.New("GetSecretValue: ResourceNotFoundException")
}

const (
	hidden = "S3CR3T"
	key32  = hidden + "78901234567890123456789012"
)

func channel(t *testing.T, text string) config.Channel {
	t.Helper()
	cfg, err := config.Parse("etc/cairn.yaml", []byte("notify: {channels: {c: "+text+"}}"), known)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Notify.Channels["c"]
}

func TestResolve(t *testing.T) {
	from := far{
		env:   map[string]string{"KEY": key32, "TO": "a@example.com", "USER": "cairn"},
		files: map[string]string{"etc/webhook": "https://" + hidden + "\r\n", "/run/key": key32 + "\n", "/run/inner": "\n a\nb\n\n"},
		secrets: map[string]string{
			"cairn/plain": " " + hidden + "\n", "cairn/servicenow": `{"password": "` + hidden + `\n", "n": 1}`,
			"arn:aws:secretsmanager:eu-west-1:111122223333:secret:cairn/x-AbCdEf": hidden,
		},
	}
	for text, want := range map[string]notify.Settings{
		"{type: slack, webhook: {file: webhook}}":         {"webhook": {"https://" + hidden}},
		"{type: pagerduty, routingKey: {file: /run/key}}": {"routingKey": {key32}, "url": {"https://events.pagerduty.com"}},
		"{type: pagerduty, routingKey: {env: KEY}, url: 'https://events.eu.pagerduty.com'}": {
			"routingKey": {key32}, "url": {"https://events.eu.pagerduty.com"},
		},
		"{type: servicenow, instance: acme, user: {env: USER}, password: {awsSecret: cairn/plain}, close: true, impact: 3}": {
			"instance": {"acme"}, "user": {"cairn"}, "password": {" " + hidden + "\n"}, "close": {"true"}, "impact": {"3"},
		},
		"{type: servicenow, instance: '1984', user: {file: /run/inner}, password: {awsSecret: 'cairn/servicenow#password'}}": {
			"instance": {"1984"}, "user": {"\n a\nb"}, "password": {hidden + "\n"}, "impact": {"2"},
		},
		"{type: email, to: [b@example.com, {env: TO}], keys: [{env: KEY}, {awsSecret: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:cairn/x-AbCdEf'}]}": {
			"to": {"b@example.com", "a@example.com"}, "keys": {key32, hidden},
		},
	} {
		got, err := channel(t, text).Resolve(t.Context(), from)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// What cannot be resolved is named with its channel and its setting, all at once, and the value never.
func TestResolveNamesWhatIsWrong(t *testing.T) {
	from := far{
		env:   map[string]string{"EMPTY": "", "SHORT": hidden, "WORD": "key", "HTTP": "http://" + hidden, "QUOTED": "http://" + hidden + "\"\n"},
		files: map[string]string{"/run/blank": " \n"},
		secrets: map[string]string{
			"no-json": hidden, "json": `{"other": "` + hidden + `", "n": 7, "empty": ""}`, "cut": `{"password": "` + hidden,
		},
	}
	for text, want := range map[string]string{
		"{type: slack, webhook: {env: NONE}}":                                               "webhook: the environment variable NONE is not set",
		"{type: slack, webhook: {env: EMPTY}}":                                              "webhook: the environment variable EMPTY is empty",
		"{type: slack, webhook: {file: /run/blank}}":                                        "webhook: the file /run/blank is empty",
		"{type: slack, webhook: {file: sub/none}}":                                          "webhook: read the file sub/none: open etc/sub/none: file does not exist",
		"{type: slack, webhook: {awsSecret: x}}":                                            "webhook: read the secret x: GetSecretValue: ResourceNotFoundException",
		"{type: slack, webhook: {env: HTTP}}":                                               "webhook: what the environment variable HTTP holds is not taken: want the incoming webhook's address",
		"{type: slack, webhook: {env: QUOTED}}":                                             "webhook: what the environment variable QUOTED holds is not taken: want the incoming webhook's address",
		"{type: pagerduty, routingKey: {env: WORD}}":                                        "routingKey: what the environment variable WORD holds is not taken: want something else",
		"{type: pagerduty, routingKey: {env: SHORT}}":                                       "routingKey: what the environment variable SHORT holds is not taken: an integration key has 32 characters, this one has 6",
		"{type: email, to: [a@b], keys: [{env: EMPTY}]}":                                    "keys: the environment variable EMPTY is empty",
		"{type: servicenow, instance: a, user: b, password: {awsSecret: no-json#password}}": "password: the secret no-json#password is no JSON object: leave out #password, or keep it as one",
		"{type: servicenow, instance: a, user: b, password: {awsSecret: cut#password}}":     "password: the secret cut#password is no JSON object: leave out #password, or keep it as one",
		"{type: servicenow, instance: a, user: b, password: {awsSecret: json#password}}":    "password: the secret json#password is a JSON object without the key password",
		"{type: servicenow, instance: a, user: b, password: {awsSecret: json#n}}":           "password: the secret json#n is a JSON object whose n is no text",
		"{type: servicenow, instance: a, user: b, password: {awsSecret: json#empty}}":       "password: the secret json#empty is empty",
		"{type: servicenow, instance: {env: EMPTY}, user: b, password: {env: SHORT}, impact: {env: SHORT}}": "instance: the environment variable EMPTY is empty\n" +
			"notify.channels.c.impact: what the environment variable SHORT holds is not taken: want 1, 2 or 3",
	} {
		got, err := channel(t, text).Resolve(t.Context(), from)
		if got != nil || err == nil {
			t.Errorf("%s: resolved %v, %v", text, got, err)
			continue
		}
		if err.Error() != "notify.channels.c."+want {
			t.Errorf("%s:\ngot  %v\nwant notify.channels.c.%s", text, err, want)
		}
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("%s: the error tells the secret: %v", text, err)
		}
	}
}

// A secret that is written into the file, wherever a person may put it, is refused and not repeated.
func TestPlainSecretsAreNotRepeated(t *testing.T) {
	for _, text := range []string{
		"{type: slack, webhook: S3CR3T}", "{type: slack, webhook: 'https://S3CR3T'}", "{type: slack, webhook: [S3CR3T]}",
		"{type: slack, webhook: {S3CR3T: x}}", "{type: slack, webhook: {S3CR3T: x, S3CR3T: y}}", "{type: slack, webhook: {envv: S3CR3T}}",
		"{type: slack, webhook: {env: 'https://S3CR3T'}}", "{type: slack, webhook: {env: [S3CR3T]}}", "{type: slack, webhook: {env: {S3CR3T: x}}}",
		"{type: slack, webhook: {env: A, file: S3CR3T}}", "{type: slack, webhook: {awsSecret: 'not a name S3CR3T'}}",
		"{type: slack, webhook: !!str S3CR3T}", "{type: slack, webhook: &S3CR3T x}", "{type: slack, webhook: *S3CR3T}",
		"{type: slack, webhok: S3CR3T}", "{type: slak, webhook: S3CR3T}", "{type: email, to: [a@b], keys: S3CR3T}",
		"{type: email, to: [a@b], keys: [S3CR3T, {env: A}]}", "S3CR3T", "[S3CR3T]",
		"\n    type: slack\n    webhook: |\n      S3CR3T\n", "\n    type: slack\n    webhook: S3CR3T\n      S3CR3T: S3CR3T\n",
		"{type: slack, webhook: S3CR3T: x: y}", "{type: slack, webhook: \"S3CR3T}", "{type: slack, webhook: @S3CR3T}", "{type: slack, webhook: {env: S3CR3T",
		"{type: servicenow, instance: a, user: b, password: 0x53}", "{type: servicenow, instance: a, user: b, password: true}",
	} {
		cfg, err := config.Parse("f", []byte("notify:\n  channels:\n    c: "+text), known)
		if err == nil {
			t.Errorf("%s: taken as\n%s", text, cfg)
			continue
		}
		for _, said := range []string{hidden, "0x53"} {
			if strings.Contains(err.Error(), said) {
				t.Errorf("%s: the error tells the secret: %v", text, err)
			}
		}
	}
}

// FuzzPlainSecret holds that no way to spell a text makes a secret of it, nor an error tell it.
func FuzzPlainSecret(f *testing.F) {
	for _, text := range []string{"", "x", "https://hooks.slack.com/services/T/B/x", "{env: A}", "\"\\\n\t", "#", "- a", "\x00\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := "notify: {channels: {c: {type: slack, webhook: " + strconv.Quote(hidden+text) + "}}}"
		_, err := config.Parse("f", []byte(file), known)
		if err == nil || strings.Contains(err.Error(), hidden) {
			t.Errorf("%s: %v", file, err)
		}
	})
}

// FuzzTexts holds that a text is taken as it is written, and printed so that it is taken as it was.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{"no", "null", "1984", "-", "a: b", "# x", "é\u2028", "\ufeffx", "\\[\"", "\t \n", "\x7f\u0085"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.TrimSpace(text) == "" {
			t.Skip() // files are UTF-8, and what is empty is refused
		}
		quoted := strconv.Quote(text)
		data := "exceptions: " + strconv.Quote(strings.ReplaceAll(text, "\x00", "0")) +
			"\nnotify: {channels: {c: {type: servicenow, instance: " + quoted + ", user: {file: a}, password: {awsSecret: a}}}, routes: [{channels: [c], tags: [" + quoted + "]}]}"
		for range 2 {
			cfg, err := config.Parse("f", []byte(data), known)
			if err != nil {
				t.Fatalf("%q: %v\n%s", text, err, data)
			}
			if got := cfg.Notify.Channels["c"].Values["instance"][0].Text; got != text || cfg.Notify.Routes[0].Tags[0] != text {
				t.Fatalf("%q is taken as %q and %q\n%s", text, got, cfg.Notify.Routes[0].Tags[0], data)
			}
			data = cfg.String()
		}
	})
}

// A channel is shown with what is written for it, whatever that leads to.
func TestStringShowsSources(t *testing.T) {
	text := "notify:\n  channels:\n    c: {type: \"slack\", webhook: {env: \"HOOK\"}}\n"
	cfg, err := config.Parse("f", []byte(text), known)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.Notify.Channels["c"].Resolve(t.Context(), far{env: map[string]string{"HOOK": "https://" + hidden}}); err != nil {
		t.Fatal(err)
	}
	if got := cfg.InForce().String(); strings.Contains(got, hidden) || !strings.Contains(got, "{env: \"HOOK\"}") {
		t.Errorf("shown as\n%s", got)
	}
}
