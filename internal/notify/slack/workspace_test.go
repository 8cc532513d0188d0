package slack_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"cairn.example/internal/channeltest"
	"cairn.example/internal/notify"
	"cairn.example/internal/notify/slack"
)

const (
	token     = "xoxb-111-222-abcDEF"
	hook      = "/services/T00000000/B00000000/aVerySecretPart"
	channelID = "C0SECURITY"
)

// workspace is a Slack workspace with one channel, #security: it takes what Slack takes and shows what Slack shows.
type workspace struct {
	t        *testing.T
	mu       sync.Mutex
	messages []*message
	sent     []string // all bodies
	fails    []string // what the next answers of the Web API say
	hook     []string // what the next answers of the webhook are: a status and a text
}

type message struct {
	ts, text, parent string
	broadcast        bool
}

// start starts a workspace and gives the far end of a kind of channel.
func start(t *testing.T, kind notify.Kind) (*workspace, *channeltest.Far) {
	t.Helper()
	w := &workspace{t: t}
	server := channeltest.Serve(t, w)
	far := &channeltest.Far{Env: server.Env(), Shown: w.shown, Break: server.Break, Requests: server.Requests}
	if kind.Name == "slack" {
		far.Settings, far.Secrets = channeltest.Settings("webhook", server.URL+hook), []string{hook, "aVerySecretPart"}
		return w, far
	}
	far.Settings, far.Secrets = channeltest.Settings("token", token, "channel", "security", "api", server.URL+"/api"), []string{token}
	far.Break = func(f channeltest.Fault) bool {
		names := map[channeltest.Fault]string{channeltest.Refusing: "invalid_blocks", channeltest.Forbidden: "token_revoked"}
		if name := names[f]; name != "" {
			w.fail(name)
			return true
		}
		return server.Break(f)
	}
	return w, far
}

func (w *workspace) fail(names ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails = append(w.fails, names...)
}

func (w *workspace) shown() []channeltest.Shown {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []channeltest.Shown
	for _, m := range w.messages {
		if m.parent == "" {
			out = append(out, channeltest.Shown{Text: m.text, Open: !strings.HasPrefix(m.text, "RESOLVED")})
		}
	}
	return out
}

func (w *workspace) replies() []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []message
	for _, m := range w.messages {
		if m.parent != "" {
			out = append(out, *m)
		}
	}
	return out
}

func (w *workspace) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if got := r.Header.Get("Content-Type"); err != nil || r.Method != http.MethodPost || got != "application/json; charset=utf-8" {
		w.t.Errorf("%s with content type %q: %v", r.Method, got, err)
	}
	w.sent = append(w.sent, string(body))
	if r.URL.Path == hook && len(w.hook) > 0 {
		status, text := 0, ""
		_, _ = fmt.Sscan(w.hook[0], &status, &text)
		w.hook = w.hook[1:]
		http.Error(out, text, status)
		return
	}
	if r.URL.Path == hook {
		w.messages = append(w.messages, &message{text: w.read(body, "text", "blocks", "attachments", "unfurl_links", "unfurl_media")})
		fmt.Fprint(out, "ok")
		return
	}
	answer := w.method(r, body)
	if err := json.NewEncoder(out).Encode(answer); err != nil {
		w.t.Error(err)
	}
}

// method is the Web API, which answers 200 to almost everything.
func (w *workspace) method(r *http.Request, body []byte) map[string]any {
	fail := func(name string) map[string]any { return map[string]any{"ok": false, "error": name} }
	if r.Header.Get("Authorization") != "Bearer "+token {
		return fail("invalid_auth")
	}
	if len(w.fails) > 0 {
		name := w.fails[0]
		w.fails = w.fails[1:]
		if name != "" {
			return fail(name)
		}
	}
	var to struct {
		Channel   string `json:"channel"`
		TS        string `json:"ts"`
		Thread    string `json:"thread_ts"`
		Broadcast bool   `json:"reply_broadcast"`
	}
	if err := json.Unmarshal(body, &to); err != nil {
		return fail("invalid_json")
	}
	has := func(ts string) int {
		return slices.IndexFunc(w.messages, func(m *message) bool { return m.ts == ts && m.parent == "" })
	}
	switch r.URL.Path {
	case "/api/chat.postMessage":
		if to.Channel != "security" && to.Channel != channelID || to.Thread != "" && has(to.Thread) < 0 {
			return fail("channel_not_found")
		}
		m := &message{ts: fmt.Sprintf("1795340467.%06d", len(w.messages)+1), parent: to.Thread, broadcast: to.Broadcast}
		m.text = w.read(body, "channel", "thread_ts", "reply_broadcast", "text", "blocks", "attachments", "unfurl_links", "unfurl_media")
		w.messages = append(w.messages, m)
		return map[string]any{"ok": true, "channel": channelID, "ts": m.ts}
	case "/api/chat.update": // takes only an id
		text, i := w.read(body, "channel", "ts", "text", "blocks", "attachments", "unfurl_links", "unfurl_media"), has(to.TS)
		switch {
		case to.Channel != channelID:
			return fail("channel_not_found")
		case i < 0:
			return fail("message_not_found")
		}
		w.messages[i].text = text
		return map[string]any{"ok": true, "channel": channelID, "ts": to.TS}
	}
	return fail("unknown_method")
}

// read checks a message as Slack does, and gives what a person sees of it.
func (w *workspace) read(body []byte, keys ...string) string {
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		w.t.Fatalf("no JSON: %v", err)
	}
	w.keys("message", m, keys...)
	if fallback := w.escaped(m["text"]); fallback == "" || len(fallback) > 4000 {
		w.t.Errorf("the text for notifications has %d bytes", len(fallback))
	}
	blocks, _ := m["blocks"].([]any)
	attachments, ok := m["attachments"].([]any)
	if !ok || len(blocks) == 0 {
		w.t.Error("without blocks, or with attachments that an update would leave as they were")
	}
	text := w.blocks(blocks)
	for _, a := range attachments {
		a, _ := a.(map[string]any)
		w.keys("attachment", a, "color", "fallback", "blocks")
		if color, _ := a["color"].(string); !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(color) {
			w.t.Errorf("colour %q", color)
		}
		inner, _ := a["blocks"].([]any)
		blocks = append(blocks, inner...)
		text += w.blocks(inner)
	}
	if ascii, err := json.Marshal(blocks); err != nil || len(blocks) > 50 || len(ascii) > 13_000 {
		w.t.Errorf("%d blocks of %d bytes: %v", len(blocks), len(ascii), err)
	}
	return text
}

func (w *workspace) keys(what string, m map[string]any, allowed ...string) {
	for key := range m {
		if !slices.Contains(allowed, key) {
			w.t.Errorf("Slack knows no %s of a %s", key, what)
		}
	}
}

// escaped is a text object's text as Slack shows it.
func (w *workspace) escaped(v any) string {
	text, _ := v.(string)
	if strings.ContainsAny(text, "<>") || regexp.MustCompile(`&(amp;|lt;|gt;)?`).ReplaceAllStringFunc(text, func(e string) string { return e[1:] }) != strings.ReplaceAll(text, "&", "") {
		w.t.Errorf("active markup: %q", text)
	}
	if regexp.MustCompile(`&($|[^alg]|a[^m]|l[^t]|g[^t])`).MatchString(text) {
		w.t.Errorf("an & that is not escaped: %q", text)
	}
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(text)
}

func (w *workspace) blocks(all []any) string {
	var b strings.Builder
	for _, one := range all {
		one, _ := one.(map[string]any)
		switch one["type"] {
		case "header":
			w.keys("header", one, "type", "text")
			b.WriteString(w.object(one["text"], 150) + "\n\n")
		case "context":
			w.keys("context", one, "type", "elements")
			elements, _ := one["elements"].([]any)
			if len(elements) < 1 || len(elements) > 10 {
				w.t.Errorf("%d elements of a context", len(elements))
			}
			for _, e := range elements {
				b.WriteString("| " + w.object(e, 3000) + "\n")
			}
		case "rich_text":
			w.keys("rich_text", one, "type", "elements")
			elements, _ := one["elements"].([]any)
			for _, e := range elements {
				b.WriteString(w.rich(e))
			}
		default:
			w.t.Errorf("a block of type %v", one["type"])
		}
	}
	return b.String()
}

func (w *workspace) object(v any, most int) string {
	o, _ := v.(map[string]any)
	w.keys("text object", o, "type", "text", "emoji")
	if raw, _ := o["text"].(string); o["type"] != "plain_text" || o["emoji"] != false || raw == "" || len([]rune(raw)) > most {
		w.t.Errorf("text object %v", o)
	}
	return w.escaped(o["text"])
}

// rich is an element of rich text. Only texts and links are in it: everything else would be somebody's mention.
func (w *workspace) rich(v any) string {
	e, _ := v.(map[string]any)
	if e["type"] != "rich_text_section" && e["type"] != "rich_text_preformatted" {
		w.t.Errorf("rich text of type %v", e["type"])
	}
	w.keys("rich text element", e, "type", "elements", "border")
	inner, _ := e["elements"].([]any)
	if len(inner) == 0 {
		w.t.Error("rich text without elements")
	}
	var b strings.Builder
	for _, one := range inner {
		one, _ := one.(map[string]any)
		text, _ := one["text"].(string)
		w.keys("rich text", one, "type", "text", "url", "style")
		switch url, _ := one["url"].(string); one["type"] {
		case "text":
			b.WriteString(text)
		case "link":
			if !regexp.MustCompile(`^https://[a-z0-9-]+\.console\.aws\.amazon\.com/[^\s<>"]+$`).MatchString(url) {
				w.t.Errorf("a link to %q", url)
			}
			b.WriteString("[" + text + "](" + url + ")")
		default:
			w.t.Errorf("an element of type %v", one["type"])
		}
		if text == "" || len([]rune(text)) > 3000 {
			w.t.Errorf("a text of %d characters", len([]rune(text)))
		}
	}
	if e["type"] == "rich_text_preformatted" {
		return "```\n" + b.String() + "\n```\n"
	}
	return b.String() + "\n"
}

func TestLend(t *testing.T) {
	channeltest.Lend(t, map[string]func(*testing.T) *channeltest.Far{
		"slack": func(t *testing.T) *channeltest.Far {
			t.Helper()
			_, far := start(t, slack.Kind)
			return far
		},
		"slack-bot": func(t *testing.T) *channeltest.Far {
			t.Helper()
			_, far := start(t, slack.BotKind)
			return far
		},
	})
}
